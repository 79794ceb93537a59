"""Accuracy figures against their budgets."""

from __future__ import annotations

import math

from harness.core.finding import Verdict
from harness.core.limits import Limit
from harness.core.matrix import Case
from harness.core.result import CellResult
from harness.judge.flips import ONE_SIDED_95, judge_flips, say_flips, say_needed
from harness.judge.judged import Judged, error
from harness.judge.limit import judge_interval, why_open
from harness.judge.words import say, say_interval
from harness.stats.mcnemar import mcnemar_p
from harness.stats.paired_drop import Flips, deciding_n, drop_interval, score
from harness.stats.several import holm

ALPHA = 0.03
"""What Holm is given: Tango's tail is skewed far out, and nominal 5 % over ten classes was up to 9.5 % in simulation, 3 % is at most 5.0 %."""


def judge_drop(case: Case, result: CellResult, limit: Limit | None) -> Judged:
    """The drop of accuracy on the same samples, or of a score over all of them."""
    figure = result.measurements[case.metric.figure]
    accuracy = result.measurements.get("accuracy_fraction")
    if accuracy is None or not math.isfinite(accuracy.value):
        told = "was not measured" if accuracy is None else f"is {accuracy.value}"
        return error(f"has no figure: accuracy_fraction {told}")
    reference = accuracy.value + figure.value
    both = f"scores {say(accuracy.value, 'fraction')}, the float model {say(reference, 'fraction')}: "
    found = flips_of(result)
    if found is None:
        if figure.interval is None:
            return error("has no figure: flips were not counted")
        if limit is not None and limit.of_errors:
            return error("can't be judged: a multiple of the errors needs a task metric that judges every sample")
        verdict = Verdict.REPORTED if limit is None else judge_interval(figure.interval, limit.value, at_most=True)
        sentence = f"{both}drop {say(figure.value, 'points')} {say_interval(figure.interval, 'points')} (n = {figure.n}, paired bootstrap)"
        return Judged(
            verdict=verdict,
            sentence=sentence,
            value=figure.value,
            interval=figure.interval,
            n=figure.n,
            reference=reference,
            why=why_open(verdict),
        )
    flips, both_wrong = found
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


def flips_of(result: CellResult) -> tuple[Flips, int] | None:
    """Flips between the reference and the artifact, and how many samples both get wrong; None when not counted."""
    held = result.measurements
    negative, positive, accuracy = (
        held.get(name) for name in ("negative_flips_count", "positive_flips_count", "accuracy_fraction")
    )
    if negative is None or positive is None or accuracy is None:
        return None
    flips = Flips(n=negative.n, negative=int(negative.value), positive=int(positive.value))
    wrong = flips.n - round(accuracy.value * flips.n)
    return flips, wrong - flips.negative


def judge_gain(case: Case, result: CellResult, limit: Limit | None) -> Judged:
    """What a recipe gains in accuracy over its control, on the same samples, by Tango's score test; each side at 5 %."""
    held = result.measurements
    gain, lost, won = (held.get(name) for name in ("accuracy_gain_fraction", "gain_lost_count", "gain_won_count"))
    control = str(result.details.get("control", ""))
    if gain is None and limit is None and not control:
        return Judged(verdict=Verdict.REPORTED, sentence="has no control to be compared with")
    if gain is None or lost is None or won is None or not math.isfinite(gain.value):
        told = f"is {gain.value}" if gain is not None else "was not measured"
        return error(f"has no figure: {case.metric.figure} {told}{f' against {control}' if control else ''}")
    flips = Flips(n=gain.n, negative=int(lost.value), positive=int(won.value))
    low, high = drop_interval(flips, ONE_SIDED_95)
    interval = (-high, -low)
    verdict = Verdict.REPORTED if limit is None else judge_interval(interval, limit.value, at_most=False)
    sentence = (
        f"gains {say(gain.value, 'points')} {say_interval(interval, 'points')} over {control or 'its control'} (n = {gain.n}; "
        f"{flips.positive} samples won, {flips.negative} lost; McNemar p = {mcnemar_p(flips):.2g})"
    )
    return Judged(
        verdict=verdict, sentence=sentence, value=gain.value, interval=interval, n=gain.n, why=why_open(verdict)
    )


def judge_proportion(case: Case, result: CellResult, limit: Limit | None) -> Judged:
    """A share of samples, by its exact interval."""
    metric = case.metric
    figure = result.measurements[metric.figure]
    if figure.interval is None:
        return error(f"can't be judged: {metric.figure} has no interval")
    verdict = (
        Verdict.REPORTED if limit is None else judge_interval(figure.interval, limit.value, at_most=metric.at_most)
    )
    sentence = f"has {say(figure.value, 'fraction')} {say_interval(figure.interval, 'fraction')} (n = {figure.n})"
    return Judged(
        verdict=verdict,
        sentence=sentence,
        value=figure.value,
        interval=figure.interval,
        n=figure.n,
        why=why_open(verdict),
    )


def judge_worst_class(case: Case, result: CellResult, limit: Limit | None) -> Judged:
    """The drop of every class: one that is beyond the limit fails, and only all within it pass.

    Fail: Tango's test, one-sided, corrected by Holm for the number of classes. Pass: every class by itself rejects a
    drop of the limit at 5 % (an intersection-union test: no correction is due).
    """
    if not result.classes:
        return error(
            "can't be judged: the labels are no classes, and worst_class_drop needs one integer label per sample"
        )
    flips = {one.label: Flips(n=one.n, negative=one.negative, positive=one.positive) for one in result.classes}
    verdict, why, beyond, corrected = Verdict.REPORTED, "", list[str](), ""
    if limit is not None:
        verdict, why, beyond = _judge_classes(flips, limit.value)
        corrected = f", Holm over {len(flips)} classes"
    worst = max(beyond or flips, key=lambda label: (flips[label].drop, flips[label].negative, label))
    held = flips[worst]
    interval = drop_interval(held, ONE_SIDED_95)
    sentence = f"class {worst}: {say_flips(held, 0, interval, of_errors=False)[:-1]}{corrected})"
    return Judged(verdict=verdict, sentence=sentence, why=why, value=held.drop, interval=interval, n=held.n)


def _judge_classes(flips: dict[str, Flips], limit: float) -> tuple[Verdict, str, list[str]]:
    """Verdict, why it is open, and the labels that are beyond the limit."""
    from scipy.stats import norm

    scores = {label: score(one, limit) for label, one in flips.items()}
    rejected = holm([float(norm.sf(z)) for z in scores.values()], ALPHA)
    beyond = [label for label, out in zip(flips, rejected, strict=True) if out]
    if beyond:
        return Verdict.OVER_BUDGET, "", beyond
    open_ones = [label for label, z in scores.items() if not z < -ONE_SIDED_95]
    if not open_ones:
        return Verdict.PASS, "", []
    first = max(open_ones, key=lambda label: scores[label])
    told = say_needed(deciding_n(flips[first], limit), flips[first].n)
    why = f"{len(open_ones)} of {len(flips)} classes are undecided, of class {first}: {told}"
    return Verdict.INCONCLUSIVE, why, []
