"""Full-size ImageNet models of torchvision: pretrained where the weights lie on this machine, random where they don't.

Nothing is downloaded. Each architecture is registered under two names: ``resnet18`` has the pretrained weights and can't
be built without their file, ``resnet18-random`` has random ones; so every row of a report says which it is.
``architectures`` names those that can be built here. Importing this imports no engine.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from examples.zoo.fashion_mnist import DATA_VARIABLE
from examples.zoo.random_images import random_images
from harness.core.signature import Input
from harness.errors import WeightsError
from harness.registering import model

if TYPE_CHECKING:
    from torch import nn

WEIGHTS: Mapping[str, tuple[str, ...]] = {
    "vgg11": ("vgg11-8a719046.pth",),
    "resnet18": ("resnet18-f37072fd.pth",),
    "mobilenet_v2": ("mobilenet_v2-7ebf99e0.pth", "mobilenet_v2-b0353104.pth"),
    "mobilenet_v3_small": ("mobilenet_v3_small-047dcff4.pth",),
    "mobilenet_v3_large": ("mobilenet_v3_large-5c1a4163.pth", "mobilenet_v3_large-8738ca79.pth"),
    "squeezenet1_1": ("squeezenet1_1-b8a52dc0.pth",),
    "shufflenet_v2_x1_0": ("shufflenetv2_x1-5666bf0f80.pth",),
}
"""By architecture: the files that torchvision publishes, the preferred first. The part after ``-`` begins its SHA-256."""

RANDOM = "-random"
"""Ends the name of a model whose weights are random."""
SEED = 0


def architectures() -> list[str]:
    """For each architecture the name of the model that can be built here: ``resnet18``, or ``resnet18-random``."""
    return [name if weights_file(name) else name + RANDOM for name in WEIGHTS]


def weights_file(architecture: str) -> Path | None:
    """Where the pretrained weights of *architecture* lie; None when they don't."""
    places = (folder / name for name in WEIGHTS[architecture] for folder in _folders())
    return next((path for path in places if path.is_file()), None)


def pretrained(architecture: str) -> nn.Module:
    """*architecture* with its pretrained weights, in evaluation mode; their hash is verified before use.

    Raises:
        WeightsError: the file is missing, or is not the one that was published.
    """
    import torch
    from torchvision.models import get_model

    path = weights_file(architecture)
    fetch = f"python -c \"from torchvision.models import get_model; get_model('{architecture}', weights='DEFAULT')\""
    if path is None:
        looked = ", ".join(str(folder) for folder in _folders())
        raise WeightsError(
            f"model {architecture!r} needs {' or '.join(WEIGHTS[architecture])}; looked in {looked}. "
            f"Name the model {architecture + RANDOM!r} for random weights, or download them: {fetch}"
        )
    content = path.read_bytes()
    found, published = hashlib.sha256(content).hexdigest(), path.stem.rpartition("-")[2]
    if not found.startswith(published):
        raise WeightsError(
            f"weights {path} ({len(content)} bytes): their sha256 begins with {found[: len(published)]}, not with "
            f"{published} as the name says. Remove the file, and download it again: {fetch}"
        )
    network = get_model(architecture, weights=None)
    network.load_state_dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    return cast("nn.Module", network.eval())


def untrained(architecture: str) -> nn.Module:
    """*architecture* with random weights, in evaluation mode; always the same on one machine."""
    import torch
    from torchvision.models import get_model

    from harness.learning.torch_training import repeatable

    with repeatable(SEED):
        network = get_model(architecture, weights=None)
        norms = [one for one in network.modules() if isinstance(one, torch.nn.BatchNorm2d)]
        if norms:
            _warm(network, norms)
    return cast("nn.Module", network.eval())


def _warm(network: nn.Module, norms: list[nn.BatchNorm2d]) -> None:
    """Give batch norms the mean and variance of what they get: with those of new ones, outputs all but vanish."""
    import torch

    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0  # what this one batch shows, nothing of what was there
    with torch.no_grad():
        network.train()(torch.from_numpy(random_images().calibration.inputs))
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum


def _folders() -> list[Path]:
    """Where ``torch.hub`` keeps what it downloaded, as torch finds it; then the folder of data sets."""
    cache = os.getenv("XDG_CACHE_HOME", "~/.cache")
    home = os.getenv("TORCH_HOME", os.path.join(cache, "torch"))
    folders = [Path(home).expanduser() / "hub" / "checkpoints"]
    given = os.environ.get(DATA_VARIABLE)
    if given:
        root = Path(given).expanduser()
        folders += [root, root / "checkpoints"]
    return folders


def _register(architecture: str) -> None:
    photograph = Input(name="image", shape=(3, 224, 224))

    @model(architecture, dataset="random_images", input=photograph)
    def build_pretrained() -> nn.Module:
        return pretrained(architecture)

    @model(architecture + RANDOM, dataset="random_images", input=photograph)
    def build_untrained() -> nn.Module:
        return untrained(architecture)


for _architecture in WEIGHTS:
    _register(_architecture)
