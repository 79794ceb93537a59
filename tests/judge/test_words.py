"""How figures are written in sentences."""

from __future__ import annotations

import math

import pytest

from harness.judge.words import say, say_interval


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
