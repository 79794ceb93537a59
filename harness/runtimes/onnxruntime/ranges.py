"""Ranges of activations for onnxruntime's static quantization."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.core.tensors import Array

CALIBRATION_BATCH = 32
MINMAX = "minmax"
METHODS = {MINMAX: "MinMax", "entropy": "Entropy", "percentile": "Percentile"}
"""Ways to find them, and what onnxruntime's CalibrationMethod calls them."""
ENTROPY_BINS = 1024
"""onnxruntime has 128, as many as levels, so that nothing is left to choose: its entropy is minimum and maximum again.

Twice as many take twice as long, half a minute for a MobileNet.
"""


class CalibrationBatches:
    """Batches as onnxruntime's quantizer reads them."""

    def __init__(self, batches: Sequence[Mapping[str, Array]]) -> None:
        self._batches = batches
        self._at = 0

    def get_next(self) -> Mapping[str, Array] | None:
        """The next batch by input name; None at the end."""
        self._at += 1
        return self._batches[self._at - 1] if self._at <= len(self._batches) else None

    def rewind(self) -> None:
        """Begin again."""
        self._at = 0


def write_histogram_ranges(model: Path, method: str, batches: Sequence[Mapping[str, Array]], path: Path) -> None:
    """Write ranges for all tensors of *model* to *path*, as ``quantize_static`` reads them from its calibration cache.

    Batch by batch: at one time onnxruntime would hold every activation of every sample, and can't stack batches of
    different lengths.

    Args:
        model: the preprocessed ONNX file.
        method: ``Entropy`` or ``Percentile`` (99.999 %, onnxruntime's own).
        batches: what it is calibrated with, by the names of the model's inputs.
        path: of the file to write.
    """
    from onnxruntime.quantization import CalibrationMethod
    from onnxruntime.quantization.calibrate import create_calibrator, save_tensors_data

    with tempfile.TemporaryDirectory() as folder:
        calibrator = create_calibrator(
            model,
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
            calibrate_method=CalibrationMethod[method],
            extra_options={"num_bins": ENTROPY_BINS} if method == "Entropy" else {},
        )
        for batch in batches:
            calibrator.collect_data(CalibrationBatches([batch]))
        save_tensors_data(calibrator.compute_data(), path)
