"""Accuracy against its baseline, by what became of every sample."""

from __future__ import annotations

from harness.core.finding import Verdict
from harness.judge.changes.judgement import ChangeJudgement, Moved, regressed
from harness.judge.comparable import say_versions
from harness.judge.flips import ONE_SIDED_95, judge_flips, say_flips
from harness.judge.interval import judge_interval, why_open
from harness.judge.judged import Judged, error
from harness.judge.words import say, say_interval
from harness.stats.paired_drop import Flips, drop_interval


def incomparable(moved: Moved) -> str:
    """It needs the same data set; integer kernels also the same class of them and the same version of the runtime."""
    before, now = moved.stored.samples, moved.result.samples
    if before is None or now is None:
        return "data set: no per-sample outcome is stored"
    if before.dataset_sha256 != now.dataset_sha256 or before.n != now.n:
        return (
            f"data set: baseline {before.dataset_sha256[:12]} ({before.n} samples), "
            f"now {now.dataset_sha256[:12]} ({now.n} samples)"
        )
    if not moved.precision.integer:
        return ""
    stored, environment = moved.stored.environment, moved.result.environment
    if stored is None or environment is None:
        return "environment: not recorded"
    if stored.hardware.isa != environment.hardware.isa:
        return f"hardware: int8 kernels of {stored.hardware.isa}, now {environment.hardware.isa}"
    if stored.runtime_versions != environment.runtime_versions:
        return f"environment: {say_versions(stored)}, now {say_versions(environment)}"
    return ""


def judge(moved: Moved) -> Judged:
    """Accuracy by Tango's score test on the same samples; a score by both intervals."""
    case, result, figure, stored = moved.case, moved.result, moved.figure, moved.stored
    assert result.samples is not None and stored.samples is not None, "incomparable saw to that"
    now, before = result.samples, stored.samples
    unchanged = before.correct == now.correct and before.predicted == now.predicted
    if not now.per_sample:
        # Equal labels don't make equal scores: of an AUC they say little, and where outputs are no class scores there are none.
        unchanged = unchanged and figure.value == stored.value
    same = stored.artifact_sha256 == (result.artifact.sha256 if result.artifact else "")
    notes: tuple[str, ...] = (
        () if unchanged else ("changed: the same artifact predicts otherwise",) if same else ("changed",)
    )
    scores = f"scores {say(figure.value, 'fraction')}, baseline {say(stored.value, 'fraction')}: "
    allowed = case.change_limit
    if not now.per_sample or not before.per_sample:
        return _score(moved, scores, notes, unchanged=unchanged)
    try:
        right_before, right_now = before.unpack_correct(), now.unpack_correct()
    except ValueError as err:
        return error(f"can't be compared: the baseline's samples can't be read: {err}")
    flips = Flips.of(right_before, right_now)
    both_wrong = int((~right_before & ~right_now).sum())
    verdict, why = Verdict.REPORTED, ""
    interval = drop_interval(flips, ONE_SIDED_95)
    if allowed is not None:
        verdict, interval, why = judge_flips(flips, both_wrong, allowed)
        verdict, why = (Verdict.PASS, "") if unchanged else (regressed(verdict), why)
    of_errors = allowed is not None and allowed.of_errors
    if flips.drop < 0:
        notes = (*notes, "improved")
    return Judged(
        verdict=verdict,
        sentence=scores + say_flips(flips, both_wrong, interval, of_errors=of_errors),
        why=why,
        value=figure.value,
        interval=interval,
        n=figure.n,
        notes=notes,
    )


def _score(moved: Moved, scores: str, notes: tuple[str, ...], *, unchanged: bool) -> Judged:
    """A score over all samples: nothing is stored of each, so that only both intervals can be set against each other."""
    case, figure, stored = moved.case, moved.figure, moved.stored
    drop = stored.value - figure.value
    verdict, interval, allowed = Verdict.REPORTED, None, case.change_limit
    if figure.interval is not None and stored.interval is not None:
        interval = (stored.interval[0] - figure.interval[1], stored.interval[1] - figure.interval[0])
    if allowed is not None:
        if allowed.of_errors:
            return error("can't be judged: a multiple of the errors needs a task metric that judges every sample")
        if unchanged:
            verdict = Verdict.PASS
        elif interval is None:
            return error("can't be judged: the score has no interval")
        else:
            verdict = regressed(judge_interval(interval, allowed.value, at_most=True))
    at = f" {say_interval(interval, 'points')}" if interval is not None else ""
    return Judged(
        verdict=verdict,
        sentence=f"{scores}drop {say(drop, 'points')}{at} (n = {figure.n})",
        why=why_open(verdict),
        value=figure.value,
        interval=interval,
        n=figure.n,
        notes=(*notes, "improved") if drop < 0 else notes,
    )


OUTCOME = ChangeJudgement(incomparable=incomparable, judge=judge)
