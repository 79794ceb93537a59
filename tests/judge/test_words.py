"""How figures are written in sentences."""

from __future__ import annotations

import math

import pytest

from harness.judge.words import say, say_interval, say_undecided
from harness.stats.paired_drop import Flips


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        pytest.param(0.98765, "fraction", "98.77 %", id="fraction"),
        pytest.param(0.0, "fraction", "0.00 %", id="fraction of 0"),
        pytest.param(0.0123, "points", "1.23 pp", id="points"),
        pytest.param(-0.0123, "points", "-1.23 pp", id="points won"),
        pytest.param(0, "bytes", "0 B", id="0 bytes"),
        pytest.param(999, "bytes", "999 B", id="bytes"),
        pytest.param(1000, "bytes", "1 kB", id="kilobytes are 1000"),
        pytest.param(1_234_567, "bytes", "1.235 MB", id="megabytes"),
        pytest.param(-2000, "bytes", "-2 kB", id="bytes less"),
        pytest.param(0.5, "ns", "0.5 ns", id="half a nanosecond"),
        pytest.param(1500, "ns", "1.5 us", id="microseconds"),
        pytest.param(2_500_000, "ns", "2.5 ms", id="milliseconds"),
        pytest.param(3e9, "ns", "3 s", id="seconds"),
        pytest.param(0.26789, "ratio", "0.268 x", id="ratio"),
        pytest.param(31.4159, "dB", "31.42 dB", id="any other unit"),
        pytest.param(math.nan, "bytes", "nan B", id="NaN"),
        pytest.param(math.inf, "ratio", "inf x", id="infinity"),
    ],
)
def test_say(value: float, unit: str, written: str) -> None:
    assert say(value, unit) == written


def test_say_interval() -> None:
    assert say_interval((-0.001, 0.0099), "points") == "[-0.10 pp, 0.99 pp]"


@pytest.mark.parametrize(
    ("flips", "limit", "written"),
    [
        pytest.param(Flips(n=1000, negative=10, positive=10), 0.01, "about 1237 samples would decide", id="too few"),
        pytest.param(Flips(n=1236, negative=12, positive=13), 0.01, "about 1251 samples would decide", id="just short"),
        pytest.param(Flips(n=10_000, negative=150, positive=50), 0.01, "the drop lies too near the limit", id="enough"),
        pytest.param(Flips(n=10_000, negative=1, positive=0), 0.0, "no number of samples shows a drop of 0", id="0"),
    ],
)
def test_say_undecided(flips: Flips, limit: float, written: str) -> None:
    assert say_undecided(flips, limit) == written
