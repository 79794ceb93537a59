"""Limits that can't be held: on this evaluation set, by their own width, or on this machine."""

from __future__ import annotations

from harness.core.limits import Limit
from harness.core.matrix import Case
from harness.core.metric import Change
from harness.core.noise import NoiseProfile
from harness.judge.changes import CHANGE_RULES
from harness.judge.facts import Facts
from harness.judge.rules import RULES
from harness.judge.unholdable import below_floor, says_nothing


def lint(case: Case, facts: Facts, noise: NoiseProfile | None) -> list[str]:
    """What is wrong with the limits of *case*, each as a sentence with what to do; empty when all can be held.

    Undecidable: the evaluation set is too small for the limit at the usual share of flips. Vacuous: half of the
    reference could go. Below the noise floor: the limit allows less than what calibration found equal artifacts to
    differ by. What *facts* or *noise* don't tell is not looked at.
    """
    problems = []
    if case.limit is not None:
        problems += _of_limit(case, case.limit, facts, noise)
    if case.metric.change is not None and case.change_limit is not None and case.baseline:
        problems += _of_change(case.metric.change, case.change_limit, noise)
    return [one for one in problems if one]


def _of_limit(case: Case, limit: Limit, facts: Facts, noise: NoiseProfile | None) -> list[str]:
    metric, rule = case.metric, RULES[case.metric.rule]
    problems = [rule.vacuous(metric, limit, facts)]
    if not facts.per_sample and (metric.per_sample or limit.of_errors):
        needs = f"{metric.name}={limit.text!r} needs a task metric that judges every sample, and the model's scores all of them as one"
        problems.insert(0, needs)
    else:
        problems.insert(0, rule.undecidable(metric, limit, facts))
    if rule.alternates and limit.value > 1:
        problems.append(below_floor(metric.name, limit, noise))
    return problems


def _of_change(change: Change, limit: Limit, noise: NoiseProfile | None) -> list[str]:
    problems = []
    if not limit.of_errors and limit.value > change.vacuous:
        problems.append(says_nothing(change.name, limit, "of the baseline"))
    if CHANGE_RULES[change.rule].bound_by_noise:
        problems.append(below_floor(change.name, limit, noise))
    return problems
