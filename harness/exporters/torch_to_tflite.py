"""PyTorch models as LiteRT (TensorFlow Lite) files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.core.data import Array
from harness.core.model import Input
from harness.core.source import Source
from harness.exporters.tensorflow_settings import quiet_tensorflow
from harness.exporters.torch_exportable import exportable, refusals_explained
from harness.registering import exporter


@exporter
class TorchToTflite:
    """``litert_torch.convert`` with a batch of one: models that flatten their features can't keep a free batch."""

    name = "torch_to_tflite"
    source: Source
    framework = "torch"
    format = "tflite"
    packages = ("torch", "litert-torch")

    def export(self, model: Any, taken: Input, example: Array, path: Path) -> Path:
        """Write *model* to *path*."""
        quiet_tensorflow()
        import litert_torch
        import torch

        with refusals_explained(model):
            converted = litert_torch.convert(exportable(model), (torch.from_numpy(example[:1].copy()),))
        converted.export(str(path))
        return path
