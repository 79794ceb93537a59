"""Limits that can't be held: on this evaluation set, by their own width, or on this machine."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.core.limits import Limit
from harness.core.matrix import Case
from harness.core.metrics import LATENCY_CHANGE, Rule
from harness.core.noise import NoiseProfile
from harness.stats.error_ratio import Errors, deciding_n_ratio
from harness.stats.paired_drop import samples_needed

USUAL_FLIPS = 0.02
"""The share of samples that a good int8 model flips: a limit that can't be decided even then is of no use."""
USUAL_CLASS_FLIPS = 0.05
"""The same in the worst of several classes."""
MANY = 1_000_000
"""Samples of the table that shares are put into."""
TAIL_OF_PROPORTION = 0.025
"""One side of the 95 % interval that shares of samples are judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an evaluation set; None: not yet."""

    samples: int | None = None
    smallest_class: int | None = None
    """Samples of the class that has the fewest."""
    reference_accuracy: float | None = None
    per_sample: bool = True
    """Whether the task metric judges every sample."""


def lint(case: Case, facts: Facts, noise: NoiseProfile | None) -> list[str]:
    """What is wrong with the limits of *case*, each as a sentence with what to do; empty when all can be held.

    Undecidable: the evaluation set is too small for the limit at the usual share of flips. Vacuous: half of the
    reference could go. Below the noise floor: the limit allows less than what calibration found equal artifacts to
    differ by. What *facts* or *calibration* don't tell is not looked at.
    """
    found = []
    if case.limit is not None:
        found += [_undecidable(case, case.limit, facts), _vacuous(case, case.limit, facts)]
        if case.metric.rule is Rule.RATIO:
            found.append(_below_floor(case.metric.name, case.limit, noise, only_above_one=True))
    change = case.metric.change
    if change is not None and case.change_limit is not None and case.baseline:
        limit = case.change_limit
        if not limit.of_errors and limit.value > change.vacuous:
            found.append(_says_nothing(change.name, limit, "of the baseline"))
        if change is LATENCY_CHANGE:
            found.append(_below_floor(change.name, limit, noise, only_above_one=False))
    return [one for one in found if one]


def _undecidable(case: Case, limit: Limit, facts: Facts) -> str:
    metric = case.metric
    if not facts.per_sample and (metric.rule is Rule.WORST_CLASS or limit.of_errors or metric.name == "negative_flips"):
        return f"{metric.name}={limit.text!r} needs a task metric that judges every sample, and the model's scores all of them as one"
    if metric.rule is Rule.PAIRED_GAIN and not facts.per_sample:
        return f"{metric.name}={limit.text!r} needs a task metric that judges every sample, and the model's scores all of them as one"
    if metric.rule is Rule.PAIRED_GAIN:
        needed = samples_needed(USUAL_FLIPS, -limit.value) if limit.value < 0 else 1
        return _too_few(metric.name, limit, facts.samples, needed, "samples", USUAL_FLIPS)
    if metric.rule is Rule.PAIRED_DROP and not facts.per_sample:
        return ""  # a score has no flips to count on
    if metric.rule is Rule.PAIRED_DROP and not limit.of_errors:
        return _too_few(
            metric.name, limit, facts.samples, samples_needed(USUAL_FLIPS, limit.value), "samples", USUAL_FLIPS
        )
    if metric.rule is Rule.PAIRED_DROP and limit.value <= 1:
        return f"{metric.name}={limit.text!r} allows no error more than the reference makes: no number of samples can show that. Allow more, or write 'report'"
    if metric.rule is Rule.PAIRED_DROP:
        needed = _least_for_errors(limit.value, facts.reference_accuracy)
        return "" if needed is None else _too_few(metric.name, limit, facts.samples, needed, "samples", None)
    if metric.rule in (Rule.ABSOLUTE, Rule.TAIL) and limit.value <= 0:
        return f"{metric.name}={limit.text!r}: every inference takes some time. Allow some, or write 'report'"
    if metric.rule is Rule.WORST_CLASS:
        needed = samples_needed(USUAL_CLASS_FLIPS, limit.value)
        return _too_few(metric.name, limit, facts.smallest_class, needed, "samples of each class", USUAL_CLASS_FLIPS)
    if metric.rule is Rule.PROPORTION:
        return _too_few(
            metric.name, limit, facts.samples, _least_for_share(limit.value, at_most=metric.at_most), "samples", 0
        )
    return ""


def _too_few(name: str, limit: Limit, given: int | None, needed: int | None, what: str, flips: float | None) -> str:
    if needed is None:
        return f"{name}={limit.text!r}: no number of samples can show that nothing at all was lost. Allow more, or write 'report'"
    if given is None or given >= needed:
        return ""
    supposed = "even for a perfect result" if flips == 0 else "even if only a fifth of the errors moves"
    supposed = f"even if only {flips:.0%} of them flip" if flips else supposed
    return (
        f"{name}={limit.text!r} can't be decided on {given} {what}: it takes {needed}, {supposed}. "
        "Evaluate on more, allow more, or write 'report'"
    )


def _least_for_errors(limit: float, reference_accuracy: float | None) -> int | None:
    """Samples that decide a multiple of the reference's errors when a fifth of them moves; None: not known."""
    if reference_accuracy is None or not 0 <= reference_accuracy < 1:
        return None
    wrong = max(1, round((1 - reference_accuracy) * MANY))
    flips = min(round(USUAL_FLIPS / 2 * MANY), wrong // 5, MANY - wrong)
    return deciding_n_ratio(Errors(n=MANY, negative=flips, positive=flips, both_wrong=wrong - flips), limit)


def _least_for_share(limit: float, *, at_most: bool) -> int | None:
    """Samples that a perfect result needs for its Clopper-Pearson interval to lie within *limit*: p^n = 0.025."""
    kept = 1 - limit if at_most else limit
    if kept >= 1:
        return None
    return 1 if kept <= 0 else math.ceil(math.log(TAIL_OF_PROPORTION) / math.log(kept) - 1e-9)


def _vacuous(case: Case, limit: Limit, facts: Facts) -> str:
    metric, reference = case.metric, facts.reference_accuracy
    if limit.of_errors:
        allowed = (limit.value - 1) * (1 - reference) if reference is not None else 0.0
        half = reference / 2 if reference is not None else math.inf
        return _says_nothing(metric.name, limit, "of the reference's accuracy") if allowed > half else ""
    if metric.name == "accuracy" and reference is not None:
        return _says_nothing(metric.name, limit, "of the reference's accuracy") if limit.value < reference / 2 else ""
    if metric.vacuous is None:
        return ""
    bound = metric.vacuous
    if metric.rule is Rule.PAIRED_DROP and reference is not None:
        bound = min(bound, reference / 2)
    beyond = limit.value > bound if metric.at_most else limit.value < bound
    return _says_nothing(metric.name, limit, "of the reference") if beyond else ""


def _says_nothing(name: str, limit: Limit, of_what: str) -> str:
    return f"{name}={limit.text!r} is vacuous: it is wider than half {of_what}. Demand more, or write 'report'"


def _below_floor(name: str, limit: Limit, noise: NoiseProfile | None, *, only_above_one: bool) -> str:
    if noise is None or (only_above_one and limit.value <= 1):
        return ""
    if limit.value - 1 >= noise.noise_floor - 1e-9:  # 1.15 - 1 is a hair below 0.15
        return ""
    return (
        f"{name}={limit.text!r} is below the noise floor: on {noise.hardware.name} equal artifacts differ by up to "
        f"{noise.noise_floor:.1%} (calibrated {noise.date}). Allow more, or write 'report'"
    )
