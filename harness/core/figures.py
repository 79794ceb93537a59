"""Every figure that the harness measures, as a constant, in the order of a table's columns.

Elsewhere a figure is the constant, nowhere its name as a text. What a run side tells besides has no constant and no column.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.core.figure import Better, Column, Figure, add_figure, ratio_of

HIGHER = Better.HIGHER
ALWAYS, MODELS, NEVER = Column.ALWAYS, Column.MODELS, Column.NEVER
NEARLY_ONE = (0.98, 1.02)


def _shown(name: str, unit: str, title: str, column: Column = ALWAYS, better: Better = Better.LOWER) -> Figure:
    return add_figure(Figure(name=name, unit=unit, title=title, column=column, better=better))


def _gated(name: str, unit: str, title: str, better: Better = Better.LOWER) -> Figure:
    return _shown(name, unit, title, Column.GATED, better)


def _hidden(name: str, unit: str) -> Figure:
    return add_figure(Figure(name=name, unit=unit, column=NEVER))


def _points(name: str, title: str, column: Column = ALWAYS, better: Better = Better.LOWER) -> Figure:
    return add_figure(Figure(name=name, unit="fraction", title=title, points=True, column=column, better=better))


# Predictions.
ACCURACY = _shown("accuracy_fraction", "fraction", "accuracy", better=HIGHER)
ACCURACY_DROP = _points("accuracy_drop_fraction", "drop")
WORST_CLASS_DROP = _points("worst_class_drop_fraction", "worst class", Column.GATED)
NEGATIVE_FLIPS = _gated("negative_flips_fraction", "fraction", "flips")
NEGATIVE_FLIPS_COUNT = _hidden("negative_flips_count", "samples")
POSITIVE_FLIPS_COUNT = _hidden("positive_flips_count", "samples")
ACCURACY_GAIN = _points("accuracy_gain_fraction", "gain", better=HIGHER)
GAIN_LOST_COUNT = _hidden("gain_lost_count", "samples")
GAIN_WON_COUNT = _hidden("gain_won_count", "samples")
CALIBRATION_SPREAD = _points("calibration_spread_fraction", "calibration spread")
AGREEMENT = _shown("agreement_fraction", "fraction", "agree", better=HIGHER)
OUTPUT_ERROR = _gated("output_max_error_abs", "abs", "output error")
SQNR = _gated("output_sqnr_db", "dB", "sqnr", better=HIGHER)
CORRELATION = _hidden("output_correlation", "correlation")

# What the artifact holds.
SIZE = _shown("size_bytes", "bytes", "size")
SIZE_RATIO = add_figure(ratio_of(SIZE, column=ALWAYS))
WEIGHTS = _shown("weights_bytes", "bytes", "weights")
WEIGHTS_RATIO = add_figure(ratio_of(WEIGHTS))
REST = _hidden("rest_bytes", "bytes")
INT8_SHARE = _gated("int8_share_fraction", "fraction", "int8", HIGHER)
FP16_SHARE = _gated("fp16_share_fraction", "fraction", "fp16", HIGHER)
FP32_SHARE = _gated("fp32_share_fraction", "fraction", "fp32", HIGHER)
SPARSITY = add_figure(
    Figure(name="sparsity_fraction", unit="fraction", title="sparsity", better=HIGHER, column=ALWAYS, usual=(0.0, 0.05))
)
PARAMETERS = _shown("parameters_count", "count", "params", MODELS)
PARAMETERS_RATIO = add_figure(ratio_of(PARAMETERS, column=ALWAYS, usual=NEARLY_ONE))
MACS = _shown("macs_count", "count", "MACs", MODELS)
MACS_RATIO = add_figure(ratio_of(MACS, column=ALWAYS, usual=NEARLY_ONE))
GZIP = _shown("gzip_bytes", "bytes", "gzip")
GZIP_RATIO = add_figure(ratio_of(GZIP))
ZSTD = _hidden("zstd_bytes", "bytes")
ZSTD_RATIO = add_figure(ratio_of(ZSTD, title="zstd/fp32", column=ALWAYS))

# Times and memory.
LATENCY = _shown("latency_p50_ns_per_inference", "ns", "p50")
LATENCY_RATIO = add_figure(ratio_of(LATENCY, name="latency_ratio", title="time/fp32", column=ALWAYS))
LATENCY_PERCENTILES: Mapping[int, Figure] = {
    percent: _gated(f"latency_p{percent}_ns_per_inference", "ns", f"p{percent}") for percent in (90, 95, 99)
}
"""Given only where so many samples were taken that a limit beyond all of them would be decided."""
LATENCY_TRIMMED_MEAN = _hidden("latency_trimmed_mean_ns_per_inference", "ns")
COMPILE = _shown("compile_ns", "ns", "compile")
LOAD = _gated("load_ns", "ns", "load")
LOAD_RATIO = add_figure(ratio_of(LOAD))
FIRST_INFERENCE = _gated("first_inference_ns", "ns", "first inference")
FIRST_INFERENCE_RATIO = add_figure(ratio_of(FIRST_INFERENCE))
MEMORY = add_figure(
    Figure(name="memory_peak_bytes", unit="bytes", title="peak memory", column=ALWAYS, zero_is_measured=True)
)
MEMORY_RATIO = add_figure(ratio_of(MEMORY, name="memory_ratio", title="memory/fp32"))
MEMORY_IDLE = _hidden("memory_idle_bytes", "bytes")
ARENA = _shown("arena_bytes", "bytes", "arena")
PLACEMENT = add_figure(
    Figure(
        name="placement_fraction", unit="fraction", title="placement", better=HIGHER, column=ALWAYS, usual=(1.0, 1.0)
    )
)
