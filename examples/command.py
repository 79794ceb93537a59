"""The command line that trains a model: ``python -m examples.zoo.training``, ``python -m examples.tasks.training``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from examples.plan import Plan
from harness.errors import HarnessError, UnknownName
from harness.zoo.checkpoint import Card

APlan = TypeVar("APlan", bound=Plan)
Progress = Callable[[str], None]
Train = Callable[[APlan, int, Path, Progress], Card]
"""Trains a plan for some epochs and writes the checkpoint into a folder; a line per epoch goes to the last argument."""


def run(
    program: str,
    plans: Mapping[str, APlan],
    train: Train[APlan],
    folder_of: Callable[[str], Path],
    arguments: Sequence[str] | None,
) -> int:
    """Train what *arguments* ask for; returns the exit code: 0, or 2 for what the user can mend.

    Args:
        program: as the user calls it.
        plans: by the names of their models.
        train: see ``Train``.
        folder_of: where the checkpoint of a model is loaded from.
        arguments: of the command line; the process's own where None.
    """
    parser = argparse.ArgumentParser(prog=program, description="Train an example model.")
    parser.add_argument("model", help=f"one of: {', '.join(plans)}")
    parser.add_argument("--out", type=Path, help="folder of the checkpoint (default: where the model is loaded from)")
    parser.add_argument("--epochs", type=_positive, help="passes over the training set (default: the model's own)")
    options = parser.parse_args(arguments)
    try:
        if options.model not in plans:
            raise UnknownName.among("example model", options.model, plans)
        plan = plans[options.model]
        folder = options.out or folder_of(plan.model)
        card = train(plan, options.epochs or plan.epochs, folder, lambda line: print(line, flush=True))
    except HarnessError as err:
        print(f"error: {err}", file=sys.stderr)
        return 2
    print(f"{card.model}: {card.metric} {card.value:.4f} on {card.samples} samples, {card.parameters} parameters")
    print(f"written to {folder / card.model}.safetensors and .json")
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a positive number")
    return value
