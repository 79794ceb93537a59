"""The meters that ship."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from harness.core import figures
from harness.core.figure import Figure
from harness.core.measurement import Measurement
from harness.core.metric import Stage
from harness.meters.accuracy import evaluation_measurements
from harness.meters.latency import latency_measurements
from harness.meters.memory import memory_measurements
from harness.meters.registry import FunctionMeter, add_meter
from harness.meters.runtime_figures import runtime_measurements
from harness.meters.size import size_measurements
from harness.meters.start import start_measurements, timed_start_measurements


def _add(name: str, stage: Stage, measure: Callable[[Any], Iterable[Measurement]], *given: Figure) -> None:
    add_meter(FunctionMeter(name=name, stage=stage, figures=given, measure=measure))


_add(
    "size",
    Stage.ARTIFACT,
    size_measurements,
    *(figures.SIZE, figures.WEIGHTS, figures.REST, figures.GZIP, figures.ZSTD, figures.PARAMETERS, figures.MACS),
    *(figures.INT8_SHARE, figures.FP16_SHARE, figures.FP32_SHARE, figures.SPARSITY),
)
_add("start", Stage.PROBE, start_measurements, figures.LOAD, figures.FIRST_INFERENCE)
_add("memory", Stage.PROBE, memory_measurements, figures.MEMORY, figures.MEMORY_IDLE)
_add("runtime", Stage.PROBE, runtime_measurements, figures.ARENA, figures.COMPILE, figures.PLACEMENT)
_add(
    "accuracy",
    Stage.PROBE,
    evaluation_measurements,
    *(figures.ACCURACY, figures.ACCURACY_DROP, figures.WORST_CLASS_DROP, figures.NEGATIVE_FLIPS),
    *(figures.NEGATIVE_FLIPS_COUNT, figures.POSITIVE_FLIPS_COUNT),
    *(figures.AGREEMENT, figures.OUTPUT_ERROR, figures.SQNR),
)
_add(
    "latency",
    Stage.TIMING,
    latency_measurements,
    *(figures.LATENCY, figures.LATENCY_TRIMMED_MEAN, figures.LATENCY_RATIO, *figures.LATENCY_PERCENTILES.values()),
)
_add(
    "timed_start",
    Stage.TIMING,
    timed_start_measurements,
    *(figures.LOAD, figures.LOAD_RATIO, figures.FIRST_INFERENCE, figures.FIRST_INFERENCE_RATIO),
)
