"""Trains the example models: ``python -m examples.zoo.training MODEL [--out FOLDER] [--epochs N]``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from examples.checkpoint import card_of, save
from examples.command import Progress, run
from examples.zoo.checkpoint import folder_of
from examples.zoo.plans import PLANS, ImagePlan
from harness.core.data import DataSet, Split
from harness.errors import WeightsError
from harness.zoo.checkpoint import TRAINING, Card

if TYPE_CHECKING:
    import torch
    from torch import nn


def train(plan: ImagePlan, data: Split, epochs: int, progress: Progress = lambda line: None) -> nn.Module:
    """The torch model of *plan* trained on *data* for *epochs*, in evaluation mode.

    The same plan, data, epochs, torch version and kind of CPU give the same weights. The caller's random state, thread
    count and determinism setting are left as they were.

    Raises:
        ValueError: training diverged.
    """
    from examples.zoo.augmentation import flipped, shifted
    from examples.zoo.torch_models import ARCHITECTURES
    from harness.learning.torch_training import fit, repeatable

    def augment(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if plan.flip:
            images = flipped(images, generator)
        return shifted(images, plan.shift, generator) if plan.shift else images

    with repeatable(plan.seed) as generator:
        model = ARCHITECTURES[plan.model]()
        fit(
            model,
            data,
            epochs=epochs,
            batch=plan.batch,
            learning_rate=plan.learning_rate,
            weight_decay=plan.weight_decay,
            generator=generator,
            augment=augment,
            channels_last=plan.channels_last,
            progress=lambda line: progress(f"{plan.model} {line}"),
        )
    return model


def correct_answers(model: nn.Module, data: Split, batch: int = 100) -> int:
    """How many samples of *data* the *model* classifies as labelled, in evaluation mode."""
    import torch

    model.eval()
    images, labels = torch.from_numpy(data.inputs), torch.from_numpy(data.labels)
    with torch.inference_mode():
        parts = [slice(start, start + batch) for start in range(0, len(images), batch)]
        return sum(int((model(images[part]).argmax(1) == labels[part]).sum()) for part in parts)


def train_checkpoint(plan: ImagePlan, epochs: int, folder: Path, progress: Progress) -> Card:
    """Train *plan* on its data set, evaluate, and write the checkpoint into *folder*; returns its card.

    Raises:
        DataSetError: the data set is missing or damaged.
        WeightsError: training diverged.
    """
    data = _loaded(plan.dataset)
    assert data.train is not None, "the example data sets have a train split"
    trained = _trained_keras if plan.framework == "keras" else _trained_torch
    try:
        model, correct, parameters, version = trained(plan, data, epochs, progress)
    except ValueError as err:
        raise WeightsError(f"{plan.model}: {err}") from err
    samples = len(data.evaluation)
    card = card_of(
        plan,
        training=TRAINING,
        epochs=epochs,
        value=correct / samples,
        samples=samples,
        parameters=parameters,
        version=version,
    )
    return save(model, card, folder)


Outcome = tuple[Any, int, int, str]
"""The model, its correct answers, the parameters that it learned, and the framework's version."""


def _trained_torch(plan: ImagePlan, data: DataSet, epochs: int, progress: Progress) -> Outcome:
    import torch

    assert data.train is not None
    model = train(plan, data.train, epochs, progress)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return model, correct_answers(model, data.evaluation), parameters, str(torch.__version__)


def _trained_keras(plan: ImagePlan, data: DataSet, epochs: int, progress: Progress) -> Outcome:
    import keras

    from examples.zoo import keras_training

    assert data.train is not None
    model = keras_training.train(plan, data.train, epochs, progress)
    parameters = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return model, keras_training.correct_answers(model, data.evaluation), parameters, str(keras.__version__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, or 2 for what the user can mend."""
    return run(f"python -m {TRAINING}", PLANS, train_checkpoint, folder_of, arguments)


def _loaded(name: str) -> DataSet:
    import harness.zoo.digits  # noqa: F401 - importing registers it
    from harness.registries import datasets

    return datasets.get(name).load().checked(name)


if __name__ == "__main__":
    sys.exit(main())
