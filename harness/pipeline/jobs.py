"""Items that child processes work through: one that dies loses only the item it was at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from harness.core.finding import Verdict
from harness.core.problem import CellProblem, Phase
from harness.pipeline.child import run_child
from harness.pipeline.messages import Begin, Done, Emit, Event, Failed, Refused, Request, Step, Unavailable, Unsupported
from harness.pipeline.settings import Settings

RequestOf = Callable[[Sequence[str]], Request]
"""The request for the items with these keys."""


def run_until_done(
    keys: Iterable[str], request_of: RequestOf, *, log: Path, settings: Settings, listen: Emit, phase: Phase
) -> dict[str, CellProblem]:
    """Work through all of *keys*, with a new process after each that died.

    Args:
        keys: of the items, in order.
        request_of: makes the request for the keys that are left.
        log: takes the processes' own output.
        settings: limits on time and memory.
        listen: gets every event.
        phase: to blame for a process that dies before it tells of any.

    Returns:
        What went wrong, by key; a key that is missing is done.
    """
    waiting, problems = list(keys), {}
    while waiting:
        progress = _Progress(phase)

        def on_event(event: Event, progress: _Progress = progress) -> None:
            progress.take(event)
            if isinstance(event, Done | Failed | Unavailable | Unsupported):
                waiting.remove(event.key)
                if not isinstance(event, Done):
                    problems[event.key] = _problem(event)
            listen(event)

        end = run_child(
            request_of(tuple(waiting)), log=log, timeout_s=settings.build_timeout_s, threads=1, on_event=on_event
        )
        reason = progress.refusal or end.reason or "the process ended without a result"
        # Without a culprit nothing would change in another process: all that wait get the reason.
        for key in [progress.current] if progress.current else tuple(waiting):
            problems[key] = CellProblem.error(progress.phase, reason)
            waiting.remove(key)
    return problems


def _problem(event: Failed | Unavailable | Unsupported) -> CellProblem:
    match event:
        case Failed():
            return CellProblem.error(event.phase, event.reason)
        case Unavailable():
            return CellProblem(Verdict.UNAVAILABLE, event.reason)
        case Unsupported():
            return CellProblem(Verdict.UNSUPPORTED, event.reason)


class _Progress:
    """Where one process is."""

    def __init__(self, phase: Phase) -> None:
        self.phase = phase
        self.current = ""
        """Key of the item at work; empty between two."""
        self.refusal = ""

    def take(self, event: Event) -> None:
        match event:
            case Begin():
                self.current, self.phase = event.key, event.phase
            case Step():
                self.phase = event.phase
            case Refused():
                self.refusal = event.reason
            case _:
                self.current = ""
