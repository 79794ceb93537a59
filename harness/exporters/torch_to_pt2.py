"""PyTorch models as exported programs (``.pt2``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.core.data import Array
from harness.core.model import Input
from harness.core.source import Source
from harness.exporters.torch_exportable import exportable, refusals_explained
from harness.registering import exporter

LARGEST_BATCH = 4096
PATHS = ("stack_trace", "from_node")
"""Node metadata that holds the paths of this checkout: an artifact must not depend on where it was built."""
ORIGINS = ("nn_module_stack", "source_fn_stack", "torch_fn")
"""Node metadata that quantizers match patterns by; a finished artifact has no use for it."""


def export_program(module: Any, example: Array) -> Any:
    """The exported program of *module* with a free batch dimension, from an *example* batch of two or more."""
    import torch

    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    with torch.no_grad():
        return torch.export.export(module, (torch.from_numpy(example.copy()),), dynamic_shapes=({0: batch},))


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

    def export(self, model: Any, taken: Input, example: Array, path: Path) -> Path:
        """Write *model* to *path*."""
        with refusals_explained(model):
            program = export_program(exportable(model), example)
        save_program(program, path, drop=PATHS)
        return path
