"""A cell with everything that its names stand for, looked up once."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from harness.core.contracts import Exporter, Framework, Runtime, Target
from harness.core.given import GivenFile
from harness.core.model import Model
from harness.core.names import Cell, RuntimeName
from harness.core.offer import Choice
from harness.core.packages import forget_versions
from harness.core.recipe import Recipe
from harness.recipes.chain import parse_recipe
from harness.registries import exporters, frameworks, given_files, models, runtimes, targets
from harness.runtimes.options import THREADS, choice_of
from harness.store.sources import forget_sources


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResolvedCell:
    """A cell and the registered things behind its names."""

    cell: Cell
    model: Model
    recipe: Recipe
    runtime: Runtime
    name: RuntimeName
    """The runtime's name as the cell has it, parsed."""
    choice: Choice
    """Provider and options, defaults filled in; means something only where ``refused_name`` has nothing to say."""
    exporter: Exporter | None
    """From the model's framework to the first format that the runtime takes; None when there is none."""
    framework: Framework
    target: Target
    given: GivenFile | None = None
    """The file that somebody else made for it; None where the artifact is built, or where none was given."""

    def threads(self, default: int) -> int:
        """Threads of the engine: what the cell says, else *default*."""
        return int(dict(self.name.options).get(THREADS, default))


@functools.cache
def resolve(cell: Cell) -> ResolvedCell:
    """*cell* with what its names stand for; the same record each time, until ``forget_resolved``.

    Raises:
        HarnessError: a name that doesn't exist, or a recipe that can't be read.
    """
    model = models.get(cell.model)
    name, runtime, choice = _resolve_runtime(cell.runtime)
    return ResolvedCell(
        cell=cell,
        model=model,
        recipe=_resolve_recipe(cell.recipe),
        runtime=runtime,
        name=name,
        choice=choice,
        exporter=exporters.find(model.framework, runtime.interchanges),
        framework=frameworks.get(model.framework),
        target=targets.get(cell.target),
        given=given_files.find(cell.recipe, cell.model, runtime.name),
    )


def forget_resolved() -> None:
    """Look at the registries, the installed packages and the source files anew; a run begins so."""
    for cached in (resolve, _resolve_runtime, _resolve_recipe):
        cached.cache_clear()
    forget_versions()
    forget_sources()


@functools.cache
def _resolve_runtime(text: str) -> tuple[RuntimeName, Runtime, Choice]:
    name = RuntimeName.parse(text)
    runtime = runtimes.get(name.runtime)
    return name, runtime, choice_of(name, runtime)


@functools.cache
def _resolve_recipe(text: str) -> Recipe:
    return parse_recipe(text)
