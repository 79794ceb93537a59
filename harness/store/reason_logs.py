"""Reasons that were told shortened, whole: a file per cell in the cache folder, of the last time that it broke."""

from __future__ import annotations

from pathlib import Path

from harness.core.names import Cell
from harness.core.problem import CellProblem, Phase
from harness.core.reasons import one_sentence
from harness.store.atomic import write_text

OF_ENGINES = (Phase.CONVERT, Phase.LOAD, Phase.RUN, None)
"""Phases in which engines and their tools speak; of others the reason ends with the lines of the user's code."""


class ReasonLogs:
    """Makes one sentence of what engines said, and keeps the rest.

    Args:
        folder: where the files go; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def shortened(self, cell: Cell, problem: CellProblem) -> CellProblem:
        """*problem* with one sentence as its reason, which names the file that holds all of it; itself where that is all."""
        sentence = one_sentence(problem.reason)
        if sentence == problem.reason or problem.phase not in OF_ENGINES:
            return problem
        path = self._folder / f"{cell.id.replace('/', '~')}.log"
        try:
            write_text(path, f"{problem.reason.encode('utf-8', 'replace').decode('utf-8')}\n")
        except OSError:
            return CellProblem(problem.verdict, sentence, problem.phase)  # a full disk changes no verdict
        return CellProblem(problem.verdict, f"{sentence} (all of it: {path})", problem.phase)
