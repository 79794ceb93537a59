"""What is measured of a built cell, and how its workers are opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from harness.core.artifact import Artifact
from harness.core.data import Array
from harness.core.environment import Environment
from harness.core.finding import Verdict
from harness.core.measurement import Measurement
from harness.core.metric import Stage
from harness.core.probe_session import Evaluation, ProbeSession, Timed
from harness.core.problem import CellProblem, Phase
from harness.core.result import ClassFlips, Placement
from harness.core.samples import Samples
from harness.core.timing import Timing
from harness.errors import TargetError
from harness.meters.accuracy import evaluate
from harness.meters.latency import Enough, measure_latency
from harness.meters.registry import measure
from harness.pipeline.references import Reference
from harness.pipeline.resolved import ResolvedCell
from harness.pipeline.settings import Settings
from harness.registries import task_metrics
from harness.worker.process import RuntimeMissing, Worker, WorkerFailure

EVALUATION_BATCH = 1
"""What runs on the device; a larger batch changes the ranges of dynamically quantized activations."""
INFERENCES_BEFORE_MEMORY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one worker told of one cell."""

    measurements: tuple[Measurement, ...]
    samples: Samples
    classes: tuple[ClassFlips, ...]
    environment: Environment
    placement: Placement
    details: dict[str, Any]
    """What the engine tells of itself beside."""


class ProbedWorker:
    """The worker as meters have it: what goes wrong in it ends the cell while it runs, not while it is measured."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        """As ``Worker.ask``."""
        with in_phase(Phase.RUN):
            return self._worker.ask(operation, **fields)

    def time(self, iterations: int) -> Array:
        """As ``Worker.time``."""
        with in_phase(Phase.RUN):
            return self._worker.time(iterations)


class BlamedWorker:
    """The other side's worker: what goes wrong in it is told as its fault, not the candidate's."""

    def __init__(self, worker: Worker, whose: str) -> None:
        self._worker = worker
        self._whose = whose

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        """As ``Worker.ask``."""
        with _blaming(self._whose):
            return self._worker.ask(operation, **fields)

    def time(self, iterations: int) -> Array:
        """As ``Worker.time``."""
        with _blaming(self._whose):
            return self._worker.time(iterations)

    def prepare(self, sample: Array) -> int:
        """As ``Worker.prepare``."""
        with _blaming(self._whose):
            return self._worker.prepare(sample)


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


def probe(cell: ResolvedCell, artifact: Artifact, reference: Reference, settings: Settings) -> Probe:
    """Load, first inference, memory, then predictions on the whole evaluation set, in one fresh worker.

    Raises:
        CellProblem: ``error(load)``, ``error(run)`` or ``error(measure)``.
    """
    inputs = reference.load("inputs")
    provider = cell.choice.provider.name
    worker, loaded = open_worker(cell, artifact, settings)
    with worker, in_phase(Phase.RUN):
        first_ns = worker.prepare(inputs[:1])
        worker.time(INFERENCES_BEFORE_MEMORY)
        memory = worker.ask("memory")
        description = worker.ask("describe")["description"]
        outputs = worker.predict(inputs, EVALUATION_BATCH)
        with in_phase(Phase.MEASURE):
            evaluation = evaluate(
                task_metrics.get(cell.model.metric), outputs, reference.load("outputs"), reference.load("labels")
            )
            session = ProbeSession(
                worker=ProbedWorker(worker),
                load_ns=loaded["load_ns"],
                first_ns=first_ns,
                memory_peak_bytes=memory["over_idle"],
                memory_idle_bytes=memory["idle"],
                evaluation=evaluation,
                provider=provider,
                placement=description.pop("placement", None) or artifact.provenance.placement,
                figures=description.pop("figures", {}),
                description=description,
            )
            measurements = measure(Stage.PROBE, session)
        worker.ask("close")
    return Probe(
        measurements=tuple(measurements.values()),
        samples=_samples(evaluation, reference.dataset_sha256),
        classes=evaluation.classes,
        environment=_environment(cell, worker, description, settings),
        placement=Placement(provider=provider, operators=session.placement),
        details=description,
    )


def _samples(evaluation: Evaluation, dataset_sha256: str) -> Samples:
    if evaluation.correct is None:
        return Samples.scored(evaluation.outputs, dataset_sha256)
    return Samples.pack(evaluation.correct, evaluation.outputs, dataset_sha256)


Side = tuple[ResolvedCell, Artifact, str]
"""(cell, artifact, name used in error messages)."""


def time_pair(
    sides: Sequence[Side],
    sample: Array,
    enough: Enough,
    *,
    seed: int,
    settings: Settings,
    least_inferences: int = 0,
    wrap: Callable[[Timed], Timed] = lambda candidate: candidate,
) -> Timing:
    """Times of the first of *sides*, in alternation with the second where there is one.

    Args:
        sides: the candidate, and what it is compared with.
        sample: one sample, shape (1, ...).
        enough: asked after each pair of processes.
        seed: orders the sides within each round.
        settings: threads, folders and limits.
        least_inferences: of the candidate, in each pair of processes.
        wrap: what is done to the candidate's worker first; calibration makes it slower.

    Raises:
        CellProblem, WorkerFailure, ValueError: a side can't be opened, broke, or gave times that are none.
    """

    @contextmanager
    def open_pair() -> Iterator[tuple[Timed, Timed | None]]:
        with _opened(sides, sample, settings) as (candidate, other):
            yield wrap(candidate), other

    cell = sides[0][0]
    hardware = cell.target.hardware()
    usable = min(hardware.cores, hardware.quota_cores or hardware.cores)
    together = usable >= len(sides) * cell.threads(settings.threads)
    return measure_latency(
        open_pair,
        enough,
        seed,
        warm_together=together,
        least_inferences=least_inferences,
        read_moment=cell.target.moment,
    )


@contextmanager
def _opened(sides: Sequence[Side], sample: Array, settings: Settings) -> Iterator[tuple[Worker, BlamedWorker | None]]:
    """Workers of the candidate and of the other side where there is one, ready to be timed."""
    # Both start at the same time: importing an engine takes longer than timing it.
    with ExitStack() as stack, ThreadPoolExecutor(max_workers=len(sides)) as pool:
        starts = [pool.submit(open_worker, cell, artifact, settings) for cell, artifact, _ in sides]
        wait(starts)
        workers = [stack.enter_context(start.result()[0]) for start in starts if start.exception() is None]
        starts[0].result()
        if len(sides) == 1:
            workers[0].prepare(sample)
            yield workers[0], None
            return
        whose = sides[1][2]
        with _blaming(whose):
            starts[1].result()
        other = BlamedWorker(workers[1], whose)
        workers[0].prepare(sample)
        other.prepare(sample)
        yield workers[0], other


def open_worker(cell: ResolvedCell, artifact: Artifact, settings: Settings) -> tuple[Worker, dict[str, Any]]:
    """A fresh worker with *artifact* open in it, and its answer to loading; the caller ends it."""
    threads, choice = cell.threads(settings.threads), cell.choice
    logs = settings.scratch / "workers"
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{cell.cell.id.replace('/', '~')}.log"
    with in_phase(Phase.LOAD):
        path = cell.target.put(artifact)
        compiled = cell.target.cache(settings.cache / "compiled")
        worker = Worker(
            cell.target,
            threads=threads,
            run_side=cell.runtime.run_side,
            log=log,
            timeout_s=settings.worker_timeout_s,
            memory_limit_bytes=settings.memory_limit_bytes,
        )
        try:
            options = {**choice.options, "threads": threads, "provider": choice.provider.name, "cache": compiled}
            return worker, worker.ask("load", path=path, options=options)
        except BaseException:
            worker.end()
            raise


@contextmanager
def in_phase(phase: Phase) -> Iterator[None]:
    """Turn what ends a cell inside the block into ``error(phase)``; an inner phase stays."""
    try:
        yield
    except RuntimeMissing as err:
        raise CellProblem(Verdict.UNAVAILABLE, str(err)) from err
    except (WorkerFailure, TargetError, ValueError) as err:
        raise CellProblem.error(phase, str(err)) from err


def _environment(cell: ResolvedCell, worker: Worker, description: dict[str, Any], settings: Settings) -> Environment:
    choice = cell.choice
    return Environment(
        hardware=cell.target.hardware(),
        runtime_versions=tuple(sorted({**worker.greeting["versions"], **description.pop("versions", {})}.items())),
        provider=str(description.pop("provider", choice.provider.name)),
        threads=cell.threads(settings.threads),
        options=tuple(sorted(choice.options.items())),
        python=worker.greeting["python"],
    )
