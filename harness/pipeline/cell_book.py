"""What a run knows of each of its cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from harness.core.measurement import Measurement
from harness.core.metric import Stage
from harness.core.names import Cell
from harness.core.problem import CellProblem, Phase
from harness.core.result import CellResult
from harness.store.reason_logs import ReasonLogs


class CellBook:
    """Results, the stages that cells have reached, and what ended them.

    Args:
        reasons: make one sentence of what engines said.
    """

    def __init__(self, reasons: ReasonLogs) -> None:
        self._reasons = reasons
        self.results: dict[Cell, CellResult] = {}
        self._problems: dict[Cell, CellProblem] = {}
        """Cells without an artifact."""
        self._failures: dict[tuple[Cell, Stage], CellProblem] = {}
        """Cells whose artifact broke when it was run; what needs only the artifact is judged all the same."""
        self._done: set[tuple[Cell, Stage]] = set()

    def open(self, cell: Cell) -> None:
        """Give *cell* a result, unless it has one."""
        self.results.setdefault(cell, CellResult(cell=cell))

    def problem(self, cell: Cell) -> CellProblem | None:
        """Why there is no artifact of *cell*; None when nothing is known against it."""
        return self._problems.get(cell)

    def check(self, cell: Cell) -> None:
        """Raise what left *cell* without an artifact.

        Raises:
            CellProblem: there is none.
        """
        if cell in self._problems:
            raise self._problems[cell]

    def end(self, cell: Cell, problem: CellProblem) -> None:
        """Note that *problem* leaves *cell* without an artifact."""
        problem = self._reasons.shortened(cell, problem)
        self._problems[cell] = problem
        self._set_status(cell, problem)

    def is_done(self, cell: Cell, stage: Stage) -> bool:
        """Whether *cell* has reached *stage*."""
        return (cell, stage) in self._done

    def is_settled(self, cell: Cell, stage: Stage) -> bool:
        """Whether *cell* has reached *stage*, or failed to."""
        return self.is_done(cell, stage) or (cell, stage) in self._failures

    @contextmanager
    def reaching(self, cell: Cell, stage: Stage) -> Iterator[None]:
        """Bring *cell* to *stage* inside the block; where that failed before, it fails again without another try.

        Raises:
            CellProblem: it failed, now or before.
        """
        if (cell, stage) in self._failures:
            raise self._failures[cell, stage]
        try:
            yield
        except CellProblem as problem:
            shortened = self._reasons.shortened(cell, problem)
            self._failures[cell, stage] = shortened
            self._set_status(cell, shortened)
            if shortened is problem:
                raise
            raise shortened from problem
        self._done.add((cell, stage))

    def record(self, cell: Cell, measurements: Iterable[Measurement]) -> None:
        """Add *measurements*; a later one of a name stands over an earlier one."""
        known = self.results[cell].measurements
        self.change(cell, measurements={**known, **{measurement.name: measurement for measurement in measurements}})

    def change(self, cell: Cell, **fields: Any) -> None:
        """Set *fields* of the cell's result."""
        self.results[cell] = replace(self.results[cell], **fields)

    def _set_status(self, cell: Cell, problem: CellProblem) -> None:
        self.open(cell)
        self.change(cell, status=problem.status, reason=problem.reason)


def because_of(other: Cell, role: str, problem: CellProblem) -> CellProblem:
    """The problem of a cell that rests on *other*, which has *problem*; *role* says what *other* is to it."""
    return CellProblem.error(problem.phase or Phase.MEASURE, f"{role} {other.id} is {problem.status}: {problem.reason}")


def raise_if(problem: CellProblem | None) -> None:
    """Raise *problem* where there is one.

    Raises:
        CellProblem: *problem*.
    """
    if problem is not None:
        raise problem
