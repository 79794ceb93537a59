"""One live worker for many artifacts of an engine: most of what such a test takes is the engine's import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.targets.local import Local
from harness.worker.process import Worker, WorkerFailure


class Reopening:
    """Opens artifacts one after the other in one process; one that died or can't close is replaced.

    Args:
        run_side: the engine's.
        log: the file for what it prints.
    """

    def __init__(self, run_side: Path, log: Path) -> None:
        self._run_side = run_side
        self._log = log
        self._worker: Worker | None = None

    def open(self, path: Path, options: dict[str, Any]) -> Worker:
        """The worker, with the artifact at *path* loaded and no other."""
        worker = self._closed() or Worker(Local(), threads=1, run_side=self._run_side, log=self._log, timeout_s=120)
        self._worker = worker
        worker.ask("load", path=str(path), options=options)
        return worker

    def _closed(self) -> Worker | None:
        if self._worker is not None:
            try:
                self._worker.ask("close")
            except WorkerFailure:
                self.end()
        return self._worker

    def end(self) -> None:
        """End the process, if there is one."""
        if self._worker is not None:
            self._worker.end()
        self._worker = None
