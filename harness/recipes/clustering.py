"""Clustering: every layer's weights take few distinct values, which compress well."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.core.work import Work
from harness.recipes.pruning import kernels
from harness.recipes.steps import step

_WEIGHT, _MEAN = 1, 3
"""Which argument of aten's convolution, linear and batch_norm is the weight, or the running mean."""


def _compressed(colors: int) -> Mapping[str, str]:
    # Measured with zstd 10 over the three example models as ONNX, TFLite and .pt2 files: at most 0.13 + 0.057
    # log2(colors), from 0.19 with 2 to 0.58 with 256. The promise leaves a third more for other models. An index needs
    # log2(colors) of 32 bits, but zstd codes bytes and matches, not values of four bytes; the rest stays as it was.
    return {"zstd_ratio": f"{0.17 + 0.074 * math.log2(colors):.2f} x"}


@step(
    "cluster{colors}",
    method="clustering",
    framework="torch",
    ranges={"colors": (2, 256)},
    leaves=("palette",),
    promise=_compressed,
    packages=("scikit-learn",),
)
def cluster(model: Any, colors: int, work: Work) -> Any:
    """Give the weights of each convolution and linear layer *colors* distinct values, by k-means.

    The weight sharing of Han et al., "Deep Compression", 2016. Weights that are zero stay zero, and zero is then one of
    the colours. Batch normalizations are folded into the layers before them first: exporters do so, and each channel
    would then have colours of its own.

    Raises:
        ValueError: every layer has so few distinct values already, or there is none.
    """
    import torch

    folded = fold_norms(model, work.example_array)
    if folded:
        work.note(f"{folded} batch normalization{'s' if folded > 1 else ''} folded into the layers before")
    changed = 0
    for _, layer in kernels(model):
        weight = layer.weight.detach()
        values = weight.double().numpy()
        painted = palette(values, colors, work.seed)
        if painted is None:
            continue
        changed += 1
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(painted))
    if not changed:
        raise ValueError(
            f"{work.step}: nothing to cluster: no convolution or linear layer has more than {colors} distinct weights."
        )
    return model


def palette(values: Array, colors: int, seed: int) -> Array | None:
    """*values* with each replaced by the nearest of at most *colors* centres; None when they are that few already.

    Centres start evenly between the smallest and the largest value: of the starts that the paper compares, the one that
    keeps the few large weights apart (its section 3.2).
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    if len(np.unique(values)) <= colors:
        return None
    painted = values.copy()
    free = values != 0
    points = values[free].reshape(-1, 1)
    centres = colors if free.all() else colors - 1
    start = np.linspace(points.min(), points.max(), centres).reshape(-1, 1)
    # Threads add up in any order, and the last bits of the centres with them. Values that repeat can leave a centre
    # without any, of which sklearn warns.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(centres, init=start, n_init=1, random_state=seed).fit(points)
    painted[free] = found.cluster_centers_[found.labels_, 0]
    return painted


def fold_norms(model: Any, example: Array) -> int:
    """Put each batch normalization of *model* into the layer that alone feeds it; returns how many.

    Which layers these are is read from the exported program: it is what an engine will see.
    """
    import torch
    from torch import nn
    from torch.nn.modules.batchnorm import _BatchNorm
    from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

    was_training = model.training
    with torch.no_grad():
        program: Any = torch.export.export(model.eval(), (torch.from_numpy(example.copy()),))
    signature = program.graph_signature
    names = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}

    def layer_of(node: Any, argument: int) -> Any:
        """The layer whose tensor is the *argument* of *node*, when nothing else takes that tensor."""
        taken: Any = node.args[argument] if len(node.args) > argument else None
        name = getattr(taken, "name", "")
        if name not in names or len(taken.users) > 1:
            return None
        return model.get_submodule(names[name].rpartition(".")[0])

    folded = 0
    for node in program.graph.nodes:
        if "batch_norm" not in str(node.target):
            continue
        feeding = node.args[0]
        norm, layer = layer_of(node, _MEAN), layer_of(feeding, _WEIGHT)
        if not isinstance(norm, _BatchNorm) or len(feeding.users) > 1:
            continue
        if type(layer) in (nn.Conv1d, nn.Conv2d, nn.Conv3d):
            fused = fuse_conv_bn_eval(layer, norm)
        elif type(layer) is nn.Linear:
            fused = fuse_linear_bn_eval(layer, norm)
        else:
            continue
        # torch freezes the bias that it adds
        _replace(model, layer, fused.requires_grad_(layer.weight.requires_grad))
        _replace(model, norm, nn.Identity())
        folded += 1
    model.train(was_training)
    return folded


def _replace(model: Any, old: Any, new: Any) -> None:
    for path, module in list(model.named_modules(remove_duplicate=False)):
        if module is old:
            owner, _, attribute = path.rpartition(".")
            setattr(model.get_submodule(owner), attribute, new)
