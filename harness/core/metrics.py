"""What can be demanded of a cell: each metric with its unit, its direction and the stage that measures it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.core.limits import ERROR_TIMES, Limit
from harness.errors import UnknownName


class Stage(StrEnum):
    """How much work a figure needs; a later stage includes the earlier ones."""

    ARTIFACT = "artifact"
    """The built artifact alone."""
    PROBE = "probe"
    """One worker: load, predictions, memory."""
    TIMING = "timing"
    """Workers timed in alternation with the reference."""


class Rule(StrEnum):
    """How a figure is compared with its limit."""

    EXACT = "exact"
    PAIRED_DROP = "paired drop"
    """A difference of two accuracies on the same samples."""
    WORST_CLASS = "worst class"
    """The same for every class, corrected for their number."""
    PAIRED_GAIN = "paired gain"
    """A difference of two accuracies on the same samples, of a recipe and of its control."""
    PROPORTION = "proportion"
    """A share of samples, with a binomial interval."""
    RATIO = "ratio"
    """Times of two artifacts in alternation."""
    ABSOLUTE = "absolute"
    """Times of one artifact, against a time."""
    TAIL = "tail"
    """How many single inferences take longer than the limit."""


class Beside(StrEnum):
    """Other recipes that a figure is measured beside."""

    CONTROL = "control"
    """The recipe that lacks what this one is about."""
    DRAWS = "draws"
    """The same recipe with other calibration samples."""


_SHARE = {"%": 0.01}
_POINTS = {"pp": 0.01}
_POINTS_OR_ERRORS = {**_POINTS, ERROR_TIMES: 1.0}
_TIMES = {"x": 1.0}
_BYTES = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3}
_TIME = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How far a figure may move from its baseline."""

    name: str
    """The key in a budget table, such as ``size_change``."""
    figure: str
    """The measurement that is compared with the baseline."""
    beside: tuple[str, ...] = ()
    """Measurements that are stored with it, for other ways to compare."""
    units: Mapping[str, float]
    higher_is_better: bool = False
    default: Limit | None
    """The limit when a budget names none; None means that a change is noted, never failed."""
    vacuous: float
    """A limit beyond this allows more than half of the reference."""


ACCURACY_CHANGE = Change(
    name="accuracy_change",
    figure="accuracy_fraction",
    units=_POINTS_OR_ERRORS,
    higher_is_better=True,
    default=Limit(value=0.01, text="1 pp", unit="pp"),
    vacuous=0.5,
)
SIZE_CHANGE = Change(
    name="size_change",
    figure="size_bytes",
    units=_TIMES,
    default=Limit(value=1.0, text="1 x", unit="x"),
    vacuous=1.5,
)
LATENCY_CHANGE = Change(
    name="latency_change",
    figure="latency_p50_ns_per_inference",
    beside=("latency_ratio",),
    units=_TIMES,
    default=None,
    vacuous=1.5,
)
MEMORY_CHANGE = Change(name="memory_change", figure="memory_peak_bytes", units=_TIMES, default=None, vacuous=1.5)
CHANGES = {change.name: change for change in (ACCURACY_CHANGE, SIZE_CHANGE, LATENCY_CHANGE, MEMORY_CHANGE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing a test can gate on."""

    name: str
    title: str
    """What sentences call it."""
    figure: str
    """The measurement that is judged."""
    stage: Stage
    unit: str
    """The unit the figure is held in."""
    units: Mapping[str, float]
    """Units a limit may be written in, with the factor to ``unit``."""
    rule: Rule = Rule.EXACT
    at_most: bool = True
    """Whether the limit is an upper one."""
    relative: bool = False
    """Whether the figure is divided by the reference artifact's on the same runtime."""
    numerator: str = ""
    """Of a relative metric: the measurement that is divided."""
    percent: float = 50
    """Of a time: the percentile that is meant."""
    beside: Beside | None = None
    """The other recipes that it takes; a recipe that has none is reported without a figure, and nothing can be demanded."""
    signed: bool = False
    """Whether a limit may be negative."""
    standing: bool = False
    """Whether its limit holds in every case of a cell that names a provider, gated or not."""
    change: Change | None = None
    vacuous: float | None = None
    """A limit beyond this (for a lower limit: below it) allows more than half of the reference; None: no such bound."""


_ALL = (
    Metric(
        name="accuracy_drop",
        title="accuracy",
        figure="accuracy_drop_fraction",
        stage=Stage.PROBE,
        unit="fraction",
        units=_POINTS_OR_ERRORS,
        rule=Rule.PAIRED_DROP,
        change=ACCURACY_CHANGE,
        vacuous=0.5,
    ),
    Metric(
        name="accuracy",
        title="accuracy",
        figure="accuracy_fraction",
        stage=Stage.PROBE,
        unit="fraction",
        units=_SHARE,
        rule=Rule.PROPORTION,
        at_most=False,
        change=ACCURACY_CHANGE,
    ),
    Metric(
        name="worst_class_drop",
        title="worst class",
        figure="worst_class_drop_fraction",
        stage=Stage.PROBE,
        unit="fraction",
        units=_POINTS,
        rule=Rule.WORST_CLASS,
        vacuous=0.5,
    ),
    Metric(
        name="negative_flips",
        title="negative flips",
        figure="negative_flips_fraction",
        stage=Stage.PROBE,
        unit="fraction",
        units=_SHARE,
        rule=Rule.PROPORTION,
        vacuous=0.5,
    ),
    Metric(
        name="accuracy_gain",
        title="accuracy gain",
        figure="accuracy_gain_fraction",
        stage=Stage.PROBE,
        unit="fraction",
        units=_POINTS,
        rule=Rule.PAIRED_GAIN,
        beside=Beside.CONTROL,
        at_most=False,
        signed=True,
    ),
    Metric(
        name="calibration_spread",
        title="calibration spread",
        figure="calibration_spread_fraction",
        beside=Beside.DRAWS,
        stage=Stage.PROBE,
        unit="fraction",
        units=_POINTS,
        vacuous=0.5,
    ),
    Metric(
        name="agreement",
        title="agreement",
        figure="agreement_fraction",
        stage=Stage.PROBE,
        unit="fraction",
        units=_SHARE,
        rule=Rule.PROPORTION,
        at_most=False,
        vacuous=0.5,
    ),
    Metric(
        name="output_error",
        title="output error",
        figure="output_max_error_abs",
        stage=Stage.PROBE,
        unit="abs",
        units={"abs": 1.0},
    ),
    Metric(
        name="sqnr",
        title="sqnr",
        figure="output_sqnr_db",
        stage=Stage.PROBE,
        unit="dB",
        units={"dB": 1.0},
        at_most=False,
    ),
    Metric(
        name="size",
        title="size",
        figure="size_bytes",
        stage=Stage.ARTIFACT,
        unit="bytes",
        units=_BYTES,
        change=SIZE_CHANGE,
    ),
    Metric(
        name="size_ratio",
        title="size",
        figure="size_ratio",
        stage=Stage.ARTIFACT,
        unit="ratio",
        units=_TIMES,
        relative=True,
        numerator="size_bytes",
        change=SIZE_CHANGE,
        vacuous=1.5,
    ),
    Metric(
        name="weights_ratio",
        title="weights",
        figure="weights_ratio",
        stage=Stage.ARTIFACT,
        unit="ratio",
        units=_TIMES,
        relative=True,
        numerator="weights_bytes",
        vacuous=1.5,
    ),
    Metric(
        name="gzip_ratio",
        title="gzip size",
        figure="gzip_ratio",
        stage=Stage.ARTIFACT,
        unit="ratio",
        units=_TIMES,
        relative=True,
        numerator="gzip_bytes",
        vacuous=1.5,
    ),
    Metric(
        name="zstd_ratio",
        title="zstd size",
        figure="zstd_ratio",
        stage=Stage.ARTIFACT,
        unit="ratio",
        units=_TIMES,
        relative=True,
        numerator="zstd_bytes",
        vacuous=1.5,
    ),
    Metric(
        name="parameters_ratio",
        title="parameters",
        figure="parameters_ratio",
        stage=Stage.ARTIFACT,
        unit="ratio",
        units=_TIMES,
        relative=True,
        numerator="parameters_count",
        vacuous=1.5,
    ),
    Metric(
        name="macs_ratio",
        title="MACs",
        figure="macs_ratio",
        stage=Stage.ARTIFACT,
        unit="ratio",
        units=_TIMES,
        relative=True,
        numerator="macs_count",
        vacuous=1.5,
    ),
    Metric(
        name="int8_share",
        title="int8 share",
        figure="int8_share_fraction",
        stage=Stage.ARTIFACT,
        unit="fraction",
        units=_SHARE,
        at_most=False,
    ),
    Metric(
        name="fp16_share",
        title="fp16 share",
        figure="fp16_share_fraction",
        stage=Stage.ARTIFACT,
        unit="fraction",
        units=_SHARE,
        at_most=False,
    ),
    Metric(
        name="sparsity",
        title="sparsity",
        figure="sparsity_fraction",
        stage=Stage.ARTIFACT,
        unit="fraction",
        units=_SHARE,
        at_most=False,
    ),
    Metric(
        name="placement",
        title="placement",
        figure="placement_fraction",
        stage=Stage.PROBE,
        unit="fraction",
        units=_SHARE,
        at_most=False,
        standing=True,
    ),
    Metric(
        name="latency",
        title="latency",
        figure="latency_p50_ns_per_inference",
        stage=Stage.TIMING,
        unit="ns",
        units=_TIME,
        rule=Rule.ABSOLUTE,
        change=LATENCY_CHANGE,
    ),
    Metric(
        name="latency_ratio",
        title="latency",
        figure="latency_ratio",
        stage=Stage.TIMING,
        unit="ratio",
        units=_TIMES,
        rule=Rule.RATIO,
        relative=True,
        numerator="latency_p50_ns_per_inference",
        change=LATENCY_CHANGE,
    ),
    *(
        Metric(
            name=f"latency_p{percent}",
            title=f"latency p{percent}",
            figure=f"latency_p{percent}_ns_per_inference",
            stage=Stage.TIMING,
            unit="ns",
            units=_TIME,
            rule=Rule.TAIL,
            percent=percent,
        )
        for percent in (90, 95, 99)
    ),
    Metric(
        name="memory",
        title="memory",
        figure="memory_peak_bytes",
        stage=Stage.PROBE,
        unit="bytes",
        units=_BYTES,
        change=MEMORY_CHANGE,
    ),
    Metric(
        name="arena",
        title="arena",
        figure="arena_bytes",
        stage=Stage.PROBE,
        unit="bytes",
        units=_BYTES,
    ),
    Metric(
        name="memory_ratio",
        title="memory",
        figure="memory_ratio",
        stage=Stage.PROBE,
        unit="ratio",
        units=_TIMES,
        relative=True,
        numerator="memory_peak_bytes",
        change=MEMORY_CHANGE,
    ),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ALL}
PLACEMENT = METRICS["placement"]


def metric_named(name: str) -> Metric:
    """The metric called *name*.

    Raises:
        UnknownName: there is none; near matches are offered.
    """
    if name not in METRICS:
        raise UnknownName.among("metric", name, METRICS)
    return METRICS[name]
