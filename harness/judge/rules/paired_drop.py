"""The drop of accuracy on the same samples, or of a score over all of them."""

from __future__ import annotations

import math

from harness.core import figures
from harness.core.finding import Verdict
from harness.core.limits import Limit
from harness.core.metric import Metric
from harness.judge.facts import Facts
from harness.judge.flips import ONE_SIDED_95, flips_of, judge_flips, say_flips
from harness.judge.interval import judge_interval, why_open
from harness.judge.judged import Judged, error
from harness.judge.rules.judgement import Evidence, Judgement
from harness.judge.unholdable import beyond_bound, if_flipped, says_nothing, too_few
from harness.judge.words import say, say_interval
from harness.stats.error_ratio import Errors, deciding_n_ratio
from harness.stats.paired_drop import drop_interval, samples_needed

USUAL_FLIPS = 0.02
"""The share of samples that a good int8 model flips: a limit that can't be decided even then is of no use."""
MANY = 1_000_000
"""Scale used to turn shares into counts."""


def judge(evidence: Evidence) -> Judged:
    """By Tango's score test for points, Tang, Tang and Chan's for a multiple of the errors; a score by its bootstrap."""
    result, limit, figure = evidence.result, evidence.limit, evidence.figure
    accuracy = result.measurements.get(figures.ACCURACY.name)
    if accuracy is None or not math.isfinite(accuracy.value):
        state = "was not measured" if accuracy is None else f"is {accuracy.value}"
        return error(f"has no figure: {figures.ACCURACY.name} {state}")
    reference = accuracy.value + figure.value
    both = f"scores {say(accuracy.value, 'fraction')}, the float model {say(reference, 'fraction')}: "
    counted = flips_of(result)
    if counted is None:
        return _score(evidence, both, reference)
    flips, both_wrong = counted
    if limit is None:
        verdict, interval, why = Verdict.REPORTED, drop_interval(flips, ONE_SIDED_95), ""
    else:
        verdict, interval, why = judge_flips(flips, both_wrong, limit)
    of_errors = limit is not None and limit.of_errors
    value: float | None = figure.value
    if of_errors:
        wrong = flips.positive + both_wrong
        value = (flips.negative + both_wrong) / wrong if wrong else None  # no ratio to a reference without errors
    return Judged(
        verdict=verdict,
        sentence=both + say_flips(flips, both_wrong, interval, of_errors=of_errors),
        why=why,
        value=value,
        interval=interval,
        n=figure.n,
        reference=reference,
    )


def _score(evidence: Evidence, both: str, reference: float) -> Judged:
    """A score over all samples: no flips, only the bootstrap's interval."""
    figure, limit = evidence.figure, evidence.limit
    if figure.interval is None:
        return error("has no figure: flips were not counted")
    if limit is not None and limit.of_errors:
        return error("can't be judged: a multiple of the errors needs a task metric that judges every sample")
    verdict = Verdict.REPORTED if limit is None else judge_interval(figure.interval, limit.value, at_most=True)
    drop = f"drop {say(figure.value, 'points')} {say_interval(figure.interval, 'points')}"
    return Judged(
        verdict=verdict,
        sentence=f"{both}{drop} (n = {figure.n}, paired bootstrap)",
        value=figure.value,
        interval=figure.interval,
        n=figure.n,
        reference=reference,
        why=why_open(verdict),
    )


def undecidable(metric: Metric, limit: Limit, facts: Facts) -> str:
    """Points need as many samples as decide them when few flip; a multiple of the errors as many as have errors."""
    name = metric.name
    if not facts.per_sample:
        return ""  # a score has no flips to count on
    if not limit.of_errors:
        needed = samples_needed(USUAL_FLIPS, limit.value)
        return too_few(name, limit, facts.samples, needed, "samples", if_flipped(USUAL_FLIPS))
    if limit.value <= 1:
        return f"{name}={limit.text!r} allows no error more than the reference makes: no number of samples can show that. Allow more, or write 'report'"
    least = _least_for_errors(limit.value, facts.reference_accuracy)
    if least is None:
        return ""
    return too_few(name, limit, facts.samples, least, "samples", "even if only a fifth of the errors moves")


def _least_for_errors(limit: float, reference_accuracy: float | None) -> int | None:
    """Samples that decide a multiple of the reference's errors when a fifth of them moves; None: not known."""
    if reference_accuracy is None or not 0 <= reference_accuracy < 1:
        return None
    wrong = max(1, round((1 - reference_accuracy) * MANY))
    flips = min(round(USUAL_FLIPS / 2 * MANY), wrong // 5, MANY - wrong)
    return deciding_n_ratio(Errors(n=MANY, negative=flips, positive=flips, both_wrong=wrong - flips), limit)


def vacuous(metric: Metric, limit: Limit, facts: Facts) -> str:
    """Half of the reference's accuracy could go."""
    reference = facts.reference_accuracy
    if limit.of_errors:
        allowed = (limit.value - 1) * (1 - reference) if reference is not None else 0.0
        half = reference / 2 if reference is not None else math.inf
        return says_nothing(metric.name, limit, "of the reference's accuracy") if allowed > half else ""
    bound = metric.vacuous if metric.vacuous is not None else math.inf
    return beyond_bound(metric, limit, bound if reference is None else min(bound, reference / 2))


PAIRED_DROP = Judgement(judge=judge, undecidable=undecidable, vacuous=vacuous)
