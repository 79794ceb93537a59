"""From trials to a calibration: every figure by hand, and nothing looks better for want of trials."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.core.context import Context
from harness.core.noise import NoiseProfile, Trial
from harness.judge.noise import summarize
from harness.stats.intervals import proportion_interval
from tests.core.records import hardware

FAILED, PASSED, OPEN = "over_budget", "pass", "inconclusive"


def trial(slowdown: float = 0.0, verdict: str = PASSED, **changed: Any) -> Trial:
    given: dict[str, Any] = {
        "seconds": 4.0,
        "ratio": 1.0,
        "interval": (0.99, 1.01),
        "pair_ratios": (1.0,),
        "process_ns": (1e6,),
    }
    return Trial(slowdown=slowdown, verdict=verdict, **{**given, **changed})


def summary(*trials: Trial) -> NoiseProfile:
    return summarize(
        trials,
        hardware=hardware(),
        cell="m/fp32/r/local",
        limit=1.05,
        date="2026-11-01",
        minutes=2.0,
        quick=True,
        versions=(("r", "1.0"),),
    )


def test_power_by_slow_down() -> None:
    found = summary(
        trial(0.1, FAILED, seconds=3.0),
        trial(0.0, PASSED),
        trial(0.1, OPEN, seconds=9.0),
        trial(0.0, PASSED),
        trial(0.1, FAILED, seconds=4.0),
        trial(0.05, PASSED),
        trial(0.0, FAILED, different=True),
    )

    counts = [(p.slowdown, p.trials, p.failed, p.passed, p.inconclusive) for p in found.power]
    assert counts == [(0.0, 2, 0, 2, 0), (0.05, 1, 0, 1, 0), (0.1, 3, 2, 0, 1)]
    assert found.power[2].seconds_median == 4.0
    assert found.power[2].fail_share == pytest.approx(2 / 3)


@pytest.mark.parametrize(("failed", "n"), [(0, 24), (1, 24), (24, 24), (0, 1)])
def test_false_alarms_have_an_exact_interval(failed: int, n: int) -> None:
    equal = [trial(verdict=FAILED)] * failed + [trial()] * (n - failed)

    found = summary(*equal, trial(0.1, FAILED), trial(0.0, FAILED, different=True))

    assert found.false_alarms == proportion_interval(failed, n, 0.95)
    assert found.quiet is (failed == 0)


@pytest.mark.parametrize(
    ("highs", "floor"),
    [
        pytest.param([1.01], 0.01, id="one"),
        pytest.param([1.01, 1.04], 0.04, id="of two the larger: never between them"),
        pytest.param([1.01] * 19 + [1.5], 0.5, id="of twenty the largest"),
        pytest.param([1.01] * 39 + [1.5], 0.01, id="of forty not"),
        pytest.param([math.inf], math.inf, id="intervals without an end"),
    ],
)
def test_the_noise_floor_is_where_equal_artifacts_end(highs: list[float], floor: float) -> None:
    equal = [trial(interval=(0.99, high)) for high in highs]

    found = summary(*equal, trial(0.1, FAILED, interval=(1.08, 9.0)), trial(different=True, interval=(2.0, 8.0)))

    assert found.noise_floor == pytest.approx(floor)


@pytest.mark.parametrize(
    ("trials", "floor"),
    [
        pytest.param([(PASSED, 1.02), (OPEN, 1.57)], 0.02, id="an undecided trial turned nothing red or green"),
        pytest.param([(PASSED, 1.02), (FAILED, 1.57)], 0.57, id="a false alarm counts"),
        pytest.param([(OPEN, 1.3), (OPEN, 1.57)], 0.57, id="nothing decided: all that is known"),
    ],
)
def test_the_noise_floor_rests_on_decided_trials(trials: list[tuple[str, float]], floor: float) -> None:
    found = summary(*(trial(verdict=verdict, interval=(0.99, high)) for verdict, high in trials))

    assert found.noise_floor == pytest.approx(floor)


def test_spreads_trim_a_fortieth_at_either_end() -> None:
    times = [1000.0, *[1010.0] * 39, *[1111.0] * 39, 9000.0]

    assert summary(trial(process_ns=tuple(times))).absolute_spread == pytest.approx(1.1)
    assert summary(trial(process_ns=(1000.0, 1200.0))).absolute_spread == pytest.approx(1.2), "of few nothing"
    assert summary(trial(process_ns=(1000.0,))).absolute_spread == 1.0


def test_the_times_of_all_processes_count() -> None:
    found = summary(trial(process_ns=(1e6, 1.1e6)), trial(0.1, FAILED, process_ns=(1.3e6,)))

    assert found.absolute_spread == pytest.approx(1.3)
    assert found.p50_ns == 1.1e6


def test_the_ratio_of_different_artifacts_counts_where_there_is_one() -> None:
    """Equal artifacts share their luck; what a stored ratio suffers from is seen between different ones."""
    equal = [trial(pair_ratios=(0.99, 1.01)), trial(pair_ratios=(1.02,))]
    different = [trial(different=True, ratio=0.5, pair_ratios=(9.0,)), trial(different=True, ratio=0.6)]

    assert summary(*equal, *different).ratio_spread == pytest.approx(0.6 / 0.5)
    assert summary(*equal).ratio_spread == pytest.approx(1.02 / 0.99)


@pytest.mark.parametrize(
    ("contexts", "words"),
    [
        pytest.param([None, None], "", id="none"),
        pytest.param([Context(seconds=1.0, load1=0.5), None, Context(seconds=1.0, load1=2.0)], "load 2.0", id="merged"),
    ],
)
def test_what_the_machine_did_meanwhile(contexts: list[Context | None], words: str) -> None:
    assert summary(*[trial(context=one) for one in contexts]).context == words


@pytest.mark.parametrize(
    "trials",
    [
        pytest.param([], id="no trial"),
        pytest.param([trial(0.1, FAILED)], id="only slowed ones"),
        pytest.param([trial(different=True)], id="only different artifacts"),
    ],
)
def test_without_equal_artifacts_nothing_is_known(trials: list[Trial]) -> None:
    with pytest.raises(ValueError, match="no trial of equal artifacts"):
        summary(*trials)


def test_what_it_was_made_of_is_kept() -> None:
    found = summary(trial())

    assert (found.cell, found.limit, found.date, found.minutes, found.quick) == (
        "m/fp32/r/local",
        1.05,
        "2026-11-01",
        2.0,
        True,
    )
    assert (found.hardware, found.versions) == (hardware(), (("r", "1.0"),))


@pytest.mark.parametrize(
    ("verdicts", "reds"),
    [
        pytest.param([PASSED] * 4, 0, id="all pass"),
        pytest.param([FAILED, OPEN, PASSED, PASSED], 2, id="over budget and inconclusive are both red"),
    ],
)
def test_shares_of_wrong_and_open_verdicts(verdicts: list[str], reds: int) -> None:
    """Slow-downs of twice the allowed change count for false passes, smaller ones don't."""
    found = summary(*(trial(verdict=one) for one in verdicts), trial(0.05), trial(0.1, FAILED), trial(0.2, PASSED))

    assert found.false_reds is not None and found.false_passes is not None
    assert (found.false_reds.count, found.false_reds.trials) == (reds, 4)
    assert found.false_reds.interval == proportion_interval(reds, 4, 0.95)
    assert (found.false_passes.count, found.false_passes.trials) == (1, 2)
    runs = found.strict_runs_per_false_red(3)
    assert runs is not None
    assert runs[0] == (pytest.approx(1 / (1 - 0.5**3)) if reds else math.inf)
    assert runs[1] == pytest.approx(1 / (1 - (1 - found.false_reds.interval[1]) ** 3))
