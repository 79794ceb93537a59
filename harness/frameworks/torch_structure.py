"""The structure of a compressed torch model as plain data: what differs from a model that can be built anew.

Compressed models have other layers than the architecture that made them: narrower ones, factors in place of one. They
must be kept without pickle. So the layers that differ are written down by class and arguments, and put into a freshly
built model again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

_CONVOLUTION = (
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "padding_mode",
)
_NORM = ("num_features", "eps", "momentum", "affine", "track_running_stats")
_POOL = ("kernel_size", "stride", "padding", "ceil_mode")
LEAVES: Mapping[str, tuple[str, ...]] = {
    "Conv1d": _CONVOLUTION,
    "Conv2d": _CONVOLUTION,
    "Conv3d": _CONVOLUTION,
    "ConvTranspose1d": (*_CONVOLUTION, "output_padding"),
    "ConvTranspose2d": (*_CONVOLUTION, "output_padding"),
    "Linear": ("in_features", "out_features"),
    "BatchNorm1d": _NORM,
    "BatchNorm2d": _NORM,
    "GroupNorm": ("num_groups", "num_channels", "eps", "affine"),
    "LayerNorm": ("normalized_shape", "eps", "elementwise_affine"),
    "PReLU": ("num_parameters",),
    "Identity": (),
    "Flatten": ("start_dim", "end_dim"),
    "ReLU": ("inplace",),
    "ReLU6": ("inplace",),
    "Dropout": ("p", "inplace"),
    "AdaptiveAvgPool2d": ("output_size",),
    "AvgPool2d": _POOL,
    "MaxPool2d": _POOL,
}
"""Layers of ``torch.nn`` that can be written down: each with the arguments that make it again."""
WITH_BIAS = ("Conv", "Linear")

Layer = dict[str, Any]


def describe(model: nn.Module, base: nn.Module) -> dict[str, Layer] | None:
    """The layers of *model* that differ from those of *base*, by path; None when it can't be made of *base* that way."""
    changed: dict[str, Layer] = {}
    return changed if _compare(model, base, "", changed) else None


def rebuild(base: nn.Module, changed: Mapping[str, Layer]) -> nn.Module:
    """*base* with the layers in *changed* put in, in random weights."""
    for path, layer in changed.items():
        made = _make(layer)
        if not path:
            return made
        parent, _, name = path.rpartition(".")
        setattr(base.get_submodule(parent), name, made)
    return base


def _compare(model: nn.Module, base: nn.Module, path: str, changed: dict[str, Layer]) -> bool:
    """Note in *changed* where *model* differs from *base* at and below *path*; False when that can't be written."""
    same_class = type(model) is type(base)
    if same_class and type(model).__name__ in LEAVES and _is_torch(model):
        if _leaf(model) != _leaf(base):
            changed[path] = _leaf(model)
        return True
    ours, theirs = dict(model.named_children()), dict(base.named_children())
    if same_class and ours.keys() == theirs.keys():
        return all(_compare(ours[name], theirs[name], f"{path}.{name}" if path else name, changed) for name in ours)
    written = _write(model)
    if written is None:
        return False
    changed[path] = written
    return True


def _write(module: nn.Module) -> Layer | None:
    """*module* as class and arguments, children included; None when it is none of the known ones."""
    if not _is_torch(module):
        return None
    kind = type(module).__name__
    if kind in LEAVES:
        return _leaf(module)
    if kind in ("Sequential", "ModuleList"):
        children = {name: _write(child) for name, child in module.named_children()}
        if all(child is not None for child in children.values()):
            return {"class": kind, "children": children}
    return None


def _leaf(module: nn.Module) -> Layer:
    kind = type(module).__name__
    arguments = {name: _plain(getattr(module, name)) for name in LEAVES[kind]}
    if kind.startswith(WITH_BIAS):
        arguments["bias"] = module.bias is not None
    return {"class": kind, "arguments": arguments}


def _make(layer: Layer) -> nn.Module:
    from collections import OrderedDict

    from torch import nn

    kind = layer["class"]
    if kind in ("Sequential", "ModuleList"):
        children = OrderedDict((name, _make(child)) for name, child in layer["children"].items())
        return nn.Sequential(children) if kind == "Sequential" else nn.ModuleList(children.values())
    if kind not in LEAVES:
        raise ValueError(f"unknown layer class {kind!r}")
    made: nn.Module = getattr(nn, kind)(**{name: _sized(value) for name, value in layer["arguments"].items()})
    return made


def _is_torch(module: nn.Module) -> bool:
    """Whether its class is torch's own: a user's class of the same name does something else."""
    return type(module).__module__.startswith("torch.nn.modules.")


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def _sized(value: Any) -> Any:
    return tuple(_sized(one) for one in value) if isinstance(value, list) else value
