"""What can be demanded of a cell: every metric that ships, and the registry that others are added to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.core import figures as figure
from harness.core.figure import NOWHERE, Figure, add_figure, figures
from harness.core.limits import Limit
from harness.core.metric import POINTS_OR_ERRORS, Change, ChangeRule, Companion, Metric, Rule, Stage
from harness.core.registry import Registry
from harness.core.source import Source
from harness.core.timing import Span
from harness.errors import DuplicateName, UnknownName

ARTIFACT, PROBE, TIMING = Stage.ARTIFACT, Stage.PROBE, Stage.TIMING

ACCURACY_CHANGE = Change(
    name="accuracy_change",
    figure=figure.ACCURACY,
    rule=ChangeRule.OUTCOME,
    units=POINTS_OR_ERRORS,
    default=Limit(value=0.01, text="1 pp", unit="pp"),
    vacuous=0.5,
)
SIZE_CHANGE = Change(
    name="size_change",
    figure=figure.SIZE,
    rule=ChangeRule.EXACT,
    default=Limit(value=1.0, text="1 x", unit="x"),
)
MEMORY_CHANGE = Change(name="memory_change", figure=figure.MEMORY, rule=ChangeRule.MEASURED)

changes: Registry[Change] = Registry("change of a metric")
metrics: Registry[Metric] = Registry("metric")
CHANGES: Mapping[str, Change] = changes.entries
METRICS: Mapping[str, Metric] = metrics.entries


def add_metric(metric: Metric) -> Metric:
    """Register *metric*, and its figure and its change where they are not yet known; returned with where that was.

    Raises:
        ContractError: the figure's name does not end in its unit.
        InvalidName, DuplicateName: another metric, change or figure has a name of its.
    """
    source = Source.of_caller() if metric.source == NOWHERE else metric.source
    metric = replace(metric, source=source)
    change = metric.change
    if metric.name in CHANGES:
        raise DuplicateName(f"metric {metric.name!r} ({source}) has the name of a change. Rename it.")
    if figures.entries.get(metric.figure.name) != metric.figure:
        add_figure(replace(metric.figure, source=source))
    if change is not None and CHANGES.get(change.name) != change:
        changes.add(replace(change, source=source))
    metrics.add(metric)
    return metric


def ratio_metric(ratio: Figure, stage: Stage, title: str, **more: Any) -> Metric:
    """The metric on *ratio*, a figure made by ``ratio_of``, and of its name."""
    return Metric(name=ratio.name, title=title, figure=ratio, stage=stage, **more)


def metric_named(name: str) -> Metric:
    """The metric called *name*.

    Raises:
        UnknownName: there is none; near matches are offered.
    """
    return metrics.get(name)


def relative_figures(stage: Stage) -> list[Figure]:
    """The ratios to the reference artifact's figures that *stage* gives."""
    return [metric.figure for metric in METRICS.values() if metric.relative and metric.stage is stage]


def limit_units(key: str, remedy: str = "") -> Mapping[str, float]:
    """The units of the budget key *key*, a metric or a change; *remedy* ends the error.

    Raises:
        UnknownName: it is neither; near matches are offered.
    """
    for table in (CHANGES, METRICS):
        if key in table:
            return table[key].units
    raise UnknownName.among("metric", key, [*METRICS, *CHANGES], remedy)


def _of_times(name: str, span: Span, times: Figure, ratio: Figure) -> tuple[Metric, Metric]:
    """The metric *name* on *times* of *span*, and that on their *ratio* to the reference's, with the change that both share."""
    change = Change(name=f"{name}_change", figure=times, ratio=ratio, rule=ChangeRule.TIMED)
    title = name.replace("_", " ")
    of_times = Metric(name=name, title=title, figure=times, stage=TIMING, rule=Rule.ABSOLUTE, span=span, change=change)
    return of_times, ratio_metric(ratio, TIMING, title, rule=Rule.RATIO, span=span, change=change)


_SHIPPED = (
    Metric(
        name="accuracy_drop",
        title="accuracy",
        figure=figure.ACCURACY_DROP,
        stage=PROBE,
        rule=Rule.PAIRED_DROP,
        own_units=POINTS_OR_ERRORS,
        change=ACCURACY_CHANGE,
        vacuous=0.5,
    ),
    Metric(
        name="accuracy",
        title="accuracy",
        figure=figure.ACCURACY,
        stage=PROBE,
        rule=Rule.ACCURACY,
        change=ACCURACY_CHANGE,
    ),
    Metric(
        name="worst_class_drop",
        title="worst class",
        figure=figure.WORST_CLASS_DROP,
        stage=PROBE,
        rule=Rule.WORST_CLASS,
        per_sample=True,
        vacuous=0.5,
    ),
    Metric(
        name="negative_flips",
        title="negative flips",
        figure=figure.NEGATIVE_FLIPS,
        stage=PROBE,
        rule=Rule.PROPORTION,
        per_sample=True,
        vacuous=0.5,
    ),
    Metric(
        name="accuracy_gain",
        title="accuracy gain",
        figure=figure.ACCURACY_GAIN,
        stage=PROBE,
        rule=Rule.PAIRED_GAIN,
        companion=Companion.CONTROL,
        per_sample=True,
        signed=True,
    ),
    Metric(
        name="calibration_spread",
        title="calibration spread",
        figure=figure.CALIBRATION_SPREAD,
        stage=PROBE,
        companion=Companion.DRAWS,
        vacuous=0.5,
    ),
    Metric(
        name="agreement", title="agreement", figure=figure.AGREEMENT, stage=PROBE, rule=Rule.PROPORTION, vacuous=0.5
    ),
    Metric(name="output_error", title="output error", figure=figure.OUTPUT_ERROR, stage=PROBE),
    Metric(name="sqnr", title="sqnr", figure=figure.SQNR, stage=PROBE),
    Metric(name="size", title="size", figure=figure.SIZE, stage=ARTIFACT, change=SIZE_CHANGE),
    ratio_metric(figure.SIZE_RATIO, ARTIFACT, "size", change=SIZE_CHANGE, vacuous=1.5),
    ratio_metric(figure.WEIGHTS_RATIO, ARTIFACT, "weights", vacuous=1.5),
    ratio_metric(figure.GZIP_RATIO, ARTIFACT, "gzip size", vacuous=1.5),
    ratio_metric(figure.ZSTD_RATIO, ARTIFACT, "zstd size", vacuous=1.5),
    ratio_metric(figure.PARAMETERS_RATIO, ARTIFACT, "parameters", vacuous=1.5),
    ratio_metric(figure.MACS_RATIO, ARTIFACT, "MACs", vacuous=1.5),
    Metric(name="int8_share", title="int8 share", figure=figure.INT8_SHARE, stage=ARTIFACT),
    Metric(name="fp16_share", title="fp16 share", figure=figure.FP16_SHARE, stage=ARTIFACT),
    Metric(name="fp32_share", title="fp32 share", figure=figure.FP32_SHARE, stage=ARTIFACT),
    Metric(name="sparsity", title="sparsity", figure=figure.SPARSITY, stage=ARTIFACT),
    Metric(name="placement", title="placement", figure=figure.PLACEMENT, stage=PROBE),
    *_of_times("latency", Span.INFERENCE, figure.LATENCY, figure.LATENCY_RATIO),
    *(
        Metric(
            name=f"latency_p{percent}",
            title=f"latency p{percent}",
            figure=of_times,
            stage=TIMING,
            rule=Rule.TAIL,
            percent=percent,
        )
        for percent, of_times in figure.LATENCY_PERCENTILES.items()
    ),
    *_of_times("load", Span.LOAD, figure.LOAD, figure.LOAD_RATIO),
    *_of_times("first_inference", Span.FIRST_INFERENCE, figure.FIRST_INFERENCE, figure.FIRST_INFERENCE_RATIO),
    Metric(name="memory", title="memory", figure=figure.MEMORY, stage=PROBE, change=MEMORY_CHANGE),
    Metric(name="arena", title="arena", figure=figure.ARENA, stage=PROBE),
    ratio_metric(figure.MEMORY_RATIO, PROBE, "memory", change=MEMORY_CHANGE),
)
for _metric in _SHIPPED:
    add_metric(_metric)
PLACEMENT = METRICS["placement"]
