"""PyTorch models as ONNX files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.exporters.onnx_names import check_names
from harness.exporters.torch_exportable import arguments, exportable, free_shapes, refusals_explained
from harness.registering import exporter


@exporter
class TorchToOnnx:
    """``torch.onnx.export`` by way of ``torch.export``, with a dynamic batch and the weights inside the file."""

    name = "torch_to_onnx"
    source: Source
    framework = "torch"
    format = "onnx"
    packages = ("torch", "onnx", "onnxscript")
    extra = "torch"

    def export(self, model: Any, signature: Signature, example: Mapping[str, Array], path: Path) -> Path:
        """Write *model* to *path*; its inputs and outputs are called as *signature* says.

        Raises:
            UnsupportedModel: one name is an input's and an output's.
        """
        check_names(signature)
        import onnx
        import torch

        with refusals_explained(model):
            module = exportable(model, signature, example)
            torch.onnx.export(
                module,
                arguments(example),
                str(path),
                dynamo=True,
                dynamic_shapes=free_shapes(module, signature, free_batch=True),
                input_names=list(signature.input_names),
                output_names=list(signature.outputs),
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
