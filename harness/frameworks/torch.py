"""PyTorch models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.core.data import Array
from harness.core.source import Source
from harness.errors import ContractError
from harness.frameworks.registry import frameworks

BATCH = 256


class Torch:
    """Eager PyTorch on one thread."""

    name = "torch"
    packages = ("torch",)

    def __init__(self) -> None:
        self.source = Source.of(Torch)

    def state(self, model: Any) -> Mapping[str, Array]:
        """All parameters and buffers by name.

        Raises:
            ContractError: *model* is not a ``torch.nn.Module``.
        """
        import torch

        if not isinstance(model, torch.nn.Module):
            raise ContractError(f"the model function returned {type(model).__name__}, not a torch.nn.Module")
        return {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}

    def predict(self, model: Any, inputs: Array) -> Array:
        """Outputs (n, ...) in evaluation mode.

        Raises:
            ContractError: the model does not return one tensor with a row per sample.
        """
        import torch

        torch.set_num_threads(1)
        model.eval()
        parts = []
        with torch.inference_mode():
            for start in range(0, len(inputs), BATCH):
                batch = torch.from_numpy(np.ascontiguousarray(inputs[start : start + BATCH]))
                outputs = model(batch)
                if not isinstance(outputs, torch.Tensor) or outputs.shape[:1] != batch.shape[:1]:
                    raise ContractError("the model must return one tensor with a row per sample")
                parts.append(outputs.numpy())
        return np.concatenate(parts)


frameworks.add(Torch())
