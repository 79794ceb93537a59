"""From matrices to cells: every name resolved, every reason why a cell can't run found before anything runs."""

from __future__ import annotations

from dataclasses import replace

from harness.core.contracts import Runtime
from harness.core.finding import Verdict
from harness.core.matrix import Case, Matrix
from harness.core.model import Model
from harness.core.names import Cell, RuntimeName
from harness.core.problem import CellProblem
from harness.core.recipe import Recipe
from harness.errors import ContractError, UnknownName
from harness.exporters.registry import find_exporter, formats_from
from harness.frameworks.registry import frameworks
from harness.judge.lint import Facts
from harness.recipes.chain import control_of, parse_recipe
from harness.recipes.quantization import with_other_samples
from harness.runtimes.registry import availability, installed, runtimes
from harness.targets.registry import targets
from harness.zoo.registry import datasets, metrics, models


def check_names(matrix: Matrix) -> None:
    """Resolve every name in *matrix*.

    Raises:
        HarnessError: a model, recipe, runtime, target, data set or task metric that does not exist.
    """
    for name in matrix.models:
        model = models.get(name)
        for registry, wanted in ((datasets, model.dataset), (metrics, model.metric), (frameworks, model.framework)):
            if wanted not in registry:
                error = UnknownName.among(registry.kind, wanted, registry.names())
                raise ContractError(f"model {name!r} ({model.source}): {error}")
    for name in matrix.recipes:
        parse_recipe(name)
    for name in matrix.runtimes:
        runtimes.get(RuntimeName.parse(name).engine)
    for name in matrix.targets:
        targets.get(name)


def declared_facts(cell: Cell) -> Facts:
    """What is declared of the evaluation set that *cell* is judged on."""
    model = models.get(cell.model)
    dataset = datasets.get(model.dataset)
    return Facts(
        samples=dataset.samples,
        smallest_class=dataset.smallest_class,
        per_sample=metrics.get(model.metric).per_sample,
    )


def obstacle(cell: Cell) -> CellProblem | None:
    """Why *cell* can't run, known without building anything: unsupported by design, or unavailable here."""
    model, recipe, name = models.get(cell.model), parse_recipe(cell.recipe), RuntimeName.parse(cell.runtime)
    runtime = runtimes.get(name.engine)
    exporter = find_exporter(model.framework, runtime.interchange)
    if exporter is None:
        known = ", ".join(formats_from(model.framework)) or "nothing"
        return CellProblem(
            Verdict.UNSUPPORTED,
            f"{runtime.name} takes {runtime.interchange}, and {model.framework} models export to {known}",
        )
    refused = runtime.refusal(name, recipe.precision) or _step_refusal(model, recipe)
    if refused:
        return CellProblem(Verdict.UNSUPPORTED, refused)
    here = availability(runtime)
    if not here.ok:
        return CellProblem(Verdict.UNAVAILABLE, here.reason)
    framework = frameworks.get(model.framework)
    tools = installed([*framework.packages, *exporter.packages])
    if not tools.ok:
        return CellProblem(
            Verdict.UNAVAILABLE, f"{tools.reason} (to export {model.framework} models as {runtime.interchange})"
        )
    for step in recipe.transforms:
        libraries = installed(step.packages)
        if not libraries.ok:
            return CellProblem(
                Verdict.UNAVAILABLE, f"{libraries.reason} (for step {step.name!r}); pip install 'edge-harness[recipes]'"
            )
    return None


def _step_refusal(model: Model, recipe: Recipe) -> str:
    """Why a step of *recipe* can't be done on *model*; empty when all can."""
    for step in recipe.transforms:
        if step.framework and step.framework != model.framework:
            return (
                f"step {step.name!r} transforms {step.framework} models, and {model.name!r} is one of {model.framework}"
            )
        if step.replaces and model.student is None:
            return (
                f"step {step.name!r} needs a student, and model {model.name!r} has none: "
                "register it with @harness.model(..., student=function)"
            )
    return ""


def control_cell(cell: Cell) -> Cell | None:
    """The cell whose recipe lacks what this one's is about; None when no step of it has a control."""
    control = control_of(cell.recipe)
    return replace(cell, recipe=control) if control else None


def calibration_cells(cell: Cell) -> tuple[Cell, ...]:
    """The same cell with other calibration samples; empty where nothing is calibrated or a seed is chosen already."""
    return tuple(replace(cell, recipe=recipe) for recipe in with_other_samples(cell.recipe))


def refused_case(case: Case) -> str:
    """Why what *case* demands has no meaning for its recipe; empty when it has."""
    if case.limit is None:
        return ""
    name, recipe = case.metric.name, case.cell.recipe
    if name == "accuracy_gain" and control_cell(case.cell) is None:
        return f"{name}: no step of {recipe!r} has a control to be compared with; write 'report' for it"
    if name == "calibration_spread" and not calibration_cells(case.cell):
        return f"{name}: {recipe!r} draws no calibration samples, or names its seed already; write 'report' for it"
    return ""


def companions(case: Case) -> set[Cell]:
    """The cells beside its own whose artifacts *case* rests on."""
    cell, metric = case.cell, case.metric
    if cell.is_reference:
        return set()
    promised = any(promise.metric.relative for promise in parse_recipe(cell.recipe).promises)
    return ({cell.reference} if metric.relative or promised else set()) | probed_companions(case)


def probed_companions(case: Case) -> set[Cell]:
    """Those whose predictions it rests on."""
    if case.metric.name == "accuracy_gain":
        control = control_cell(case.cell)
        return set() if control is None else {control}
    return set(calibration_cells(case.cell)) if case.metric.name == "calibration_spread" else set()


def parts_of(cell: Cell) -> tuple[Model, Recipe, RuntimeName, Runtime]:
    """The registered things behind *cell*'s names."""
    name = RuntimeName.parse(cell.runtime)
    return models.get(cell.model), parse_recipe(cell.recipe), name, runtimes.get(name.engine)
