"""A cell that could not be measured, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from harness.core.finding import Verdict


class Phase(StrEnum):
    """What was being done when something went wrong: ``error(load)``."""

    MODEL = "model"
    """The user's function that makes the float model, or the model's own outputs."""
    DATA = "data"
    """The user's data set."""
    COMPRESS = "compress"
    """A step of the recipe."""
    CONVERT = "convert"
    """Exporting or lowering."""
    LOAD = "load"
    RUN = "run"
    MEASURE = "measure"
    """Figures from what the runtime gave."""
    PARITY = "parity"
    """The artifact computes something else than the reference."""
    LINT = "lint"
    """A limit that can't be decided."""
    PROMISE = "promise"
    PLACEMENT = "placement"


class CellProblem(Exception):
    """Ends one cell, never the run: ``unsupported(reason)``, ``unavailable(reason)`` or ``error(phase)``."""

    def __init__(self, verdict: Verdict, reason: str, phase: Phase | None = None) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason
        self.phase = phase

    @classmethod
    def error(cls, phase: Phase, reason: str) -> Self:
        """Something that should have worked broke in *phase*."""
        return cls(Verdict.ERROR, reason, phase)

    @property
    def status(self) -> str:
        """``unsupported``, ``unavailable`` or ``error(phase)``."""
        return f"error({self.phase})" if self.verdict is Verdict.ERROR else str(self.verdict)
