"""References and artifacts of a run's cells, each made once."""

from __future__ import annotations

from collections.abc import Iterable

from harness.core.artifact import Artifact
from harness.core.names import LOCAL, Cell
from harness.core.problem import CellProblem
from harness.core.progress import Tell
from harness.pipeline.builds import build_all
from harness.pipeline.cell_book import CellBook
from harness.pipeline.plan import obstacle
from harness.pipeline.references import Reference, make_references
from harness.pipeline.resolved import resolve
from harness.pipeline.settings import Settings
from harness.store.artifacts import ArtifactStore
from harness.targets.lock import TargetLock


class Builder:
    """Evaluates references and builds artifacts; what fails is noted in the book as the cells' problem."""

    def __init__(self, book: CellBook, settings: Settings, tell: Tell) -> None:
        self._book = book
        self._settings = settings
        self._tell = tell
        self.store = ArtifactStore(settings.cache)
        self.references: dict[str, Reference] = {}
        self.artifacts: dict[Cell, Artifact] = {}
        self._reference_problems: dict[str, CellProblem] = {}

    def knows(self, cell: Cell) -> bool:
        """Whether *cell* was built, or why it can't be is known."""
        return cell in self.artifacts or self._book.problem(cell) is not None

    def build(self, cells: Iterable[Cell]) -> None:
        """Evaluate the references and build the artifacts of *cells*, as far as that was not done."""
        buildable: list[Cell] = []
        for cell in sorted(cells):
            if self.knows(cell):
                continue
            self._book.open(cell)
            problem = obstacle(resolve(cell))
            if problem is not None:
                self._book.end(cell, problem)
            else:
                buildable.append(cell)
        if buildable:
            with TargetLock(LOCAL).shared(self._tell):  # whoever times on this machine waits meanwhile
                self._evaluate_references({cell.model for cell in buildable})
                self._build(buildable)
        for notice in self.store.notices:
            self._tell(notice)
        self.store.notices.clear()

    def _evaluate_references(self, models: set[str]) -> None:
        missing = models - self.references.keys() - self._reference_problems.keys()
        if missing:
            references, problems = make_references(missing, self._settings, self._tell)
            self.references.update(references)
            self._reference_problems.update(problems)

    def _build(self, cells: list[Cell]) -> None:
        for cell in cells:
            if cell.model in self._reference_problems:
                self._book.end(cell, self._reference_problems[cell.model])
        referenced = [cell for cell in cells if cell.model in self.references]
        if referenced:
            artifacts, problems = build_all(referenced, self.references, self.store, self._settings, self._tell)
            self.artifacts.update(artifacts)
            for cell, problem in problems.items():
                self._book.end(cell, problem)
