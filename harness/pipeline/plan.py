"""From matrices to cells: every name resolved, every reason why a cell can't run found before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness.core.finding import Verdict
from harness.core.matrix import Case, Matrix
from harness.core.metric import Companion, Rule
from harness.core.model import Model
from harness.core.names import LOCAL, Cell, RuntimeName
from harness.core.packages import installed
from harness.core.problem import CellProblem
from harness.core.recipe import Recipe
from harness.core.task_metric import Kind
from harness.errors import ContractError, InvalidMatrix, TargetError, UnknownName
from harness.judge.facts import Facts
from harness.pipeline.given_plan import check_given, obstacle_to_given, refused_ratio
from harness.pipeline.resolved import ResolvedCell, resolve
from harness.recipes.chain import control_of, parse_recipe
from harness.recipes.quantization import with_other_samples
from harness.registries import datasets, exporters, frameworks, models, runtimes, targets, task_metrics
from harness.runtimes.availability import can_build, can_run, remedy
from harness.runtimes.options import missing_to_build, refused_name


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanionKind:
    """Which other recipes a recipe is measured with."""

    recipes: Callable[[str], list[str]]
    """Their names by the recipe's; an empty one is none."""
    lacking: str
    """Why a recipe has none; ``{!r}`` stands for its name."""


OF_OUTCOMES = (Rule.PAIRED_DROP, Rule.ACCURACY, Rule.WORST_CLASS, Rule.PAIRED_GAIN)
"""How shares of right and wrong are judged; flips and agreement have rules of their own."""

COMPANIONS: Mapping[Companion, CompanionKind] = {
    Companion.CONTROL: CompanionKind(
        recipes=lambda recipe: [control_of(recipe)],
        lacking="no step of {!r} has a control to be compared with",
    ),
    Companion.DRAWS: CompanionKind(
        recipes=with_other_samples, lacking="{!r} draws no calibration samples, or names its seed already"
    ),
}


def check_names(matrix: Matrix) -> None:
    """Resolve every name in *matrix*.

    Raises:
        HarnessError: a model, recipe, runtime, provider, engine option, target, data set or task metric that does not
            exist.
    """
    for name in matrix.models:
        model = models.get(name)
        for registry, wanted in (
            (datasets, model.dataset),
            (task_metrics, model.metric),
            (frameworks, model.framework),
        ):
            if wanted not in registry:
                error = UnknownName.among(registry.kind, wanted, registry.names())
                raise ContractError(f"model {name!r} ({model.source}): {error}")
        if model.file is not None and not model.file.is_file():
            raise ContractError(f"model {name!r} ({model.source}): there is no file {model.file}.")
    for name in matrix.recipes:
        parse_recipe(name)
        check_given(name, matrix.models)
    for text in matrix.runtimes:
        chosen = RuntimeName.parse(text)
        refused = refused_name(chosen, runtimes.get(chosen.runtime))
        if refused:  # a slip of the pen, which as an unsupported cell would be skipped
            raise InvalidMatrix(f"runtime {text!r}: {refused}.")
    for name in matrix.targets:
        targets.get(name)


def declared_facts(cell: Cell) -> Facts:
    """What is declared of the evaluation set that *cell* is judged on."""
    model = models.get(cell.model)
    dataset = datasets.get(model.dataset)
    return Facts(
        samples=dataset.samples,
        smallest_class=dataset.smallest_class,
        per_sample=task_metrics.get(model.metric).per_sample,
    )


def obstacle(cell: ResolvedCell) -> CellProblem | None:
    """Why *cell* can't be built, known without building anything: unsupported by design, or unavailable here."""
    if cell.recipe.given:
        return obstacle_to_given(cell)
    model, recipe, runtime, framework = cell.model, cell.recipe, cell.runtime, cell.framework
    if cell.exporter is None:
        known = ", ".join(exporters.formats_from(model.framework)) or "nothing"
        formats = " or ".join(runtime.interchanges)
        return CellProblem(
            Verdict.UNSUPPORTED, f"{runtime.name} takes {formats}, and {model.framework} models export to {known}"
        )
    refused = (
        refused_name(cell.name, runtime)
        or runtime.refusal(model.framework, recipe.precision, cell.choice)
        or _step_refusal(model, recipe)
    )
    if refused:
        return CellProblem(Verdict.UNSUPPORTED, refused)
    here = can_build(runtime)
    if not here.ok:
        return CellProblem(Verdict.UNAVAILABLE, here.reason)
    missing = missing_to_build(cell.choice, runtime, targets.get(LOCAL).devices())
    if missing:
        return CellProblem(Verdict.UNAVAILABLE, missing)
    for tool, purpose in ((framework, "for its models"), (cell.exporter, f"to export them as {cell.exporter.format}")):
        tools = installed(tool.packages)
        if not tools.ok:
            return CellProblem(Verdict.UNAVAILABLE, f"{tools.reason} ({model.framework}: {purpose}){remedy(tool)}")
    for step in recipe.transforms:
        libraries = installed(step.packages)
        if not libraries.ok:
            return CellProblem(
                Verdict.UNAVAILABLE, f"{libraries.reason} (for step {step.name!r}); pip install 'edge-harness[recipes]'"
            )
    return None


def obstacle_to_running(cell: ResolvedCell) -> CellProblem | None:
    """Why the artifact of *cell* can't run on its target, though it can be built: a package or a device is missing there,
    or here what its task metric imports.
    """
    try:
        there = can_run(cell.runtime, cell.choice.provider, cell.target)
    except TargetError as err:
        return CellProblem(Verdict.UNAVAILABLE, str(err))
    if not there.ok:
        return CellProblem(Verdict.UNAVAILABLE, there.reason)
    metric = task_metrics.get(cell.model.metric)
    libraries = installed(metric.packages)
    if libraries.ok:
        return None
    remedy = "; pip install 'edge-harness[metrics]'" if metric.source.module.startswith("harness.") else ""
    return CellProblem(Verdict.UNAVAILABLE, f"{libraries.reason} (for task metric {metric.name!r}){remedy}")


def obstacle_to_timing(cell: ResolvedCell) -> CellProblem | None:
    """Why times of *cell* would mean nothing, such as a simulator's."""
    why = cell.choice.provider.untimed
    return CellProblem(Verdict.UNSUPPORTED, f"latency on {cell.cell.runtime}: {why}") if why else None


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


def refused_case(case: Case) -> str:
    """Why what *case* demands has no meaning for its recipe or its model; empty when it has."""
    other = _of_another_task(case) or refused_ratio(case)
    if other:
        return other
    if case.limit is None or case.metric.companion is None or probed_companions(case):
        return ""
    name, recipe = case.metric.name, case.cell.recipe
    return f"{name}: {COMPANIONS[case.metric.companion].lacking.format(recipe)}; write 'report' for it"


def _of_another_task(case: Case) -> str:
    """What to write instead where *case* judges a model by another task metric than its own."""
    model = models.get(case.cell.model)
    own, asked = task_metrics.get(model.metric), case.metric
    of_numbers = own.kind is not Kind.OUTCOME and own.in_blocks
    by_numbers = asked.rule in (Rule.LOSS, Rule.LEVEL)
    judged = f"{asked.name}: model {model.name!r} is judged by {own.title or own.name}"
    if of_numbers and by_numbers and asked.name in (own.name, f"{own.name}_{own.worse}"):
        return ""
    if of_numbers and (by_numbers or asked.rule in OF_OUTCOMES or asked.companion is not None):
        return f"{judged}; write {own.name}_{own.worse} or {own.name} for it"
    if by_numbers:
        return f"{judged}; write accuracy_drop or accuracy for it"
    return ""


def companions(case: Case) -> set[Cell]:
    """The cells beside its own whose artifacts *case* rests on."""
    cell, metric = case.cell, case.metric
    if cell.is_reference:
        return set()
    promised = any(promise.metric.relative for promise in resolve(cell).recipe.promises)
    return ({cell.reference} if metric.relative or promised else set()) | probed_companions(case)


def probed_companions(case: Case) -> set[Cell]:
    """Those whose predictions it rests on: its control, or other draws of calibration samples; none where it has none."""
    if case.metric.companion is None:
        return set()
    recipes = COMPANIONS[case.metric.companion].recipes(case.cell.recipe)
    return {replace(case.cell, recipe=recipe) for recipe in recipes if recipe}
