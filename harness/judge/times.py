"""Times against their budgets, in words."""

from __future__ import annotations

import numpy as np

from harness.core.finding import Rung, Verdict
from harness.core.limits import Limit
from harness.core.matrix import Case
from harness.core.metrics import Rule
from harness.core.noise import NoiseProfile
from harness.core.result import CellResult
from harness.core.timing import Timing
from harness.judge.judged import Judged, error
from harness.judge.latency import RatioEvidence, ratio_evidence, take_look
from harness.judge.words import say, say_interval
from harness.stats.proportion import proportion_interval

TAIL_CONFIDENCE = 0.95


def judge_time(
    case: Case, result: CellResult, limit: Limit | None, timing: Timing | None, noise: NoiseProfile | None
) -> Judged:
    """A latency, its ratio to the reference's, or a percentile of it."""
    metric = case.metric
    figure = result.measurements[metric.figure]
    if timing is None:
        return error("was not timed")
    other = timing.of_other()
    if metric.rule is Rule.RATIO and other is None:
        return error("was timed alone, without its reference")
    taken = take_look(metric, limit, timing, noise)
    if metric.rule is Rule.RATIO and other is not None:
        evidence = ratio_evidence(timing.pairs)
        ours, against = float(np.median(timing.epochs_ns)), float(np.median(other.epochs_ns))
        slower = evidence.interval[0] > 1
        return Judged(
            verdict=taken.verdict,
            sentence=f"takes {say_ratio(evidence, 'fp32')}; {say(ours, 'ns')} against {say(against, 'ns')})",
            why=taken.reason,
            value=evidence.ratio,
            interval=evidence.interval,
            n=evidence.rounds,
            reference=against,
            rung=Rung.REFERENCE_RATIO,
            notes=("changed",) if slower and taken.verdict is Verdict.PASS else (),
        )
    if metric.rule is Rule.TAIL:
        beyond = ""
        if limit is not None:
            exceeding = int(np.count_nonzero(timing.candidate_ns > limit.value))
            low, high = proportion_interval(exceeding, figure.n, TAIL_CONFIDENCE)
            beyond = f"; {exceeding} take longer than the limit, {say(low, 'fraction')} to {say(high, 'fraction')}"
        sentence = f"has a p{metric.percent:g} of {say(figure.value, 'ns')} (n = {figure.n}{beyond})"
        return Judged(
            verdict=taken.verdict,
            sentence=sentence,
            why=taken.reason,
            value=figure.value,
            n=figure.n,
            rung=Rung.ABSOLUTE,
        )
    shown = f" {say_interval(figure.interval, 'ns')}" if figure.interval is not None else ""
    rounds = sum(map(len, timing.pairs))
    return Judged(
        verdict=taken.verdict,
        sentence=f"takes {say(figure.value, 'ns')}{shown} ({rounds} rounds, {_processes(len(timing.pairs))})",
        why=taken.reason,
        value=figure.value,
        interval=figure.interval,
        n=figure.n,
        rung=Rung.ABSOLUTE,
    )


def say_ratio(evidence: RatioEvidence, than: str) -> str:
    """``1.12 x fp32 [1.09, 1.15] (42 rounds, 3 process pairs``: the bracket is left open for more."""
    low, high = evidence.interval
    pairs = f"{evidence.pairs} process pair{'s' if evidence.pairs > 1 else ''}"
    return f"{say(evidence.ratio, 'ratio')} {than} [{low:.3f}, {high:.3f}] ({evidence.rounds} rounds, {pairs}"


def _processes(count: int) -> str:
    return f"{count} process{'es' if count > 1 else ''}"
