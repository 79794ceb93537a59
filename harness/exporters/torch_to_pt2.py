"""PyTorch models as exported programs (``.pt2``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.core.data import Array
from harness.core.model import Input
from harness.core.source import Source
from harness.exporters.registry import add_exporter

LARGEST_BATCH = 4096
TRACES = ("stack_trace", "nn_module_stack", "source_fn_stack", "from_node", "torch_fn")


def export_program(module: Any, example: Array) -> Any:
    """The exported program of *module* with a free batch dimension, from an *example* batch of two or more."""
    import torch

    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    with torch.no_grad():
        return torch.export.export(module, (torch.from_numpy(example.copy()),), dynamic_shapes=({0: batch},))


def save_program(program: Any, path: Path) -> None:
    """Save *program* without stack traces: they are most of a small file and hold the paths of this checkout."""
    import torch

    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                for name in TRACES:
                    node.meta.pop(name, None)
    torch.export.save(program, str(path))


class TorchToPt2:
    """``torch.export`` with a dynamic batch."""

    name = "torch_to_pt2"
    framework = "torch"
    format = "pt2"
    packages = ("torch",)

    def __init__(self) -> None:
        self.source = Source.of(TorchToPt2)

    def export(self, model: Any, taken: Input, example: Array, path: Path) -> None:
        """Write *model* to *path*."""
        save_program(export_program(model.eval(), example), path)


add_exporter(TorchToPt2())
