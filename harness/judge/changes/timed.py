"""A time against its baseline, by the best rung there is (rules and figures: docs/statistics.md)."""

from __future__ import annotations

import math

from harness.core.baseline import BaselineFigure
from harness.core.finding import Rung, Verdict
from harness.core.matrix import Case
from harness.core.measurement import Interval, Measurement
from harness.core.noise import absolute_spread, ratio_spread
from harness.core.result import CellResult
from harness.core.timing import Timing
from harness.judge.changes.judgement import ChangeJudgement, Moved, regressed
from harness.judge.comparable import same_engine, why_other_cpu, why_other_machine
from harness.judge.judged import Judged, error
from harness.judge.latency import evidence_of, look_at_rounds, say_ratio, why_throttled
from harness.judge.starts import say_condition, why_other_condition
from harness.judge.words import say, say_interval


def is_same_artifact(result: CellResult, stored: BaselineFigure) -> bool:
    """Whether nothing that decides its times has changed: the artifact's bytes, the engine, how it is run."""
    artifact = result.artifact
    return (
        artifact is not None
        and artifact.sha256 == stored.artifact_sha256
        and same_engine(stored.environment, result.environment)
    )


def judge(moved: Moved) -> Judged:
    """How the time moved from its baseline.

    The rungs, the first that can be had: the same artifact on the same engine; the baseline's artifact timed in
    alternation in this run; the ratio to the reference against the stored ratio, on the same CPU; the absolute time, on
    the same hardware class when that was calibrated as quiet. Stored figures must be of the same condition. Else
    ``incomparable``.
    """
    result, stored, timed, noise, limit = moved.result, moved.stored, moved.timed, moved.noise, moved.case.change_limit
    if not (math.isfinite(stored.value) and stored.value > 0):
        return error(f"can't be compared: the baseline is {stored.value}")
    if is_same_artifact(result, stored):
        verdict = Verdict.PASS if limit is None or limit.value >= 1 else Verdict.REGRESSED  # it had to become faster
        return Judged(
            verdict=Verdict.REPORTED if limit is None else verdict,
            sentence="is the baseline's artifact, byte for byte, on the same version of the engine: 1 x",
            value=1.0,
            n=1,
            rung=Rung.SAME_ARTIFACT,
        )
    beside = timed.against_baseline.of(moved.case.metric.span) if timed.against_baseline is not None else None
    if beside is not None:
        return _paired(moved.case, beside)
    ratio = moved.change.ratio.name if moved.change.ratio is not None else ""
    now, before = result.measurements.get(ratio), moved.baseline.get(ratio)
    if now is not None and before is not None and 0 < before.value < math.inf:
        apart = why_other_cpu(before.environment, result.environment) or why_other_condition(
            before.condition, now.condition
        )
        if not apart:
            return _stored(moved, now, before, Rung.REFERENCE_RATIO, ratio_spread(noise))
    apart = why_other_machine(stored.environment, result.environment) or why_other_condition(
        stored.condition, moved.figure.condition
    )
    if not apart and (noise is None or not noise.quiet):
        apart = (
            "hardware: it was not calibrated as quiet, and times of other runs say little here (edge-harness calibrate)"
        )
    if apart:
        gone = f"; {timed.why_not_against_baseline}" if timed.why_not_against_baseline else ""
        sentence = f"can't be compared, incomparable({apart}){gone}"
        return Judged(verdict=Verdict.INCOMPARABLE, sentence=sentence, value=None, n=moved.figure.n)
    return _stored(moved, moved.figure, stored, Rung.ABSOLUTE, absolute_spread(noise))


def every_rung(moved: Moved) -> str:
    """Nothing stands against it beforehand: each rung has its own conditions."""
    return ""


def _paired(case: Case, timing: Timing) -> Judged:
    evidence, now = evidence_of(timing), look_at_rounds(timing, case.change_limit)
    interval = now.interval or evidence.interval
    return Judged(
        verdict=regressed(now.verdict),
        sentence=f"takes {say_ratio(now, evidence, 'the artifact of the baseline')}{say_condition(timing, both=True)})",
        why=now.reason,
        value=now.ratio or evidence.ratio,
        interval=interval,
        n=evidence.rounds,
        rung=Rung.PAIRED_ARTIFACT,
        notes=_notes(interval),
    )


def _stored(moved: Moved, now: Measurement, before: BaselineFigure, rung: Rung, spread: float) -> Judged:
    """Today's figure over a stored one: two runs, so that the *spread* between runs bounds what can be judged."""
    interval = _quotient(now, before)
    ratio = now.value / before.value
    limit = moved.case.change_limit.value if moved.case.change_limit else None
    verdict, why = Verdict.REPORTED, ""
    if limit is not None:
        why = why_throttled(moved.result.latency_context)
        verdict, why = (Verdict.INCONCLUSIVE, why) if why else _judge_stored(interval, limit, spread)
    condition = f"; {now.condition}" if now.condition else ""
    what = "ratio to fp32" if rung is Rung.REFERENCE_RATIO else "time"
    return Judged(
        verdict=verdict,
        sentence=(
            f"has a {what} of {say(now.value, now.unit)}, baseline {say(before.value, before.unit)}: "
            f"{say(ratio, 'ratio')} {say_interval(interval, 'ratio')} (n = {now.n}; {rung}{condition})"
        ),
        why=why,
        value=ratio,
        interval=interval,
        n=now.n,
        baseline=before.value,
        rung=rung,
        # What moves by less than runs differ by is no news.
        notes=_notes((interval[0] / spread, interval[1] * spread)),
    )


def _judge_stored(interval: Interval, limit: float, spread: float) -> tuple[Verdict, str]:
    low, high = interval
    if low > max(limit, spread):
        return Verdict.REGRESSED, ""
    if high * spread <= limit:
        return Verdict.PASS, ""  # even if all that runs differ by hid behind it
    if limit < spread:
        why = (
            f"two runs differ by up to {spread:.2f} x here, so that a limit below that can't be held by stored figures"
        )
        return Verdict.BELOW_NOISE_FLOOR, why
    if high <= limit:
        return Verdict.PASS, ""
    return Verdict.INCONCLUSIVE, "the interval spans the limit"


def _quotient(now: Measurement, before: BaselineFigure) -> Interval:
    """Both intervals against each other: the widest quotient; a figure of too few rounds for one leaves all open."""
    low, high = now.interval or (0.0, math.inf)
    old_low, old_high = before.interval or (0.0, math.inf)
    return (low / old_high if 0 < old_high < math.inf else 0.0, high / old_low if old_low > 0 else math.inf)


def _notes(interval: Interval) -> tuple[str, ...]:
    low, high = interval
    return ("changed",) if low > 1 else ("improved",) if high < 1 else ()


TIMED = ChangeJudgement(incomparable=every_rung, judge=judge, unit="ratio", bound_by_noise=True)
