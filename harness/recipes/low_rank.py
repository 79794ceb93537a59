"""Low-rank factorization: one large layer becomes two or three small ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.core.tensors import Array
from harness.core.work import Work
from harness.recipes.finetuning import finetune
from harness.recipes.steps import step

if TYPE_CHECKING:
    from torch import Tensor, nn

Ranks = Callable[[Array, int], int]
"""The rank to keep, from the singular values of a matrix and the length of the side that is cut."""

SMALLER = {"parameters_ratio": "0.99 x"}
REMADE = ("zeros", "palette")
"""Factors are new weights."""


@step("svd{percent}", method="low-rank", undoes=REMADE, promise=SMALLER, framework="torch", packages=("tensorly",))
def svd(model: Any, percent: int, work: Work) -> Any:
    """Factor layers, keeping *percent* of the rank.

    A linear layer or 1 x 1 convolution becomes two by singular value decomposition, another convolution three by Tucker
    decomposition: 1 x 1, the kernel with fewer channels, 1 x 1 (Kim et al., "Compression of Deep Convolutional Neural
    Networks for Fast and Low Power Mobile Applications", 2016). Layers that would not get smaller stay, and so do
    grouped convolutions.

    Raises:
        ValueError: no layer gets smaller.
    """
    return _factor_layers(model, lambda values, side: round(percent / 100 * side), work)


@step(
    "svd_energy{percent}", method="low-rank", undoes=REMADE, promise=SMALLER, framework="torch", packages=("tensorly",)
)
def svd_energy(model: Any, percent: int, work: Work) -> Any:
    """Factor layers as ``svd``, each with the smallest rank that keeps *percent* of its energy.

    Energy is the sum of the squared singular values, for Tucker of each of the two unfoldings.

    Raises:
        ValueError: no layer gets smaller.
    """
    return _factor_layers(model, lambda values, side: energy_rank(values, percent), work)


@step(
    "svd{percent}_finetune",
    method="low-rank",
    trains=True,
    promise=SMALLER,
    framework="torch",
    packages=("tensorly",),
)
def svd_finetune(model: Any, percent: int, work: Work) -> Any:
    """``svd``, then train the factors.

    Raises:
        ValueError: no layer gets smaller.
    """
    return finetune(svd(model, percent, work), work)


def energy_rank(values: Array, percent: int) -> int:
    """The smallest rank whose singular *values*, largest first, hold *percent* of the sum of squares."""
    energy = np.cumsum(values.astype(np.float64) ** 2)
    return int(np.searchsorted(energy, percent / 100 * energy[-1])) + 1


def _factor_layers(model: Any, ranks: Ranks, work: Work) -> Any:
    """*model* with every layer that gets smaller replaced by its factors, at the same path."""
    from torch import nn
    from torch.nn.modules.conv import _ConvNd

    factored: dict[int, nn.Sequential] = {}
    whole: dict[str, None] = {}  # an ordered set
    grouped: set[int] = set()
    for path, layer in list(model.named_modules(remove_duplicate=False)):
        if not isinstance(layer, (nn.Linear, _ConvNd)):
            continue
        name = path or type(layer).__name__
        if type(layer) not in (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d):
            # Others may be read by their owner: attention takes the weight of its last layer.
            whole[f"{name} stays whole: {type(layer).__name__} is not factored"] = None
            continue
        if getattr(layer, "groups", 1) > 1:
            grouped.add(id(layer))
            continue
        if id(layer) not in factored:
            factors = factor(layer, ranks)
            now, before = _parameters(factors), _parameters(layer)
            if now >= before:
                whole[f"{name} stays whole: its factors would have {now} parameters, it has {before}"] = None
                continue
            factored[id(layer)] = factors
        if not path:
            model = factored[id(layer)]
        else:
            owner, _, attribute = path.rpartition(".")
            setattr(model.get_submodule(owner), attribute, factored[id(layer)])
    notes = list(whole)
    if grouped:
        notes.append(f"{len(grouped)} grouped convolution{'s stay' if len(grouped) > 1 else ' stays'} whole")
    if not factored:
        why = "; ".join(notes) or "the model has no linear layer and no convolution"
        raise ValueError(f"{work.step}: no layer gets smaller: {why}.")
    for note in notes:
        work.note(note)
    return model


def factor(layer: Any, ranks: Ranks) -> nn.Sequential:
    """*layer*, linear or an ungrouped convolution, as its factors; the bias goes to the last one."""
    from torch import nn

    kernel = getattr(layer, "kernel_size", ())
    spatial = any(size > 1 for size in kernel)
    factors = nn.Sequential(*(_tucker(layer, ranks) if spatial else _two_factors(layer, ranks)))
    return factors.train(layer.training)


def _two_factors(layer: Any, ranks: Ranks) -> list[Any]:
    import torch

    weight = layer.weight.detach().double()
    left, values, right = torch.linalg.svd(weight.flatten(1), full_matrices=False)
    rank = min(max(1, ranks(values.numpy(), len(values))), len(values))
    root = values[:rank].sqrt()  # halves on either side: factors of one size train and quantize better
    ones = (1,) * (weight.dim() - 2)
    first = (root[:, None] * right[:rank]).reshape(rank, -1, *ones)
    last = (left[:, :rank] * root).reshape(-1, rank, *ones)
    return [_like(layer, first, moves=True), _like(layer, last, bias=True)]


def _tucker(layer: Any, ranks: Ranks) -> list[Any]:
    import tensorly
    import torch
    from tensorly.decomposition import partial_tucker

    weight = layer.weight.detach().double().numpy()
    outputs, inputs = weight.shape[:2]
    places = int(np.prod(weight.shape[2:]))
    unfolded = weight.reshape(outputs, -1), np.moveaxis(weight, 1, 0).reshape(inputs, -1)
    kept = [
        max(1, ranks(np.linalg.svd(one, compute_uv=False), side))
        for one, side in zip(unfolded, (outputs, inputs), strict=True)
    ]
    # A core can't have a higher rank than its other sides give.
    kept[0] = min(kept[0], outputs, inputs * places)
    kept[1] = min(kept[1], inputs, kept[0] * places)
    kept[0] = min(kept[0], kept[1] * places)
    with tensorly.backend_context("numpy"), np.errstate(invalid="ignore", divide="ignore"):
        (core, (left, right)), _ = partial_tucker(weight, rank=kept, modes=[0, 1], init="svd", random_state=0)
    ones = (1,) * (weight.ndim - 2)
    first, middle, last = (
        torch.from_numpy(np.ascontiguousarray(one))
        for one in (right.T.reshape(kept[1], inputs, *ones), core, left.reshape(outputs, kept[0], *ones))
    )
    return [_like(layer, first), _like(layer, middle, moves=True), _like(layer, last, bias=True)]


def _like(layer: Any, weight: Tensor, *, moves: bool = False, bias: bool = False) -> Any:
    """A layer of the kind of *layer* with *weight*; with its stride, padding and dilation when it *moves*."""
    from torch import nn

    outputs, inputs, *kernel = weight.shape
    if isinstance(layer, nn.Linear):
        made: Any = nn.Linear(inputs, outputs, bias=False, device="meta")
    else:
        ways = ("stride", "padding", "dilation", "padding_mode") if moves else ()
        given = {way: getattr(layer, way) for way in ways}
        made = type(layer)(inputs, outputs, tuple(kernel), bias=False, device="meta", **given)
    made.weight = nn.Parameter(weight.to(layer.weight.dtype).contiguous(), requires_grad=layer.weight.requires_grad)
    if bias:
        made.bias = layer.bias
    return made


def _parameters(layer: Any) -> int:
    return sum(one.numel() for one in layer.parameters())
