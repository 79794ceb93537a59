"""The registry of recipe steps, and the decorator that fills it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from harness.core.recipe import Step
from harness.core.registry import Registry
from harness.core.source import Source

steps: Registry[Step] = Registry("recipe step", "Register one with @harness.step in a conftest.py.")

Transform = TypeVar("Transform", bound=Callable[[Any], Any])


def step(name: str, *, method: str) -> Callable[[Transform], Transform]:
    """Register the decorated function, which turns a float model into a compressed float model, as a step.

    It gets a copy of the model in its own framework and returns a model with the same inputs and outputs.
    """

    def register(transform: Transform) -> Transform:
        steps.add(Step(name=name, method=method, transform=transform, source=Source.of(transform)))
        return transform

    return register
