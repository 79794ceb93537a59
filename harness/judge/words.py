"""How figures are written in sentences: with units, rounded for display only."""

from __future__ import annotations

from collections.abc import Callable

from harness.core.measurement import Interval


def _scaled(value: float, steps: list[tuple[float, str]]) -> str:
    for factor, unit in steps:
        if abs(value) >= factor:
            return f"{value / factor:.4g} {unit}"
    return f"{value:.4g} {steps[-1][1]}"


_WORDS: dict[str, Callable[[float], str]] = {
    "fraction": lambda v: f"{100 * v:.2f} %",
    "points": lambda v: f"{100 * v:.2f} pp",
    "bytes": lambda v: _scaled(v, [(1e6, "MB"), (1e3, "kB"), (1, "B")]),
    "ns": lambda v: _scaled(v, [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns")]),
    "ratio": lambda v: f"{v:.3f} x",
    "count": lambda v: f"{v:,.0f}",
}


def say(value: float, unit: str) -> str:
    """*value* with its unit, for people; ``points`` writes a fraction as percentage points."""
    write = _WORDS.get(unit)
    return write(value) if write else f"{value:.4g} {unit}"


def say_interval(interval: Interval, unit: str) -> str:
    """``[low, high]`` with units."""
    return f"[{say(interval[0], unit)}, {say(interval[1], unit)}]"
