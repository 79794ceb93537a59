"""What of artifacts that somebody else made can't be measured, found before anything runs."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.contracts import ReadingRuntime
from harness.core.finding import Verdict
from harness.core.matrix import Case
from harness.core.names import RuntimeName
from harness.core.problem import CellProblem, Phase
from harness.errors import ContractError, UnknownName
from harness.pipeline.resolved import ResolvedCell
from harness.registries import exporters, given_files, models, runtimes
from harness.runtimes.availability import can_build
from harness.runtimes.options import refused_name
from harness.store.model_files import files_sha256


def check_given(recipe: str, wanted: Sequence[str]) -> None:
    """Check what can be known of the files that stand for *recipe* and the models *wanted*; nothing of other recipes.

    Raises:
        ContractError: a file is missing, was given for a model or a runtime that does not exist, or none for any of the models.
    """
    files = given_files.of(recipe)
    if not files:
        return
    for one in files:
        try:
            models.get(one.model)
            runtimes.get(one.runtime)
        except UnknownName as err:
            raise ContractError(f"artifact {recipe!r} ({one.source}): {err}") from err
        if one.model in wanted and not one.file.is_file():
            raise ContractError(f"artifact {recipe!r} ({one.source}): there is no file {one.file}.")
    if not any(one.model in wanted for one in files):
        of = ", ".join(dict.fromkeys(repr(one.model) for one in files))
        raise ContractError(
            f"artifact {recipe!r} is given for {of}, and the matrix has {', '.join(map(repr, wanted))} alone."
        )


def obstacle_to_given(cell: ResolvedCell) -> CellProblem | None:
    """Why the file that stands for *cell* can't be measured; None when it can."""
    recipe, model, runtime = cell.recipe.name, cell.model.name, cell.runtime
    if cell.given is None:
        places = ", ".join(one.runtime for one in given_files.of(recipe, model))
        where = f"on {places}, not on {runtime.name}" if places else f"for other models than {model!r}"
        return CellProblem(Verdict.UNSUPPORTED, f"{recipe!r} is given {where}")
    refused = refused_name(cell.name, runtime) or _refused_choice(cell)
    if refused:
        return CellProblem(Verdict.UNSUPPORTED, refused)
    if not isinstance(runtime, ReadingRuntime):
        return CellProblem(
            Verdict.UNSUPPORTED, f"{runtime.name} can't tell the tensors of a file that somebody else made"
        )
    here = can_build(runtime)
    if not here.ok:
        return CellProblem(Verdict.UNAVAILABLE, here.reason)
    try:
        files_sha256(cell.given.file)
    except ContractError as err:
        return CellProblem.error(Phase.CONVERT, str(err))
    return None


def refused_ratio(case: Case) -> str:
    """What to write instead where *case* compares a given file with an ``fp32`` that can't be made for its runtime; else empty."""
    cell, metric = case.cell, case.metric.name
    name = RuntimeName.parse(cell.runtime).runtime
    if case.limit is None or not case.metric.relative or given_files.find(cell.recipe, cell.model, name) is None:
        return ""
    framework, formats = models.get(cell.model).framework, runtimes.get(name).interchanges
    if exporters.find(framework, formats) is not None:
        return ""
    return (
        f"{metric}: {cell.recipe!r} on {name} has no 'fp32' beside it: {name} takes {' or '.join(formats)}, and {framework} models "
        f"export to {', '.join(exporters.formats_from(framework)) or 'nothing'}. Limit the figure itself, or register a float file "
        f"for {name} as the model"
    )


def _refused_choice(cell: ResolvedCell) -> str:
    """Which choice of the cell's name decides what is built; empty when none does."""
    decides = [one.name for one in cell.runtime.options if one.builds and one.name in dict(cell.name.options)]
    if decides:
        return f"{decides[0]}= decides how an artifact is built, and {cell.recipe.name!r} was built by somebody else"
    if cell.choice.provider.builds:
        return (
            f"artifacts for {cell.cell.runtime} are built for it, and {cell.recipe.name!r} was built by somebody else"
        )
    return ""
