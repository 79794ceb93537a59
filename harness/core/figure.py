"""What a figure is, and the registry of all of them; those that ship stand in ``figures.py``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from harness.core.measurement import Interval, Measurement
from harness.core.registry import Registry
from harness.core.source import Source
from harness.errors import ContractError

NOWHERE = Source(module="", path="", line=0)
"""The source of what was not registered yet; it is set then."""


class Better(StrEnum):
    """Which direction is an improvement; a limit bounds the other one."""

    LOWER = "lower"
    HIGHER = "higher"


class Column(StrEnum):
    """When a full table shows a figure."""

    ALWAYS = "always"
    """Wherever it was measured."""
    MODELS = "models"
    """Where models are compared; of one model its ratio says more."""
    GATED = "gated"
    """Where a test judges it."""
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One kind of measured number."""

    name: str
    """Ends in the unit: ``size_bytes``, ``load_ns``."""
    unit: str
    """What measurements are held in: bytes, ns, fraction, ratio, count, or any other word."""
    title: str = ""
    """Heading of its column."""
    better: Better = Better.LOWER
    points: bool = False
    """Whether this fraction is written in percentage points, as a difference of two shares."""
    of: Figure | None = None
    """For ratios to the reference artifact: the figure in the numerator."""
    column: Column = Column.GATED
    usual: tuple[float, float] | None = None
    """The column is left out while every cell lies between these."""
    zero_is_measured: bool = False
    """Whether 0 can be a true value; else it means that nothing could be read, and no ratio is made of it."""
    source: Source = field(default=NOWHERE, compare=False)

    @property
    def written(self) -> str:
        """The unit that people read: the figure's own, or ``points``."""
        return "points" if self.points else self.unit

    def measured(
        self, value: float, *, n: int = 1, interval: Interval | None = None, condition: str = ""
    ) -> Measurement:
        """*value* as a measurement of this figure."""
        return Measurement(name=self.name, value=value, unit=self.unit, n=n, interval=interval, condition=condition)


UNIT_ENDINGS: Mapping[str, str] = {"dB": "db", "ns": "ns_per_inference", "samples": "count"}
"""Of units that a name may end in in another way."""


class Figures(Registry[Figure]):
    """Figures by name, in the order of their columns."""

    def add(self, entry: Figure) -> None:
        """Register *entry*.

        Raises:
            ContractError: the name does not end in the unit.
            InvalidName, DuplicateName: as for every registry.
        """
        plain = re.sub(r"[^A-Za-z0-9]+", "_", entry.unit).strip("_")
        if not entry.name.endswith((f"_{entry.unit}", f"_{plain}", f"_{UNIT_ENDINGS.get(entry.unit, entry.unit)}")):
            raise ContractError(f"figure {entry.name!r} ({entry.source}) must end in its unit, '_{entry.unit}'.")
        super().add(entry)

    def in_order(self) -> list[Figure]:
        """All of them, as columns stand from left to right."""
        return list(self._entries.values())


figures = Figures("figure")


def add_figure(figure: Figure) -> Figure:
    """Register *figure*; returned with where that was, so that a constant can be made of it.

    Raises:
        ContractError: the name does not end in the unit.
        InvalidName, DuplicateName: as for every registry.
    """
    if figure.source == NOWHERE:
        figure = replace(figure, source=Source.of_caller())
    figures.add(figure)
    return figure


def ratio_of(
    figure: Figure,
    *,
    name: str = "",
    title: str = "",
    column: Column = Column.GATED,
    usual: tuple[float, float] | None = None,
) -> Figure:
    """The ratio of *figure* to the reference artifact's on the same runtime.

    Args:
        figure: of both artifacts.
        name: ``..._ratio``; made of the figure's name unless given.
        title: of the column; ``title/fp32`` unless given.
        column: when it is shown.
        usual: see ``Figure``.
    """
    return Figure(
        name=name or f"{figure.name.removesuffix(f'_{figure.unit}')}_ratio",
        unit="ratio",
        title=title or f"{figure.title}/fp32",
        better=figure.better,
        of=figure,
        column=column,
        usual=usual,
    )
