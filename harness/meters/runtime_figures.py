"""What an engine tells of itself: where it placed the model's operators, its arena, its compile time."""

from __future__ import annotations

from collections.abc import Mapping

from harness.core.artifact import Operators
from harness.core.figures import PLACEMENT
from harness.core.measurement import Measurement
from harness.core.probe_session import ProbeSession

UNITS = {"bytes": "bytes", "ns": "ns", "count": "count"}
"""Units by the last word of a figure's name."""


def runtime_measurements(session: ProbeSession) -> list[Measurement]:
    """The engine's own figures, and the share of operators that the provider asked for took."""
    return [*engine_measurements(session.figures), *placement_measurements(session.placement, session.provider)]


def engine_measurements(told: Mapping[str, float]) -> list[Measurement]:
    """A run side's ``figures``, each with the unit that stands last in its name.

    Raises:
        ValueError: a name without a unit, or a value that is no number.
    """
    found = []
    for name, value in sorted(told.items()):
        unit = UNITS.get(name.rsplit("_", 1)[-1])
        if unit is None or isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(
                f"the run side tells {name}={value!r}: a figure is a number, its unit {list(UNITS)} stands last"
            )
        found.append(Measurement(name=name, value=value, unit=unit))
    return found


def placement_measurements(operators: Operators, provider: str) -> list[Measurement]:
    """The share of operators that *provider* took; none where the engine does not tell.

    Args:
        operators: how many of each name every provider took.
        provider: the one that is asked about.
    """
    counts = {name: sum(named.values()) for name, named in operators.items()}
    total = sum(counts.values())
    if not total:
        return []
    return [
        PLACEMENT.measured(counts.get(provider, 0) / total, n=total),
    ]
