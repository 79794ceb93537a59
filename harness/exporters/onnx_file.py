"""An ONNX file as the interchange file that it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.registering import exporter


@exporter
class OnnxUnchanged:
    """The bytes of the file, with its weights inside."""

    name = "onnx_file"
    source: Source
    framework = "onnx"
    format = "onnx"
    packages = ("onnx",)
    extra = "onnxruntime"

    def export(self, model: Any, signature: Signature, example: Mapping[str, Array], path: Path) -> Path:
        """Write *model* to *path*."""
        path.write_bytes(model.content)
        return path
