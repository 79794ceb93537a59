"""Pairs of fresh processes that are timed in alternation: opened, blamed for what goes wrong, and measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from typing import Any

from harness.core.artifact import Artifact
from harness.core.probe_session import Startable
from harness.core.problem import CellProblem, Phase
from harness.core.tensors import Array
from harness.core.timing import Start, Timing
from harness.meters.latency import Enough, measure_latency
from harness.pipeline.resolved import ResolvedCell
from harness.pipeline.settings import Settings
from harness.pipeline.workers import FreshWorker
from harness.worker.process import WorkerFailure

Side = tuple[ResolvedCell, Artifact, str]
"""(cell, artifact, name used in error messages)."""


class TimedSide:
    """One side of a pair: a fresh worker, and the sample that it infers."""

    def __init__(self, worker: FreshWorker, sample: Mapping[str, Array]) -> None:
        self._worker = worker
        self._sample = sample

    def start(self, *, cold: bool) -> Start:
        """Load the artifact, from *cold* files where they can be dropped, and do the first inference."""
        loading = self._worker.load(cold=cold)
        return Start(
            load_ns=loading.ns,
            first_ns=self._worker.prepare(self._sample),
            files=loading.files,
            why_not_cold=loading.why_not_cold,
        )

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        """As ``Worker.ask``."""
        return self._worker.ask(operation, **fields)

    def time(self, iterations: int) -> Array:
        """As ``Worker.time``."""
        return self._worker.time(iterations)


class BlamedSide:
    """The other side: what goes wrong in it is told as its fault, not the candidate's."""

    def __init__(self, side: TimedSide, whose: str) -> None:
        self._side = side
        self._whose = whose

    def start(self, *, cold: bool) -> Start:
        """As ``TimedSide.start``."""
        with _blaming(self._whose):
            return self._side.start(cold=cold)

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        """As ``TimedSide.ask``."""
        with _blaming(self._whose):
            return self._side.ask(operation, **fields)

    def time(self, iterations: int) -> Array:
        """As ``TimedSide.time``."""
        with _blaming(self._whose):
            return self._side.time(iterations)


class OtherSideProblem(CellProblem):
    """What ended a comparison was not the candidate."""


@contextmanager
def _blaming(whose: str) -> Iterator[None]:
    try:
        yield
    except CellProblem as problem:
        raise OtherSideProblem.error(problem.phase or Phase.RUN, f"{whose}: {problem.reason}") from problem
    except WorkerFailure as err:
        raise OtherSideProblem.error(Phase.RUN, f"{whose}: {err}") from err


def time_pair(
    sides: Sequence[Side],
    sample: Mapping[str, Array],
    enough: Enough,
    *,
    seed: int,
    settings: Settings,
    least_inferences: int = 0,
    time_starts: bool = False,
    warm_ns: int = 0,
    wrap: Callable[[Startable], Startable] = lambda candidate: candidate,
) -> Timing:
    """Times of the first of *sides*, in alternation with the second where there is one.

    Args:
        sides: the candidate, and what it is compared with.
        sample: one sample by the names of its tensors, each of shape (1, ...).
        enough: asked after each pair of processes.
        seed: orders the sides within each round.
        settings: threads, folders and limits.
        least_inferences: of the candidate, in each pair of processes.
        time_starts: whether loading and the first inference are timed too.
        warm_ns: how long each side infers before its first round; 0: as long as a verdict wants it.
        wrap: what is done to the candidate's worker first; calibration makes it slower.

    Raises:
        CellProblem, WorkerFailure, ValueError: a side can't be opened, broke, or gave times that are none.
    """

    @contextmanager
    def open_pair() -> Iterator[tuple[Startable, Startable | None]]:
        with _opened(sides, sample, settings) as (candidate, other):
            yield wrap(candidate), other

    cell = sides[0][0]
    hardware, cpus = cell.target.hardware(), cell.target.cpus()
    usable = min(len(cpus) or hardware.cores, hardware.quota_cores or hardware.cores)
    threads = cell.threads(settings.threads)
    return measure_latency(
        open_pair,
        enough,
        seed,
        side_by_side=usable >= len(sides) * threads,
        least_inferences=least_inferences,
        time_starts=time_starts,
        warm_ns=warm_ns,
        read_moment=cell.target.moment,
        cpus=cpus,
        threads=threads,
    )


@contextmanager
def _opened(
    sides: Sequence[Side], sample: Mapping[str, Array], settings: Settings
) -> Iterator[tuple[TimedSide, BlamedSide | None]]:
    """The candidate and the other side where there is one, their engines imported."""
    # Both start at the same time: importing an engine takes longer than timing it.
    with ExitStack() as stack, ThreadPoolExecutor(max_workers=len(sides)) as pool:
        starts = [pool.submit(FreshWorker, cell, artifact, settings) for cell, artifact, _ in sides]
        wait(starts)
        workers = [stack.enter_context(start.result()) for start in starts if start.exception() is None]
        starts[0].result()
        if len(sides) == 1:
            yield TimedSide(workers[0], sample), None
            return
        whose = sides[1][2]
        with _blaming(whose):
            starts[1].result()
        yield TimedSide(workers[0], sample), BlamedSide(TimedSide(workers[1], sample), whose)
