"""What a machine was doing while something was timed on it: recorded beside the times, never a reason to drop some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Raw readings at one instant; None: not readable on this machine."""

    monotonic_s: float
    steal_s: float | None = None
    """Time the hypervisor gave to others, of all CPUs since boot."""
    total_s: float | None = None
    """All time, of all CPUs since boot."""
    pressure_s: float | None = None
    """Time in which some task waited for a CPU, since boot."""
    load1: float | None = None
    frequency_hz: float | None = None
    """Mean over the CPUs."""
    temperature_c: float | None = None
    """Temperature of the hottest zone."""
    throttle_count: int | None = None
    """Throttling events since boot; only the change means something."""
    throttled_now: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What lies between two moments; None: not readable on this machine."""

    seconds: float
    steal_share: float | None = None
    """Stolen share of all CPU time, 0 to 1."""
    pressure_share: float | None = None
    """Share of the time in which some task waited for a CPU, 0 to 1."""
    involuntary_switches: int | None = None
    """How often the timed processes lost their CPU to others."""
    load1: float | None = None
    """At the end; the highest of several stretches."""
    frequency_start_hz: float | None = None
    frequency_end_hz: float | None = None
    temperature_start_c: float | None = None
    temperature_end_c: float | None = None
    throttled: bool | None = None
    cpus: str = ""
    """Where the timed processes ran, in words."""

    @classmethod
    def between(cls, before: Moment, after: Moment, involuntary_switches: int | None = None, cpus: str = "") -> Self:
        """The context from *before* to *after*; a counter that went backwards, as after a migration, tells nothing."""
        seconds = max(after.monotonic_s - before.monotonic_s, 0.0)
        return cls(
            seconds=seconds,
            steal_share=_share(_rise(before.steal_s, after.steal_s), _rise(before.total_s, after.total_s)),
            pressure_share=_share(_rise(before.pressure_s, after.pressure_s), seconds),
            involuntary_switches=involuntary_switches,
            load1=after.load1,
            frequency_start_hz=before.frequency_hz,
            frequency_end_hz=after.frequency_hz,
            temperature_start_c=before.temperature_c,
            temperature_end_c=after.temperature_c,
            throttled=_throttled(before, after),
            cpus=cpus,
        )

    @classmethod
    def merged(cls, contexts: Sequence[Context]) -> Self:
        """Several stretches, in order, as one; what is None in some of them is told by the others."""
        switches = _known(context.involuntary_switches for context in contexts)
        throttled = _known(context.throttled for context in contexts)
        return cls(
            seconds=sum((context.seconds for context in contexts), start=0.0),
            steal_share=_weighted((context.steal_share, context.seconds) for context in contexts),
            pressure_share=_weighted((context.pressure_share, context.seconds) for context in contexts),
            involuntary_switches=sum(switches) if switches else None,
            load1=max(_known(context.load1 for context in contexts), default=None),
            frequency_start_hz=_first(context.frequency_start_hz for context in contexts),
            frequency_end_hz=_first(context.frequency_end_hz for context in reversed(contexts)),
            temperature_start_c=_first(context.temperature_start_c for context in contexts),
            temperature_end_c=_first(context.temperature_end_c for context in reversed(contexts)),
            throttled=any(throttled) if throttled else None,
            cpus="; then ".join(dict.fromkeys(context.cpus for context in contexts if context.cpus)),
        )

    @property
    def words(self) -> str:
        """One line for people that leaves out what is unknown; empty when nothing is known."""
        frequency = _change(self.frequency_start_hz, self.frequency_end_hz, lambda hz: f"{hz / 1e9:.2f}")
        temperature = _change(self.temperature_start_c, self.temperature_end_c, lambda c: f"{c:.0f}")
        plural = "" if self.involuntary_switches == 1 else "es"
        parts = [
            self.cpus or None,
            None if self.steal_share is None else f"steal {_percent(self.steal_share)}",
            None if self.pressure_share is None else f"pressure {_percent(self.pressure_share)}",
            None if self.involuntary_switches is None else f"{self.involuntary_switches} involuntary switch{plural}",
            None if self.load1 is None else f"load {self.load1:.1f}",
            f"{frequency} GHz" if frequency else None,
            f"{temperature} °C" if temperature else None,
            {True: "throttled", False: "not throttled", None: None}[self.throttled],
        ]
        return ", ".join(part for part in parts if part is not None)


def _rise(before: float | None, after: float | None) -> float | None:
    """How far a counter rose; None when it was not readable, or was set back."""
    if before is None or after is None or after < before:
        return None
    return after - before


def _share(part: float | None, whole: float | None) -> float | None:
    if part is None or not whole:
        return None
    return min(part / whole, 1.0)  # the two clocks are not read in the same instant


def _throttled(before: Moment, after: Moment) -> bool | None:
    now = _known([before.throttled_now, after.throttled_now])
    events = _rise(before.throttle_count, after.throttle_count)
    if any(now) or events:
        return True
    return False if now or events is not None else None


def _known(values: Iterable[Value | None]) -> list[Value]:
    return [value for value in values if value is not None]


def _first(values: Iterable[float | None]) -> float | None:
    return next(iter(_known(values)), None)


def _weighted(shares: Iterable[tuple[float | None, float]]) -> float | None:
    known = [(share, seconds) for share, seconds in shares if share is not None]
    weight = sum(seconds for _, seconds in known)
    return sum(share * seconds for share, seconds in known) / weight if weight else None


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.1f} %".replace(".0 ", " ") if percent < 9.95 else f"{percent:.0f} %"


def _change(start: float | None, end: float | None, say: Callable[[float], str]) -> str:
    """``start -> end``, or one of them where the other is unknown or reads the same."""
    texts = [say(value) for value in _known([start, end])]
    return " -> ".join(dict.fromkeys(texts))
