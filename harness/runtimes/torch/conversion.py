"""Exported float programs in half precision, for every runtime that takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.core.signature import Signature


def halved(source: Path, signature: Signature) -> Any:
    """The program in *source* with weights and arithmetic in half precision, inputs and outputs in float."""
    import torch

    inner = torch.export.load(str(source)).module().half()
    _halve_casts(inner)

    class FloatInOut(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x.half()).float()  # type: ignore[no-any-return]

    class AllFloatsInOut(FloatInOut):
        def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:  # type: ignore[override]
            given = self.inner(*(one.half() if one.is_floating_point() else one for one in inputs))
            return tuple(one.float() if one.is_floating_point() else one for one in given)

    return FloatInOut() if signature.single else AllFloatsInOut()


def _halve_casts(module: Any) -> None:
    """Let operators of *module* that were traced as giving single precision give half: casts, and constants that are made."""
    import torch

    def halved_type(value: Any) -> Any:
        return torch.float16 if value is torch.float32 else value

    for part in module.modules():
        if isinstance(part, torch.fx.GraphModule):
            for node in part.graph.nodes:
                if node.op == "call_function":
                    node.args = tuple(halved_type(one) for one in node.args)
                    node.kwargs = {name: halved_type(one) for name, one in node.kwargs.items()}
            part.recompile()
