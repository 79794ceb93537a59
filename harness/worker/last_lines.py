"""What a process said before it died, from its log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

LAST_LINES = 12
FRAMES = 4
FATAL = "Fatal Python error:"
CURRENT = "Current thread"


class LogTail:
    """What is written to a log from now on: one log may hold several processes, one after the other."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._start = log.stat().st_size if log.exists() else 0

    def last_lines(self, more: Sequence[str] = ()) -> str:
        """The last lines of the log and then of *more*, see ``last_lines``."""
        try:
            text = self._log.read_bytes()[self._start :].decode(errors="replace")
        except OSError:
            text = ""
        return last_lines([*text.splitlines(), *more])


def last_lines(lines: Sequence[str]) -> str:
    """``; its last lines:`` and the lines that tell most, indented; empty when there are none.

    A fatal signal leaves the stacks of all threads behind: of these only the innermost frames of the one that died are
    kept, so that the engine's own last words are not pushed out.
    """
    nonblank = [line.rstrip() for line in lines if line.strip()]
    fatal = max((index for index, line in enumerate(nonblank) if line.startswith(FATAL)), default=None)
    if fatal is not None:
        stacks = nonblank[fatal + 1 :]
        current = next((index for index, line in enumerate(stacks) if line.startswith(CURRENT)), 0)
        nonblank = [*nonblank[: fatal + 1], *stacks[current : current + 1 + FRAMES]]
    last = nonblank[-LAST_LINES:]
    return "; its last lines:\n" + "\n".join(f"    {line}" for line in last) if last else ""
