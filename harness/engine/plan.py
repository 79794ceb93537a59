"""From matrices to cells: every name resolved, every reason why a cell can't run found before anything runs."""

from __future__ import annotations

from harness.core.contracts import Runtime
from harness.core.finding import Verdict
from harness.core.matrix import Matrix
from harness.core.model import Model
from harness.core.names import Cell, RuntimeName
from harness.core.problem import CellProblem
from harness.core.recipe import Recipe
from harness.errors import ContractError, UnknownName
from harness.exporters.registry import find_exporter, formats_from
from harness.frameworks.registry import frameworks
from harness.judge.lint import Facts
from harness.recipes.chain import parse_recipe
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
    refused = runtime.refusal(name, recipe.precision)
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
    return None


def parts_of(cell: Cell) -> tuple[Model, Recipe, RuntimeName, Runtime]:
    """The registered things behind *cell*'s names."""
    name = RuntimeName.parse(cell.runtime)
    return models.get(cell.model), parse_recipe(cell.recipe), name, runtimes.get(name.engine)
