"""The figures and metrics that a task metric of numbers brings: its level, what the artifact loses, and by what factor."""

from __future__ import annotations

from dataclasses import dataclass

from harness.core.figure import Column, Figure, add_figure, figures
from harness.core.metric import UNITS, Change, ChangeRule, Metric, Rule, Stage
from harness.core.metrics import add_metric
from harness.core.task_metric import TaskMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFigures:
    """What is measured by one task metric."""

    level: Figure
    loss: Figure
    """By how much the artifact is worse than the float model; positive is worse, whichever direction is better."""
    ratio: Figure
    """The artifact's over the float model's."""


def quality_figures(entry: TaskMetric) -> QualityFigures:
    """The figures of *entry*."""
    return QualityFigures(
        level=Figure(
            name=f"{entry.name}_{entry.ending}",
            unit=entry.unit,
            title=entry.title,
            better=entry.better,
            column=Column.ALWAYS,
            source=entry.source,
        ),
        loss=Figure(
            name=f"{entry.name}_{entry.worse}_{entry.ending}",
            unit=entry.unit,
            title=f"{entry.title} {entry.worse}",
            points=entry.unit == "fraction",
            column=Column.ALWAYS,
            source=entry.source,
        ),
        ratio=Figure(
            name=f"{entry.name}_ratio",
            unit="ratio",
            title=f"{entry.title}/float",
            better=entry.better,
            column=Column.NEVER,
            source=entry.source,
        ),
    )


def add_quality(entry: TaskMetric) -> None:
    """Register the figures and metrics of *entry*, a task metric of numbers.

    ``NAME`` is its level, ``NAME_drop`` or ``NAME_rise`` what is lost, ``NAME_change`` how far it may move from a baseline.

    Raises:
        InvalidName, DuplicateName: a metric or figure has a name of its.
    """
    own = quality_figures(entry)
    of_loss = UNITS["points"] if own.loss.points else {entry.unit: 1.0}
    change = Change(
        name=f"{entry.name}_change", figure=own.level, rule=ChangeRule.QUALITY, units=of_loss, source=entry.source
    )
    if figures.entries.get(own.ratio.name) != own.ratio:
        add_figure(own.ratio)
    add_metric(
        Metric(
            name=f"{entry.name}_{entry.worse}",
            title=entry.title,
            figure=own.loss,
            stage=Stage.PROBE,
            rule=Rule.LOSS,
            own_units={**of_loss, "x": 1.0},
            factor=own.ratio,
            change=change,
            source=entry.source,
        )
    )
    add_metric(
        Metric(
            name=entry.name,
            title=entry.title,
            figure=own.level,
            stage=Stage.PROBE,
            rule=Rule.LEVEL,
            signed=True,
            change=change,
            source=entry.source,
        )
    )
