"""The decorator that registers a recipe step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from harness.core.limits import parse_limit
from harness.core.metric import Stage
from harness.core.metrics import metric_named
from harness.core.recipe import Precision, Promise, Step, Trait
from harness.core.source import Source
from harness.core.step_family import LARGEST, PARAMETER, StepFamily
from harness.errors import ContractError, InvalidLimit
from harness.registries import steps

PERCENT = (1, 99)
"""What a parameter called ``percent`` may be, unless a step says otherwise."""
Transform = TypeVar("Transform", bound=Callable[..., Any])
Limits = Mapping[str, str]


def step(
    name: str,
    *,
    method: str,
    promise: Limits | Callable[..., Limits] | None = None,
    ranges: Mapping[str, tuple[int, int]] | None = None,
    framework: str = "",
    trains: bool = False,
    replaces: bool = False,
    leaves: Iterable[str] = (),
    undoes: Iterable[str] | None = None,
    control: str = "",
    precision: Precision | None = None,
    packages: Iterable[str] = (),
    uses: object = None,
) -> Callable[[Transform], Transform]:
    """Register the decorated function, which turns a float model into a compressed float model, as a step.

    It gets the float model, built anew, in its own framework and returns a model with the same inputs and outputs. Numbers in
    the name, ``prune{percent}``, reach it as keyword arguments; a parameter called ``work`` gets the ``Work``.

    Args:
        name: with a ``{parameter}`` for each number in it.
        method: the family of methods, such as ``pruning``.
        promise: limits on figures of the artifact, written as in a budget table: ``{"sparsity": "45 %"}``; or a function
            of the parameters that returns them. Every cell with this step is held to them.
        ranges: smallest and largest number by parameter; 1 to 99 for ``percent``, else 1 and more.
        framework: whose models it transforms, such as ``torch``; any, when empty.
        trains: whether it learns from the training split.
        replaces: whether it discards the model it receives.
        leaves, undoes: traits of the weights, ``zeros`` and ``palette``; a step that trains undoes both unless it says
            otherwise.
        control: the step that it is also compared with, see the metric ``accuracy_gain``.
        precision: what the runtime's quantizer must produce afterwards; the step is then the last one.
        packages: distributions whose versions decide what it makes.
        uses: ignored; every file that the step's file imports counts by itself.

    Raises:
        ContractError: a parameter of the name that the function does not take, or the other way round.
        InvalidLimit, UnknownName: a promise that can't be read.
    """

    def register(transform: Transform) -> Transform:
        source = Source.of(transform)
        parameters = PARAMETER.findall(name)
        takes_work = _check_signature(name, transform, parameters)
        left, undone = (
            _traits(name, leaves),
            _traits(name, undoes if undoes is not None else (list(Trait) if trains else ())),
        )
        bounds = {one: (ranges or {}).get(one, PERCENT if one == "percent" else (1, LARGEST)) for one in parameters}

        def make(text: str, numbers: Mapping[str, int]) -> Step:
            limits = promise(**numbers) if callable(promise) else promise or {}
            return Step(
                name=text,
                method=method,
                source=source,
                transform=transform,
                precision=precision,
                parameters=tuple(numbers.items()),
                takes_work=takes_work,
                promises=promises_of(text, limits),
                framework=framework,
                trains=trains,
                replaces=replaces,
                leaves=left,
                undoes=undone,
                control=control,
                packages=tuple(packages),
            )

        make(name, {one: bounds[one][0] for one in parameters})  # a promise that can't be read is told here
        steps.add(StepFamily(name=name, source=source, ranges=bounds, make=make))
        return transform

    return register


def add_step(step: Step) -> None:
    """Register a step without parameters."""
    steps.add(StepFamily(name=step.name, source=step.source, ranges={}, make=lambda text, numbers: step))


def promises_of(step: str, limits: Limits) -> tuple[Promise, ...]:
    """*limits* as promises.

    Raises:
        InvalidLimit, UnknownName: one can't be read, or is not on a figure of the artifact.
    """
    promises = []
    for name, text in limits.items():
        metric = metric_named(name)
        if metric.stage is not Stage.ARTIFACT:
            raise InvalidLimit(
                f"step {step!r} promises {name}, which is not read from the artifact; budgets demand it."
            )
        promises.append(Promise(metric=metric, limit=parse_limit(name, text, metric.units)))
    return tuple(promises)


def _check_signature(name: str, transform: Callable[..., Any], parameters: list[str]) -> bool:
    """Check that *transform* takes the model and what the name says; returns whether it takes ``work``."""
    if len(set(parameters)) != len(parameters):
        raise ContractError(f"step {name!r} has a parameter twice.")
    arguments = list(inspect.signature(transform).parameters.values())[1:]
    wanted = [
        argument.name
        for argument in arguments
        if argument.default is inspect.Parameter.empty and argument.name != "work"
    ]
    if sorted(wanted) != sorted(parameters):
        raise ContractError(
            f"step {name!r} ({Source.of(transform)}): the name has the parameters {parameters or 'none'}, the function "
            f"takes {wanted or 'none'} after the model. They must be the same; 'work' may be added."
        )
    return any(argument.name == "work" for argument in arguments)


def _traits(name: str, given: Iterable[str]) -> frozenset[Trait]:
    try:
        return frozenset(Trait(one) for one in given)
    except ValueError as err:
        raise ContractError(f"step {name!r}: {err}; traits are {', '.join(Trait)}.") from None
