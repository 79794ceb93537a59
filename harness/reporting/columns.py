"""Which figures a report shows, and how people choose others: by title, by name, or by a metric that judges them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from harness.core.figure import Column, Figure, figures
from harness.core.metrics import METRICS
from harness.core.result import CellResult
from harness.errors import UnknownName
from harness.judge.words import say

ALL = "all"
"""Chooses every figure that was measured."""


def title_of(figure: Figure) -> str:
    """What heads the column of *figure*."""
    return figure.title or figure.name


def written(figure: Figure, result: CellResult) -> str:
    """The *figure* of *result* with its unit; ``-`` where it was not measured."""
    measured = result.measurements.get(figure.name)
    return say(measured.value, figure.written) if measured else "-"


def figures_of(metrics: Iterable[str]) -> set[str]:
    """The names of the figures that *metrics* judge; a metric of another version is left out."""
    return {METRICS[name].figure.name for name in metrics if name in METRICS}


def worth_showing(cells: Sequence[CellResult], judged: Collection[str]) -> list[Figure]:
    """The figures of the full table, from left to right.

    Left out are those that nobody measured, that lie in every cell where they usually do, and that neither compare
    several models nor belong to the metrics that are *judged*, where that is what they are for.
    """
    wanted: dict[Column, Collection[str]] = {Column.ALWAYS: figures.names(), Column.GATED: figures_of(judged)}
    if len({result.cell.model for result in cells}) > 1:
        wanted[Column.MODELS] = figures.names()
    return [
        figure
        for figure in figures.in_order()
        if figure.name in wanted.get(figure.column, ()) and _says_something(figure, cells)
    ]


def _says_something(figure: Figure, cells: Iterable[CellResult]) -> bool:
    values = [result.measurements[figure.name].value for result in cells if figure.name in result.measurements]
    low, high = figure.usual or (math.inf, -math.inf)
    return not all(low <= value <= high for value in values)


def chosen(names: str, cells: Iterable[CellResult] = ()) -> list[Figure]:
    """The figures that *names* lists: titles, names or metrics with commas between them, or ``all`` that *cells* have.

    Raises:
        UnknownName: one of them is no figure; near matches are offered.
    """
    if names.strip() == ALL:
        measured = {name for result in cells for name in result.measurements}
        return [figure for figure in figures.in_order() if figure.name in measured]
    return list({figure.name: figure for figure in map(_named, names.split(","))}.values())


def _named(written_name: str) -> Figure:
    name = written_name.strip()
    by_name = {metric.name: metric.figure for metric in METRICS.values()}
    for figure in figures.in_order():
        by_name |= {figure.name: figure, title_of(figure): figure}
    if name not in by_name:
        raise UnknownName.among("column", name, [title_of(one) for one in figures.in_order()], meant=by_name)
    return by_name[name]
