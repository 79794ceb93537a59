"""Pruning single weights: the smallest ones become zero, anywhere or two in every group of four."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness.core.work import Work
from harness.recipes.finetuning import finetune
from harness.recipes.steps import step

if TYPE_CHECKING:
    from torch import Tensor

GROUP = 4
"""Consecutive weights of which half become zero: the pattern that sparse tensor cores read."""
HALF = {"sparsity": "40 %"}
"""Half, less what rows keep beyond a multiple of four: a 3 x 3 kernel of one or three channels gets 4 zeros in 9."""


def _sparsity(percent: int) -> Mapping[str, str]:
    # A tenth is left for kernels that no step here prunes: embeddings, and constants that an exporter adds.
    return {"sparsity": f"{0.9 * percent:g} %"}


@step("prune{percent}", method="pruning", framework="torch", leaves=("zeros",), promise=_sparsity)
def prune(model: Any, percent: int, work: Work) -> Any:
    """Zero the smallest *percent* of all weights of convolutions and linear layers, wherever they are.

    Global magnitude pruning: Han et al., "Learning both Weights and Connections for Efficient Neural Networks", 2015.
    Weights that are zero already count.

    Raises:
        ValueError: there is no such layer, or *percent* of its weights are less than one.
    """
    from torch.nn.utils import prune as pruning

    layers = kernels(model)
    total = sum(layer.weight.numel() for _, layer in layers)
    if round(percent / 100 * total) == 0:
        raise ValueError(f"{work.step}: nothing to prune: convolutions and linear layers hold {total} weights.")
    for _, layer in layers:  # channels may lie last; torch's pruning wants weights that it can view as one row
        layer.weight.data = layer.weight.data.contiguous()
    masked: Any = pruning  # torch gives its functions no types
    masked.global_unstructured(
        [(layer, "weight") for _, layer in layers], pruning_method=masked.L1Unstructured, amount=percent / 100
    )
    for _, layer in layers:
        masked.remove(layer, "weight")
    return model


@step(
    "prune{percent}_finetune",
    method="pruning",
    promise=_sparsity,
    framework="torch",
    trains=True,
    leaves=("zeros",),
    undoes=("palette",),
)
def prune_finetune(model: Any, percent: int, work: Work) -> Any:
    """``prune``, then train what is left; every weight that is zero by now stays zero, also those of an earlier step.

    Raises:
        ValueError: as ``prune``.
    """
    pruned = prune(model, percent, work)
    return finetune(pruned, work, after_step=keep_zeros(pruned))


@step("prune_24", method="pruning", promise=HALF, framework="torch", leaves=("zeros",))
def prune_24(model: Any, work: Work) -> Any:
    """Zero the two smallest of every four consecutive weights along the input dimension of a layer.

    Mishra et al., "Accelerating Sparse Deep Neural Networks", 2021. A row is what makes one output: of a convolution
    its inputs / groups * kernel weights, channel by channel as torch and ONNX store them. What a row has beyond a
    multiple of four stays as it is, so a depthwise 3 x 3 kernel gets 4 zeros in 9.

    Raises:
        ValueError: no layer has rows of four weights.
    """
    from torch.nn.utils import prune as pruning

    masked: Any = pruning
    untouched = []
    layers = kernels(model)
    for name, layer in layers:
        # A transposed convolution has its inputs first: its rows make no output.
        if getattr(layer, "transposed", False) or layer.weight[0].numel() < GROUP:
            untouched.append(name)
            continue
        masked.custom_from_mask(layer, "weight", two_of_four(layer.weight))
        masked.remove(layer, "weight")
    if len(untouched) == len(layers):
        raise ValueError(f"{work.step}: nothing to prune: no convolution or linear layer has rows of {GROUP} weights.")
    if untouched:
        work.note(f"without 2:4 pattern, no rows of {GROUP} weights: {', '.join(untouched)}")
    return model


@step(
    "prune_24_finetune",
    method="pruning",
    promise=HALF,
    framework="torch",
    trains=True,
    leaves=("zeros",),
    undoes=("palette",),
)
def prune_24_finetune(model: Any, work: Work) -> Any:
    """``prune_24``, then train what is left; every weight that is zero by now stays zero.

    Raises:
        ValueError: as ``prune_24``.
    """
    pruned = prune_24(model, work)
    return finetune(pruned, work, after_step=keep_zeros(pruned))


def kernels(model: Any) -> list[tuple[str, Any]]:
    """Convolutions and linear layers by name, one for each weight: of layers that share theirs, the first."""
    from torch import nn
    from torch.nn.modules.conv import _ConvNd

    found: dict[int, tuple[str, Any]] = {}
    for name, layer in model.named_modules():
        if isinstance(layer, (nn.Linear, _ConvNd)):
            found.setdefault(id(layer.weight), (name or type(layer).__name__, layer))
    return list(found.values())


def two_of_four(weight: Tensor) -> Tensor:
    """The mask of *weight* that is zero for the two smallest of every whole group of four in a row."""
    import torch

    rows = weight.detach().abs().flatten(1)
    whole = rows.shape[1] // GROUP * GROUP
    # Stable, so that of equal weights the first go, on any machine.
    order = rows[:, :whole].reshape(len(rows), -1, GROUP).argsort(dim=-1, stable=True)
    kept = torch.ones_like(order, dtype=weight.dtype).scatter(-1, order[..., : GROUP // 2], 0)
    mask = torch.ones_like(rows)
    mask[:, :whole] = kept.flatten(1)
    return mask.view_as(weight)


def keep_zeros(model: Any) -> Callable[[], None]:
    """A function that sets the weights of *model* back to zero which are zero now."""
    import torch

    zeros = [(layer.weight, layer.weight.detach() == 0) for _, layer in kernels(model)]

    def put_back() -> None:
        with torch.no_grad():
            for weight, zero in zeros:
                weight.masked_fill_(zero, 0)

    return put_back
