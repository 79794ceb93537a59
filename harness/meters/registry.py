"""Meters register here, and all of a stage measure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from harness.core.contracts import Meter
from harness.core.figure import Figure, add_figure, figures
from harness.core.measurement import Measurement
from harness.core.metric import Stage
from harness.core.metrics import relative_figures
from harness.core.problem import CellProblem
from harness.core.source import Source
from harness.errors import ContractError
from harness.registries import meters

Measure = TypeVar("Measure", bound=Callable[[Any], Iterable[Measurement]])


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionMeter:
    """A meter that is one function."""

    name: str
    stage: Stage
    figures: tuple[Figure, ...]
    measure: Callable[[Any], Iterable[Measurement]]

    @property
    def source(self) -> Source:
        """Where the function was written."""
        return Source.of(self.measure)


def add_meter(meter: Meter[Any]) -> None:
    """Register *meter*, and its figures where they are not yet known.

    Raises:
        ContractError: its stage is none, or it gives no figure.
        DuplicateName: another meter or figure has a name of its.
    """
    if meter.stage not in tuple(Stage):
        raise ContractError(
            f"meter {meter.name!r} ({meter.source}): stage {meter.stage!r} is not one of {', '.join(Stage)}."
        )
    if not meter.figures or not all(isinstance(figure, Figure) for figure in meter.figures):
        raise ContractError(f"meter {meter.name!r} ({meter.source}): its figures must be one Figure or more.")
    for figure in meter.figures:
        if figures.entries.get(figure.name) != figure:
            add_figure(replace(figure, source=meter.source))
    meters.add(meter)


def meter(name: str, *, stage: Stage | str, figures: Iterable[Figure]) -> Callable[[Measure], Measure]:
    """Register the decorated function, from what *stage* gives to measurements of *figures*, as the meter *name*.

    Raises:
        ContractError: *stage* is none, or there is no figure.
        DuplicateName: another meter or figure has a name of its.
    """

    def register(measures: Measure) -> Measure:
        if stage not in tuple(Stage):
            raise ContractError(f"meter {name!r}: stage {stage!r} is not one of {', '.join(Stage)}.")
        add_meter(FunctionMeter(name=name, stage=Stage(stage), figures=tuple(figures), measure=measures))
        return measures

    return register


def measure(stage: Stage, subject: Any) -> dict[str, Measurement]:
    """What all meters of *stage* measure of *subject*, by name.

    Raises:
        CellProblem: the worker broke while a meter used it.
        ValueError: a meter failed, gave what is no number, or in another unit than the figure's.
    """
    measured: dict[str, Measurement] = {}
    for meter in meters.entries.values():
        if meter.stage is stage:
            measured.update({one.name: one for one in _measured(meter, subject)})
    return measured


def _measured(meter: Meter[Any], subject: Any) -> list[Measurement]:
    try:
        measured = list(meter.measure(subject))
    except (CellProblem, ValueError):
        raise
    except Exception as err:  # the boundary of a user's function: it ends one cell, with its reason
        raise ValueError(f"meter {meter.name!r} failed: {type(err).__name__}: {err}") from err
    for one in measured:
        if not math.isfinite(one.value):
            raise ValueError(f"meter {meter.name!r} gives {one.name} = {one.value}")
        figure = figures.entries.get(one.name)
        if figure is not None and figure.unit != one.unit:
            raise ValueError(f"meter {meter.name!r} gives {one.name} in {one.unit}; its unit is {figure.unit}")
    return measured


def quotients(stage: Stage) -> list[Figure]:
    """The figures of *stage* that are divided by the reference artifact's: all ratios but those that a meter measures."""
    measured = {figure.name for meter in meters for figure in meter.figures}
    return [ratio for ratio in relative_figures(stage) if ratio.name not in measured]
