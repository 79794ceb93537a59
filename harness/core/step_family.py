"""Steps by name: families of steps that differ in numbers, and the registry of all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.core.names import checked_name
from harness.core.recipe import Step
from harness.core.registry import Registry
from harness.core.source import Source
from harness.errors import InvalidRecipe, UnknownName

LARGEST = 1_000_000

PARAMETER = re.compile(r"\{([a-z_]+)\}")


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
        match = re.fullmatch(PARAMETER.sub(r"(?P<\1>[0-9]+)", pattern), text)
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
        checked_name(self.kind, re.sub(r"[][|]", "", PARAMETER.sub("1", entry.name)))
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
        template = PARAMETER.sub(number, template, count=1)
    return PARAMETER.sub("50", template)
