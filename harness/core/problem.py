"""A cell that could not be measured, and why."""

from __future__ import annotations

from typing import Self

from harness.core.finding import Verdict

STAGES = ("train", "compress", "convert", "load", "run", "measure")


class CellProblem(Exception):
    """Ends one cell, never the run: ``unsupported(reason)``, ``unavailable(reason)`` or ``error(stage)``."""

    def __init__(self, verdict: Verdict, reason: str, stage: str = "") -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason
        self.stage = stage

    @classmethod
    def error(cls, stage: str, reason: str) -> Self:
        """Something that should have worked broke in *stage*."""
        return cls(Verdict.ERROR, reason, stage)

    @property
    def status(self) -> str:
        """``unsupported``, ``unavailable`` or ``error(stage)``."""
        return f"error({self.stage})" if self.verdict is Verdict.ERROR else str(self.verdict)
