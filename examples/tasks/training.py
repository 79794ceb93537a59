"""Trains the models of a task each: ``python -m examples.tasks.training MODEL [--out FOLDER] [--epochs N]``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.checkpoint import card_of, save
from examples.command import Progress, run
from examples.tasks.checkpoint import CHECKPOINTS, TRAINING
from examples.tasks.evaluation import value_of
from examples.tasks.plans import PLANS, TaskPlan
from harness.core.data import Split
from harness.errors import WeightsError
from harness.zoo.checkpoint import Card

if TYPE_CHECKING:
    from torch import nn


def train(plan: TaskPlan, data: Split, epochs: int, progress: Progress = lambda line: None) -> nn.Module:
    """The network of *plan* trained on *data* for *epochs*, in evaluation mode.

    The same plan, data, epochs, torch version and kind of CPU give the same weights. The caller's random state, thread
    count and determinism setting are left as they were.

    Raises:
        ValueError: training diverged.
    """
    from examples.tasks import losses
    from examples.tasks.networks import ARCHITECTURES, Called
    from harness.learning.torch_training import cross_entropy, fit, repeatable

    def named(function: str) -> Any:
        return getattr(losses, function) if function else None

    with repeatable(plan.seed) as generator:
        network = ARCHITECTURES[plan.model]()
        fit(
            Called(network, named(plan.called)) if plan.called else network,
            data,
            epochs=epochs,
            batch=plan.batch,
            learning_rate=plan.learning_rate,
            weight_decay=plan.weight_decay,
            generator=generator,
            loss=named(plan.loss) or cross_entropy,
            augment=named(plan.augment),
            progress=lambda line: progress(f"{plan.model} {line}"),
        )
    return network


def evaluation_split(plan: TaskPlan, network: nn.Module) -> Split:
    """What *network* is evaluated on.

    Raises:
        DataSetError: it is missing or damaged.
    """
    from harness.registries import datasets

    if plan.evaluation is None:
        return datasets.get(plan.dataset).load().evaluation
    return plan.evaluation({name: tensor.detach().numpy() for name, tensor in network.state_dict().items()})


def train_checkpoint(plan: TaskPlan, epochs: int, folder: Path, progress: Callable[[str], None]) -> Card:
    """Train *plan*, evaluate, and write the checkpoint into *folder*; returns its card.

    Raises:
        DataSetError: the data set is missing or damaged.
        WeightsError: training diverged.
    """
    import torch

    import examples.tasks  # noqa: F401 - importing registers them
    from harness.pipeline.catalog import load_catalog
    from harness.registries import models

    load_catalog()

    try:
        network = train(plan, plan.training(), epochs, progress)
    except ValueError as err:
        raise WeightsError(f"{plan.model}: {err}") from err
    data = evaluation_split(plan, network)
    card = card_of(
        plan,
        training=TRAINING,
        epochs=epochs,
        value=value_of(network, models.get(plan.model), plan.metric, data),
        samples=len(data),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        version=str(torch.__version__),
    )
    return save(network, card, folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, or 2 for what the user can mend."""
    return run(f"python -m {TRAINING}", PLANS, train_checkpoint, lambda name: CHECKPOINTS, arguments)


if __name__ == "__main__":
    sys.exit(main())
