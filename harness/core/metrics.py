"""What can be demanded of a cell: each metric with its unit, its direction and the stage that measures it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.core.limits import Limit
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
    PROPORTION = "proportion"
    """A share of samples, with a binomial interval."""
    INTERVAL = "interval"
    """A figure that carries its own confidence interval."""


_SHARE = {"%": 0.01}
_POINTS = {"pp": 0.01}
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
    units: Mapping[str, float]
    higher_is_better: bool = False
    default: Limit | None
    """The limit when a budget names none; None means that a change is noted, never failed."""


ACCURACY_CHANGE = Change(
    name="accuracy_change",
    figure="accuracy_fraction",
    units=_POINTS,
    higher_is_better=True,
    default=Limit(value=0.01, text="1 pp"),
)
SIZE_CHANGE = Change(name="size_change", figure="size_bytes", units=_TIMES, default=Limit(value=1.0, text="1 x"))
LATENCY_CHANGE = Change(name="latency_change", figure="latency_p50_ns_per_inference", units=_TIMES, default=None)
MEMORY_CHANGE = Change(name="memory_change", figure="memory_peak_bytes", units=_TIMES, default=None)
CHANGES = {change.name: change for change in (ACCURACY_CHANGE, SIZE_CHANGE, LATENCY_CHANGE, MEMORY_CHANGE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing a test can gate on."""

    name: str
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
    change: Change | None = None


_ALL = (
    Metric(
        name="accuracy_drop",
        figure="accuracy_drop_fraction",
        stage=Stage.PROBE,
        unit="fraction",
        units=_POINTS,
        rule=Rule.PAIRED_DROP,
        change=ACCURACY_CHANGE,
    ),
    Metric(
        name="accuracy",
        figure="accuracy_fraction",
        stage=Stage.PROBE,
        unit="fraction",
        units=_SHARE,
        rule=Rule.PROPORTION,
        at_most=False,
        change=ACCURACY_CHANGE,
    ),
    Metric(
        name="agreement",
        figure="agreement_fraction",
        stage=Stage.PROBE,
        unit="fraction",
        units=_SHARE,
        rule=Rule.PROPORTION,
        at_most=False,
    ),
    Metric(name="output_error", figure="output_max_error_abs", stage=Stage.PROBE, unit="abs", units={"abs": 1.0}),
    Metric(name="sqnr", figure="output_sqnr_db", stage=Stage.PROBE, unit="dB", units={"dB": 1.0}, at_most=False),
    Metric(name="size", figure="size_bytes", stage=Stage.ARTIFACT, unit="bytes", units=_BYTES, change=SIZE_CHANGE),
    Metric(
        name="size_ratio",
        figure="size_ratio",
        stage=Stage.ARTIFACT,
        unit="ratio",
        units=_TIMES,
        relative=True,
        numerator="size_bytes",
        change=SIZE_CHANGE,
    ),
    Metric(
        name="weights_ratio",
        figure="weights_ratio",
        stage=Stage.ARTIFACT,
        unit="ratio",
        units=_TIMES,
        relative=True,
        numerator="weights_bytes",
    ),
    Metric(
        name="gzip_ratio",
        figure="gzip_ratio",
        stage=Stage.ARTIFACT,
        unit="ratio",
        units=_TIMES,
        relative=True,
        numerator="gzip_bytes",
    ),
    Metric(
        name="latency",
        figure="latency_p50_ns_per_inference",
        stage=Stage.TIMING,
        unit="ns",
        units=_TIME,
        rule=Rule.INTERVAL,
        change=LATENCY_CHANGE,
    ),
    Metric(
        name="latency_ratio",
        figure="latency_ratio",
        stage=Stage.TIMING,
        unit="ratio",
        units=_TIMES,
        rule=Rule.INTERVAL,
        relative=True,
        numerator="latency_p50_ns_per_inference",
        change=LATENCY_CHANGE,
    ),
    Metric(
        name="memory",
        figure="memory_peak_bytes",
        stage=Stage.PROBE,
        unit="bytes",
        units=_BYTES,
        change=MEMORY_CHANGE,
    ),
    Metric(
        name="memory_ratio",
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


def metric_named(name: str) -> Metric:
    """The metric called *name*.

    Raises:
        UnknownName: there is none; near matches are offered.
    """
    if name not in METRICS:
        raise UnknownName.among("metric", name, METRICS)
    return METRICS[name]
