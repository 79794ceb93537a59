"""Exported float programs in half precision, for every runtime that takes them."""

from __future__ import annotations

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
