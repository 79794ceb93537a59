"""Artifacts that somebody else made: their name stands where a recipe's stands, and they are held to what they claim."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.adaptation import InFile
from harness.core.given import GivenFile
from harness.core.names import REFERENCE_RECIPE, checked_name
from harness.core.recipe import Step
from harness.core.source import Source
from harness.core.step_family import StepFamily
from harness.errors import ContractError, HarnessError
from harness.file_models import beside
from harness.recipes.chain import parse_recipe
from harness.recipes.steps import promises_of
from harness.registries import given_files, steps

METHOD = "given"
OF_FLOATS = {"fp32_share": "95 %"}
"""What a file promises that claims to hold floats."""


def artifact(
    name: str,
    *,
    model: str,
    runtime: str,
    file: str | Path,
    claims: str,
    inputs: Mapping[str, InFile] | None = None,
    outputs: Mapping[str, InFile] | None = None,
) -> None:
    """Register a *file* that somebody else made as the artifact *name* of a model on a runtime.

    Suites write *name* where a recipe's name stands. Nothing is built: the file is measured, judged and reported as any
    artifact is, and held to what its claim promises. One name may stand for files of several models and runtimes.

    Args:
        name: as suites call it.
        model: whose artifact it is: the one that it is compared with.
        runtime: that runs it, without provider and options.
        file: its path, counted from the folder of the Python file that registers it.
        claims: the recipe that it says to be of, such as ``int8_static``; ``fp32`` of a float file.
        inputs, outputs: how the model's tensors stand in the file, by the model's names, where something differs.

    Raises:
        ContractError: the name stands for a recipe, claims something else elsewhere, or an entry is no ``harness.InFile``.
        InvalidName: the name can't stand in a cell's id.
        DuplicateName: another file was given for these already.
    """
    source = Source.of_caller()
    checked_name("artifact", name)
    _check_free(name, claims, source)
    given_files.add(
        GivenFile(
            recipe=name,
            model=model,
            runtime=runtime,
            file=beside(source, file),
            inputs=_entries(name, "inputs", inputs),
            outputs=_entries(name, "outputs", outputs),
            source=source,
        )
    )
    if name not in steps:
        steps.add(
            StepFamily(name=name, source=source, ranges={}, make=lambda text, numbers: _step(text, claims, source))
        )


def _entries(name: str, side: str, entries: Any) -> dict[str, InFile]:
    entries = {} if entries is None else entries
    if not isinstance(entries, Mapping) or not all(isinstance(one, InFile) for one in entries.values()):
        raise ContractError(
            f"artifact {name!r}: {side}={entries!r}: write {{'input': harness.InFile(name='x', layout='NCHW->NHWC')}}, by the "
            "model's names."
        )
    return dict(entries)


def _check_free(name: str, claims: str, source: Source) -> None:
    """Refuse a name that stands for something else."""
    if name in (claims, REFERENCE_RECIPE) or (steps.names_step(name) and not given_files.of(name)):
        raise ContractError(
            f"artifact {name!r} ({source}): that is a recipe of the harness; give the file a name of its own, such as 'vendor_{name}'."
        )
    for other in given_files.of(name):
        claimed = steps.step(name).claims
        if claimed != claims:
            raise ContractError(
                f"artifact {name!r} claims {claims!r} at {source} and {claimed!r} at {other.source}: one name is one claim."
            )


def _step(name: str, claims: str, source: Source) -> Step:
    """What stands for the recipe: nothing to do, and the promises of what is claimed.

    Raises:
        ContractError: no recipe is called *claims*.
    """
    try:
        claimed = parse_recipe(claims)
    except HarnessError as err:
        raise ContractError(f"artifact {name!r} ({source}): claims={claims!r}: {err}") from err
    if claimed.given:
        raise ContractError(f"artifact {name!r} ({source}): it claims to be {claims!r}, which is a given file itself.")
    floats = promises_of(name, OF_FLOATS) if claimed.precision.name == REFERENCE_RECIPE else ()
    return Step(
        name=name,
        method=METHOD,
        source=source,
        precision=claimed.precision,
        promises=(*claimed.promises, *floats),
        claims=claims,
        changes_model=claimed.changes_model,
    )
