"""A recorded guest whose two CPUs ran at two speeds: what the former rule made of its rounds, and what the rule makes now.

``benchmarks/recorded/two_speeds.json.gz`` holds 120 cells of an artifact against itself, timed while the system placed the
workers: one side stays slow for runs of rounds while the other stays fast.
"""

from __future__ import annotations

import gzip
import json
import math
import random
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import Path
from statistics import median

import pytest

from harness.core.finding import Verdict
from harness.core.timing import Placing, Rounds
from harness.judge.latency import FAST_LEAST_PAIRS, MAX_PAIRS, look, ratio_evidence
from harness.meters.latency import LATER_ROUNDS
from harness.stats.intervals import median_interval

RECORDED = Path(__file__).resolve().parents[2] / "benchmarks/recorded/two_speeds.json.gz"
PASS, OVER, OPEN = Verdict.PASS, Verdict.OVER_BUDGET, Verdict.INCONCLUSIVE
TRIALS = 200


@cache
def recorded(runtime: str) -> tuple[tuple[Rounds, ...], ...]:
    """The pairs of processes of each cell of *runtime*."""
    cells = json.loads(gzip.decompress(RECORDED.read_bytes()))["cells"]
    return tuple(
        tuple(tuple((ours, theirs) for ours, theirs in rounds) for rounds in cell["pairs"])
        for cell in cells
        if cell["runtime"] == runtime
    )


def slowed(rounds: Rounds, slowdown: float) -> Rounds:
    """As if the candidate took *slowdown* times as long."""
    return tuple((slowdown * ours, theirs) for ours, theirs in rounds)


def former_verdict(pairs: list[Rounds], limit: float) -> Verdict:
    """Of one to three pairs, as it was before CPUs were chosen: a pass needed one pair, a fail two that agree."""
    verdict = OPEN
    for count in range(1, len(pairs) + 1):
        logs = [[math.log(ours / theirs) for ours, theirs in rounds] for rounds in pairs[:count]]
        low, high = map(math.exp, median_interval(list(chain(*logs)), 1 - 0.05 / 3))
        medians = [math.exp(median(values)) for values in logs]
        apart = max(medians) - min(medians) > abs(limit - 1) / 2
        if high <= limit:
            return PASS
        contradict = min(medians) <= limit < max(medians) and apart
        if not contradict and low > limit and sum(one > limit for one in medians) > 1:
            return OVER
    return verdict


def present_verdict(pairs: list[Rounds], limit: float) -> Verdict:
    """Of nine pairs, in which the system placed the workers; there is no verdict before the first look here."""
    for count in range(FAST_LEAST_PAIRS, MAX_PAIRS + 1):
        taken = look(ratio_evidence(pairs[:count], placing=Placing.FREE), limit)
        if taken.finished:
            return taken.verdict
    raise AssertionError("the last look must finish")


def trial(runtime: str, seed: int) -> list[Rounds]:
    """Nine of all recorded pairs of *runtime*, as long as pairs are now."""
    drawn = random.Random(seed).sample(list(chain(*recorded(runtime))), MAX_PAIRS)
    return [rounds if number < 2 else rounds[:LATER_ROUNDS] for number, rounds in enumerate(drawn)]


@pytest.mark.parametrize(
    ("runtime", "slowdown", "verdicts"),
    [
        pytest.param("onnxruntime", 1.0, {PASS: 56, OPEN: 4}, id="onnxruntime, the same"),
        pytest.param("litert", 1.0, {PASS: 56, OPEN: 4}, id="litert, the same"),
        pytest.param("onnxruntime", 1.1, {OPEN: 46, OVER: 14}, id="onnxruntime, 10 % slower"),
        pytest.param("litert", 1.1, {OPEN: 39, OVER: 18, PASS: 3}, id="litert, 10 % slower: 3 pass"),
        pytest.param("litert", 1.2, {OPEN: 40, OVER: 18, PASS: 2}, id="litert, 20 % slower: 2 pass"),
        pytest.param("litert", 1.3, {OPEN: 41, OVER: 18, PASS: 1}, id="litert, 30 % slower: 1 passes"),
    ],
)
def test_what_the_former_rule_made_of_the_recorded_cells(
    runtime: str, slowdown: float, verdicts: dict[Verdict, int]
) -> None:
    """Many stay open when slowed down because the rounds end where A/A was decided."""
    cells = [[slowed(rounds, slowdown) for rounds in pairs] for pairs in recorded(runtime)]

    assert Counter(former_verdict(pairs, 1.05) for pairs in cells) == verdicts


@cache
def verdicts_of_trials(runtime: str, slowdown: float, limit: float) -> tuple[Counter[Verdict], Counter[Verdict]]:
    """Of the former rule, which took the first three pairs, and of the present one."""
    trials = [[slowed(rounds, slowdown) for rounds in trial(runtime, seed)] for seed in range(TRIALS)]
    former = Counter(former_verdict(pairs[:3], limit) for pairs in trials)
    return former, Counter(present_verdict(pairs, limit) for pairs in trials)


@pytest.mark.parametrize("runtime", ["onnxruntime", "litert"])
@pytest.mark.parametrize(
    ("slowdown", "limit", "right", "least", "never"),
    [
        pytest.param(1.0, 1.05, PASS, 0.99, OVER, id="the same"),
        pytest.param(1.1, 1.05, OVER, 0.98, PASS, id="10 % slower"),
        pytest.param(1.2, 1.05, OVER, 0.98, PASS, id="20 % slower"),
        pytest.param(1.3, 1.05, OVER, 0.98, PASS, id="30 % slower"),
        pytest.param(1.05, 1.02, OVER, 0.90, PASS, id="5 % slower at 1.02 x"),
    ],
)
def test_the_former_rule_and_the_present_one_side_by_side(
    runtime: str, slowdown: float, limit: float, right: Verdict, least: float, never: Verdict
) -> None:
    former, present = verdicts_of_trials(runtime, slowdown, limit)

    assert present[right] >= least * TRIALS, f"of {TRIALS} trials: {dict(present)}"
    assert present[never] == 0, f"of {TRIALS} trials: {dict(present)}"
    assert former[right] < present[right], f"of {TRIALS} trials before: {dict(former)}"


@pytest.mark.parametrize(
    ("slowdown", "limit"),
    [
        pytest.param(1.1, 1.05, id="10 % slower"),
        pytest.param(1.2, 1.05, id="20 % slower"),
        pytest.param(1.05, 1.02, id="5 % slower at 1.02 x"),
    ],
)
def test_the_former_rule_let_slower_artifacts_pass(slowdown: float, limit: float) -> None:
    """What the present one is for: of the same trials it lets none pass."""
    former, present = verdicts_of_trials("litert", slowdown, limit)

    assert former[PASS] >= 5, f"of {TRIALS} trials before: {dict(former)}"
    assert present[PASS] == 0
