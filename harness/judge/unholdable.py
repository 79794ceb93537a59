"""Sentences about limits that can't be held, each with what to do instead."""

from __future__ import annotations

from harness.core.limits import Limit
from harness.core.metric import Metric
from harness.core.noise import NoiseProfile
from harness.judge.facts import Facts


def too_few(name: str, limit: Limit, given: int | None, needed: int | None, what: str, supposed: str) -> str:
    """*limit* takes *needed* samples (None: no number does) and *given* are there (None: not known); else empty."""
    if needed is None:
        return f"{name}={limit.text!r}: no number of samples can show that nothing at all was lost. Allow more, or write 'report'"
    if given is None or given >= needed:
        return ""
    return (
        f"{name}={limit.text!r} can't be decided on {given} {what}: it takes {needed}, {supposed}. "
        "Evaluate on more, allow more, or write 'report'"
    )


def if_flipped(share: float) -> str:
    """What a number of samples supposes of the share that flips."""
    return f"even if only {share:.0%} of them flip"


def says_nothing(name: str, limit: Limit, of_what: str) -> str:
    """*limit* allows more than half *of_what*."""
    return f"{name}={limit.text!r} is vacuous: it is wider than half {of_what}. Demand more, or write 'report'"


def beyond_bound(metric: Metric, limit: Limit, bound: float) -> str:
    """*limit* lies beyond the *bound* of what says anything; empty when it doesn't."""
    beyond = limit.value > bound if metric.at_most else limit.value < bound
    return says_nothing(metric.name, limit, "of the reference") if beyond else ""


def vacuous(metric: Metric, limit: Limit, facts: Facts) -> str:
    """*limit* lies beyond the metric's own bound; empty when it doesn't or there is none."""
    return "" if metric.vacuous is None else beyond_bound(metric, limit, metric.vacuous)


def decidable(metric: Metric, limit: Limit, facts: Facts) -> str:
    """Nothing stands against *limit*: exact figures decide everything."""
    return ""


def no_time(metric: Metric, limit: Limit, facts: Facts) -> str:
    """*limit* allows no time at all; empty when it allows some."""
    if limit.value > 0:
        return ""
    return f"{metric.name}={limit.text!r}: every inference takes some time. Allow some, or write 'report'"


def below_floor(name: str, limit: Limit, noise: NoiseProfile | None) -> str:
    """*limit* on a ratio of times allows less than equal artifacts differ by on this machine; empty when not known."""
    if noise is None or limit.value - 1 >= noise.noise_floor - 1e-9:  # 1.15 - 1 is a hair below 0.15
        return ""
    return (
        f"{name}={limit.text!r} is below the noise floor: on {noise.hardware.name} equal artifacts differ by up to "
        f"{noise.noise_floor:.1%} (calibrated {noise.date}). Allow more, or write 'report'"
    )
