"""PyTorch models."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.source import Source
from harness.core.tensors import Array
from harness.errors import ContractError
from harness.frameworks.torch_structure import describe, rebuild
from harness.registering import framework

KEPT_WEIGHTS = "weights.safetensors"
KEPT_STRUCTURE = "structure.json"


@framework
class Torch:
    """Eager PyTorch on one thread."""

    name = "torch"
    source: Source
    packages = ("torch",)
    extra = "torch"

    def state(self, model: Any) -> Mapping[str, Array]:
        """All parameters and buffers by name.

        Raises:
            ContractError: *model* is not a ``torch.nn.Module``.
        """
        import torch

        if not isinstance(model, torch.nn.Module):
            raise ContractError(f"the model function returned {type(model).__name__}, not a torch.nn.Module")
        return {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}

    def predict(self, model: Any, inputs: Mapping[str, Array]) -> Any:
        """Outputs (n, ...) in evaluation mode, as the model nests them.

        Raises:
            ContractError: the model gives something else than tensors.
        """
        import torch

        torch.set_num_threads(1)
        model.eval()
        with torch.inference_mode():
            return _to_numpy(model(*_tensors(inputs)))

    def build(self, function: Callable[[], Any], seed: int) -> Any:
        """What *function* returns, with torch's random numbers seeded; the caller's stay as they were."""
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return function()

    def macs(self, model: Any, sample: Mapping[str, Array]) -> int | None:
        """Multiply-accumulates of convolutions and matrix products, by torch's own counter of floating point operations.

        That counts two operations for each.
        """
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        model.eval()
        counter = FlopCounterMode(display=False)
        with torch.no_grad(), counter:
            model(*_tensors(sample))
        return int(counter.get_total_flops()) // 2

    def keep(self, model: Any, bases: Mapping[str, Any], folder: Path) -> str:
        """Write *model* as safetensors, and as JSON how it differs from the nearest of *bases*.

        Layers are compared by class and arguments alone; whether it computes the same is for the caller to try.
        """
        import torch
        from safetensors.torch import save_file

        state = {name: tensor.detach().contiguous().clone() for name, tensor in model.state_dict().items()}
        found = {name: describe(model, base) for name, base in bases.items()}
        fitting = {name: changed for name, changed in found.items() if changed is not None}
        if not fitting or any(not isinstance(value, torch.Tensor) for value in state.values()):
            return ""
        name = min(fitting, key=lambda one: len(fitting[one]))
        save_file(state, str(folder / KEPT_WEIGHTS))
        written = {"base": name, "changed": fitting[name]}
        (folder / KEPT_STRUCTURE).write_text(json.dumps(written, sort_keys=True, indent=1), encoding="utf-8")
        return KEPT_STRUCTURE

    def restore(self, kept: Path, bases: Mapping[str, Callable[[], Any]]) -> Any:
        """The model that ``keep`` wrote, in evaluation mode.

        Raises:
            ValueError, RuntimeError: the files don't fit the base.
        """
        from safetensors.torch import load_file

        written = json.loads(kept.read_text(encoding="utf-8"))
        model = rebuild(bases[written["base"]](), written["changed"])
        model.load_state_dict(load_file(str(kept.with_name(KEPT_WEIGHTS))))
        return model.eval()


def _tensors(inputs: Mapping[str, Array]) -> list[Any]:
    """What the model is called with, in the order of its inputs."""
    import torch

    return [torch.from_numpy(np.array(values)) for values in inputs.values()]


def _to_numpy(given: Any) -> Any:
    """What a model gave, with arrays in place of its tensors: one, a flat sequence of them, or a mapping."""
    import torch

    if isinstance(given, torch.Tensor):
        # numpy has no bfloat16; half precision is compared in single.
        return (given.float() if given.is_floating_point() and given.element_size() < 4 else given).numpy()
    if isinstance(given, Mapping) and all(isinstance(one, torch.Tensor) for one in given.values()):
        return {str(name): _to_numpy(one) for name, one in given.items()}
    leaves = torch.utils._pytree.tree_leaves(given)
    if leaves and all(isinstance(one, torch.Tensor) for one in leaves):
        return [_to_numpy(one) for one in leaves]
    wrong = next((type(one).__name__ for one in leaves if not isinstance(one, torch.Tensor)), type(given).__name__)
    raise ContractError(f"the model must return tensors, it returned {wrong} in {type(given).__name__}")
