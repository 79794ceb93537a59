"""The registry of recipe steps, and the decorator that fills it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.core.limits import parse_limit
from harness.core.metric import Stage
from harness.core.metrics import metric_named
from harness.core.names import checked_name
from harness.core.recipe import Precision, Promise, Step, Trait
from harness.core.registry import Registry
from harness.core.source import Source
from harness.errors import ContractError, InvalidLimit, InvalidRecipe, UnknownName

PERCENT = (1, 99)
"""What a parameter called ``percent`` may be, unless a step says otherwise."""
LARGEST = 1_000_000

_PARAMETER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFamily:
    """Steps of one name but for the numbers in it: ``prune{percent}`` stands for ``prune1`` to ``prune99``.

    A part in brackets may be left out: ``int8_static[_minmax|_entropy][_n{samples}]``.
    """

    name: str
    source: Source
    ranges: Mapping[str, tuple[int, int]]
    make: Callable[[str, Mapping[str, int]], Step]
    """From the name and the numbers in it."""

    @property
    def plain_name(self) -> str:
        """The name without what may be left out."""
        return re.sub(r"\[[^]]*\]", "", self.name)

    def fits(self, text: str) -> Mapping[str, int] | None:
        """The numbers in *text* by parameter, when it is of this family; whether they are in range is not looked at."""
        pattern = re.sub(r"([.-])", r"\\\1", self.name).replace("[", "(?:").replace("]", ")?")
        match = re.fullmatch(_PARAMETER.sub(r"(?P<\1>[0-9]+)", pattern), text)
        return None if match is None else {name: int(value) for name, value in match.groupdict().items() if value}

    def step(self, text: str, numbers: Mapping[str, int]) -> Step:
        """The step called *text*.

        Raises:
            InvalidRecipe: a number is out of range.
        """
        for name, value in numbers.items():
            low, high = self.ranges[name]
            if not low <= value <= high:
                most = "" if high == LARGEST else f" to {high}"
                least = f"{low}{most}" if most else f"at least {low}"
                raise InvalidRecipe(f"step {text!r}: {name} is {value}, it must be {least} ({self.name}).")
            if re.search(rf"(?<![0-9])0+{value}(?![0-9])", text):
                raise InvalidRecipe(f"step {text!r}: write {name} without leading zeros ({self.name}).")
        return self.make(text, numbers)


class Steps(Registry[StepFamily]):
    """Step families by template, and the steps that they stand for by name."""

    def _checked(self, entry: StepFamily) -> str:
        checked_name(self.kind, re.sub(r"[][|]", "", _PARAMETER.sub("1", entry.name)))
        return entry.name

    def step(self, text: str) -> Step:
        """The step called *text*.

        Raises:
            UnknownName: no family has it; near matches are offered.
            InvalidRecipe: a number in it is out of range.
        """
        family, numbers = self._find(text)
        return family.step(text, numbers)

    def names_step(self, text: str) -> bool:
        """Whether a family has *text*."""
        return any(family.fits(text) is not None for family in self)

    def _find(self, text: str) -> tuple[StepFamily, Mapping[str, int]]:
        # A name without numbers first: it is the nearer one where both fit.
        for family in sorted(self, key=lambda family: "{" in family.name):
            numbers = family.fits(text)
            if numbers is not None:
                return family, numbers
        known = [family.plain_name for family in self]
        meant = [_spelled(name, re.findall(r"[0-9]+", text)) for name in known]
        raise UnknownName.among(self.kind, text, known, "Register one with @harness.step in a conftest.py.", meant)


def _spelled(template: str, numbers: list[str]) -> str:
    """*template* with *numbers* in place of its parameters, as far as they go."""
    for number in numbers:
        template = _PARAMETER.sub(number, template, count=1)
    return _PARAMETER.sub("50", template)


steps = Steps("recipe step", "Register one with @harness.step in a conftest.py.")

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
        parameters = _PARAMETER.findall(name)
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


def add_step(made: Step) -> None:
    """Register a step without parameters."""
    steps.add(StepFamily(name=made.name, source=made.source, ranges={}, make=lambda text, numbers: made))


def promises_of(step: str, limits: Limits) -> tuple[Promise, ...]:
    """*limits* as promises.

    Raises:
        InvalidLimit, UnknownName: one can't be read, or is not on a figure of the artifact.
    """
    found = []
    for name, text in limits.items():
        metric = metric_named(name)
        if metric.stage is not Stage.ARTIFACT:
            raise InvalidLimit(
                f"step {step!r} promises {name}, which is not read from the artifact; budgets demand it."
            )
        found.append(Promise(metric=metric, limit=parse_limit(name, text, metric.units)))
    return tuple(found)


def _check_signature(name: str, transform: Callable[..., Any], parameters: list[str]) -> bool:
    """Check that *transform* takes the model and what the name says; returns whether it takes ``work``."""
    if len(set(parameters)) != len(parameters):
        raise ContractError(f"step {name!r} has a parameter twice.")
    taken = list(inspect.signature(transform).parameters.values())[1:]
    wanted = [one.name for one in taken if one.default is inspect.Parameter.empty and one.name != "work"]
    if sorted(wanted) != sorted(parameters):
        raise ContractError(
            f"step {name!r} ({Source.of(transform)}): the name has the parameters {parameters or 'none'}, the function "
            f"takes {wanted or 'none'} after the model. They must be the same; 'work' may be added."
        )
    return any(one.name == "work" for one in taken)


def _traits(name: str, given: Iterable[str]) -> frozenset[Trait]:
    try:
        return frozenset(Trait(one) for one in given)
    except ValueError as err:
        raise ContractError(f"step {name!r}: {err}; traits are {', '.join(Trait)}.") from None
