"""PyTorch models as ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.core.data import Array
from harness.core.model import Input
from harness.core.source import Source
from harness.exporters.torch_exportable import exportable, refusals_explained
from harness.registering import exporter

LARGEST_BATCH = 4096


@exporter
class TorchToOnnx:
    """``torch.onnx.export`` by way of ``torch.export``, with a dynamic batch and the weights inside the file."""

    name = "torch_to_onnx"
    source: Source
    framework = "torch"
    format = "onnx"
    packages = ("torch", "onnx", "onnxscript")

    def export(self, model: Any, taken: Input, example: Array, path: Path) -> Path:
        """Write *model* to *path*; its input is called as *taken* says, its output ``output``."""
        import onnx
        import torch

        batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
        with refusals_explained(model):
            torch.onnx.export(
                exportable(model),
                (torch.from_numpy(example.copy()),),
                str(path),
                dynamo=True,
                dynamic_shapes=({0: batch},),
                input_names=[taken.name],
                output_names=["output"],
                external_data=False,
                verbose=False,
            )
        exported = onnx.load(str(path))
        _strip_traces(exported.graph)
        onnx.save(exported, str(path))
        return path


def _strip_traces(graph: Any) -> None:
    """Remove doc strings and metadata: they hold stack traces with the paths of this checkout, so sizes would differ."""
    graph.doc_string = ""
    del graph.metadata_props[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]
