"""A TFLite file as the interchange file that it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.registering import exporter


@exporter
class TfliteUnchanged:
    """The bytes of the file."""

    name = "tflite_file"
    source: Source
    framework = "tflite"
    format = "tflite"
    packages = ()
    extra = "litert"

    def export(self, model: Any, signature: Signature, example: Mapping[str, Array], path: Path) -> Path:
        """Write *model* to *path*."""
        path.write_bytes(model.content)
        return path
