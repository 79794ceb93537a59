"""PyTorch models as exported programs (``.pt2``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.exporters.torch_exportable import arguments, exportable, free_shapes, refusals_explained
from harness.registering import exporter

PATHS = ("stack_trace", "from_node")
"""Node metadata that holds the paths of this checkout: an artifact must not depend on where it was built."""
ORIGINS = ("nn_module_stack", "source_fn_stack", "torch_fn")
"""Node metadata that quantizers match patterns by; a finished artifact has no use for it."""


def export_program(module: Any, signature: Signature, example: Mapping[str, Array]) -> Any:
    """The exported program of *module*, as ``exportable`` gives it, with a free batch, from an *example* of two or more."""
    import torch

    with torch.no_grad():
        return torch.export.export(
            module, arguments(example), dynamic_shapes=free_shapes(module, signature, free_batch=True)
        )


def save_program(program: Any, path: Path, drop: Sequence[str] = (*PATHS, *ORIGINS)) -> None:
    """Save *program* without the node metadata named in *drop*, which is most of a small file."""
    import torch

    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                for name in drop:
                    node.meta.pop(name, None)
    torch.export.save(program, str(path))


@exporter
class TorchToPt2:
    """``torch.export`` with a dynamic batch."""

    name = "torch_to_pt2"
    source: Source
    framework = "torch"
    format = "pt2"
    packages = ("torch",)
    extra = "torch"

    def export(self, model: Any, signature: Signature, example: Mapping[str, Array], path: Path) -> Path:
        """Write *model* to *path*; its inputs and outputs stand in the order of *signature*."""
        with refusals_explained(model):
            program = export_program(exportable(model, signature, example), signature, example)
        save_program(program, path, drop=PATHS)
        return path
