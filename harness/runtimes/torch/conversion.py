"""Exported float programs in half precision, and what their quantizers saw; for every runtime that takes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def halved(source: Path) -> Any:
    """The program in *source* with weights and arithmetic in half precision, inputs and outputs in float."""
    import torch

    inner = torch.export.load(str(source)).module().half()

    class FloatInOut(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x.half()).float()  # type: ignore[no-any-return]

    return FloatInOut()


def activation_scales(prepared: Any) -> Iterator[tuple[str, float]]:
    """The scale that each range asks for that *prepared*, a module of PT2E quantization, saw in calibration.

    Read from the ranges: the scales that observers make of them are never finer than their least one, which hides it.
    """
    for node in prepared.graph.nodes:
        if node.op == "call_module" and node.args[0].op != "get_attr":
            seen = prepared.get_submodule(node.target)
            if hasattr(seen, "max_val") and seen.max_val.numel() == 1:
                width = max(float(seen.max_val), 0.0) - min(float(seen.min_val), 0.0)
                yield node.args[0].name, width / (seen.quant_max - seen.quant_min)
