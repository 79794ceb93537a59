"""What a calibration says of a machine: whether it is quiet, and the smallest slow-down that is seen."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.core.noise import (
    QUIET_SPREAD,
    UNCALIBRATED_RATIO_SPREAD,
    UNCALIBRATED_SPREAD,
    absolute_spread,
    ratio_spread,
)
from tests.core.records import noise_profile, power_point


@pytest.mark.parametrize(
    ("spread", "quiet"),
    [
        pytest.param(1.0, True, id="none"),
        pytest.param(QUIET_SPREAD, True, id="on the bound"),
        pytest.param(math.nextafter(QUIET_SPREAD, 2), False, id="a hair beyond"),
        pytest.param(1.39, False, id="a shared machine"),
        pytest.param(math.inf, False, id="infinite"),
        pytest.param(math.nan, False, id="NaN"),
    ],
)
def test_a_quiet_machine_repeats_its_times(spread: float, quiet: bool) -> None:
    assert noise_profile(absolute_spread=spread).quiet is quiet


@pytest.mark.parametrize(
    ("power", "quiet"),
    [
        pytest.param([power_point(0.0, 200, passed=200)], True, id="all passed"),
        pytest.param([power_point(0.0, 200, passed=150)], True, id="some inconclusive"),
        pytest.param([power_point(0.0, 200, failed=1)], False, id="one false alarm"),
        pytest.param(
            [power_point(0.0, 200), power_point(0.1, 100, failed=100)], True, id="only what was slowed failed"
        ),
    ],
)
def test_a_quiet_machine_raised_no_false_alarm(power: list[object], quiet: bool) -> None:
    assert noise_profile(power=tuple(power)).quiet is quiet


@pytest.mark.parametrize(
    ("failed", "smallest"),
    [
        pytest.param({0.0: 0, 0.05: 60, 0.10: 95, 0.15: 100}, 0.10, id="two are seen"),
        pytest.param({0.0: 0, 0.05: 90, 0.10: 90, 0.15: 90}, 0.05, id="all, on the share"),
        pytest.param({0.0: 0, 0.05: 89, 0.10: 90, 0.15: 90}, 0.10, id="one just not"),
        pytest.param({0.0: 0, 0.05: 95, 0.10: 60, 0.15: 100}, 0.15, id="a lucky smaller one does not count"),
        pytest.param({0.0: 0, 0.05: 95, 0.10: 95, 0.15: 60}, None, id="the largest is not seen: none is"),
        pytest.param({0.0: 0, 0.05: 0}, None, id="none"),
        pytest.param({0.0: 100, 0.05: 100}, 0.05, id="what was not slowed is never one"),
        pytest.param({0.0: 100}, None, id="nothing was slowed"),
        pytest.param({}, None, id="nothing was tried"),
    ],
)
def test_the_smallest_slow_down_that_is_seen(failed: dict[float, int], smallest: float | None) -> None:
    power = tuple(power_point(slowdown, 100, failed=count) for slowdown, count in failed.items())

    assert noise_profile(power=power).smallest_seen() == smallest
    assert noise_profile(power=power[::-1]).smallest_seen() == smallest, "in any order"


@pytest.mark.parametrize(("share", "smallest"), [(0.5, 0.05), (0.6, 0.05), (0.61, 0.10), (0.96, 0.15), (1.0, None)])
def test_the_share_that_counts_as_seen(share: float, smallest: float | None) -> None:
    power = (power_point(0.05, 100, failed=60), power_point(0.10, 100, failed=95), power_point(0.15, 100, failed=99))

    assert noise_profile(power=power).smallest_seen(share) == smallest


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param(
            {},
            "calibrated 2026-11-01 at 1.05 x: 0 false alarms in 200 trials, +10 % seen in 90 % of them; quiet",
            id="quiet",
        ),
        pytest.param(
            {"power": (power_point(0.0, 24), power_point(0.0, 6, failed=2), power_point(0.1, 10, failed=5))},
            "calibrated 2026-11-01 at 1.05 x: 2 false alarms in 30 trials, no slow-down tried was seen in 90 %; not quiet",
            id="false alarms",
        ),
        pytest.param(
            {"absolute_spread": 1.2, "power": (power_point(0.0, 24), power_point(0.075, 10, failed=9))},
            "calibrated 2026-11-01 at 1.05 x: 0 false alarms in 24 trials, +7.5 % seen in 90 % of them; "
            "not quiet: processes differ by 1.20 x",
            id="not quiet",
        ),
    ],
)
def test_words_for_a_report(changed: dict[str, Any], words: str) -> None:
    assert noise_profile(**changed).words.startswith(words)


def test_a_slow_down_that_was_not_tried_was_not_seen() -> None:
    none = power_point(0.2, 0)

    assert none.fail_share == 0.0
    assert noise_profile(power=(power_point(0.1, 100, failed=100), none)).smallest_seen() is None


def test_spreads_are_assumed_where_nobody_calibrated() -> None:
    held = noise_profile(absolute_spread=1.07, ratio_spread=1.03)

    assert (absolute_spread(held), ratio_spread(held)) == (1.07, 1.03)
    assert (
        (absolute_spread(None), ratio_spread(None)) == (UNCALIBRATED_SPREAD, UNCALIBRATED_RATIO_SPREAD) == (1.4, 1.25)
    )
    assert UNCALIBRATED_SPREAD > QUIET_SPREAD
