"""What is measured of a built cell, and how its workers are opened."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from harness.core.artifact import Artifact
from harness.core.data import Array
from harness.core.environment import Environment, Hardware
from harness.core.measurement import Measurement
from harness.core.names import Cell
from harness.core.problem import CellProblem
from harness.core.samples import Samples
from harness.engine.plan import parts_of
from harness.engine.references import Reference
from harness.engine.settings import Settings
from harness.meters.accuracy import accuracy_measurements, correctness
from harness.meters.latency import Timed, Timing, latency_measurements, measure_latency
from harness.targets.registry import targets
from harness.worker.process import Worker, WorkerFailure
from harness.zoo.registry import metrics

EVALUATION_BATCH = 1
"""What runs on the device; a larger batch changes the ranges of dynamically quantized activations."""
INFERENCES_BEFORE_MEMORY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one worker told of one cell."""

    measurements: tuple[Measurement, ...]
    samples: Samples
    environment: Environment
    details: dict[str, Any]


class BlamedWorker:
    """A reference's worker: what goes wrong in it is told as the reference's fault, not the candidate's."""

    def __init__(self, worker: Worker, cell: Cell) -> None:
        self._worker = worker
        self._cell = cell

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        """As ``Worker.ask``."""
        with _blaming(self._cell):
            return self._worker.ask(operation, **fields)

    def time(self, iterations: int) -> Array:
        """As ``Worker.time``."""
        with _blaming(self._cell):
            return self._worker.time(iterations)

    def prepare(self, sample: Array) -> int:
        """As ``Worker.prepare``."""
        with _blaming(self._cell):
            return self._worker.prepare(sample)


@contextmanager
def _blaming(cell: Cell) -> Iterator[None]:
    try:
        yield
    except CellProblem as problem:
        raise CellProblem.error(problem.stage, f"its reference {cell.id}: {problem.reason}") from problem
    except WorkerFailure as err:
        raise WorkerFailure(f"its reference {cell.id}: {err}") from err


def probe(cell: Cell, artifact: Artifact, reference: Reference, hardware: Hardware, settings: Settings) -> Probe:
    """Load, first inference, memory, then predictions on the whole evaluation set, in one fresh worker.

    Raises:
        CellProblem: ``error(load)``, ``error(run)`` or ``error(measure)``.
    """
    inputs = reference.load("inputs")
    worker, loaded = _open(cell, artifact, settings)
    with worker, _stage("run"):
        first_ns = worker.prepare(inputs[:1])
        worker.time(INFERENCES_BEFORE_MEMORY)
        memory = worker.ask("memory")
        outputs = worker.predict(inputs, EVALUATION_BATCH)
        worker.ask("close")
    with _stage("measure"):
        correct, measured = _accuracy(cell, outputs, reference)
    figures = (
        Measurement(name="load_ns", value=loaded["load_ns"], unit="ns"),
        Measurement(name="first_inference_ns", value=first_ns, unit="ns"),
        Measurement(name="memory_peak_bytes", value=memory["over_idle"], unit="bytes"),
        Measurement(name="memory_idle_bytes", value=memory["idle"], unit="bytes"),
        *measured,
    )
    return Probe(
        measurements=figures,
        samples=Samples.pack(correct, outputs, reference.dataset_sha256),
        environment=_environment(cell, worker, loaded["description"], hardware, settings),
        details={"placement": loaded["description"], "evaluation_batch": EVALUATION_BATCH},
    )


def timing(
    cell: Cell,
    artifact: Artifact,
    fp32: Artifact | None,
    sample: Array,
    limit: float | None,
    hardware: Hardware,
    settings: Settings,
) -> tuple[Timing, list[Measurement]]:
    """Latency of *artifact*, in alternation with its *fp32* reference on the same runtime (None: alone).

    Raises:
        CellProblem: ``error(load)``, ``error(run)`` or ``error(measure)``.
    """
    sides = [(cell, artifact)] if fp32 is None else [(cell, artifact), (cell.reference, fp32)]

    @contextmanager
    def open_pair() -> Iterator[tuple[Timed, Timed | None]]:
        # Both start at the same time: importing an engine takes longer than timing it.
        with ExitStack() as stack, ThreadPoolExecutor(max_workers=len(sides)) as pool:
            starting = [pool.submit(_open, which, side, settings) for which, side in sides]
            wait(starting)
            workers = [stack.enter_context(one.result()[0]) for one in starting if one.exception() is None]
            starting[0].result()
            if fp32 is None:
                workers[0].prepare(sample)
                yield workers[0], None
                return
            with _blaming(cell.reference):
                starting[1].result()
            reference = BlamedWorker(workers[1], cell.reference)
            workers[0].prepare(sample)
            reference.prepare(sample)
            yield workers[0], reference

    seed = zlib.crc32(cell.id.encode())
    with _stage("run"):
        usable = min(hardware.cores, hardware.quota_cores or hardware.cores)
        together = usable >= len(sides) * _threads(cell, settings)
        timed = measure_latency(open_pair, limit, seed, warm_together=together)
    with _stage("measure"):
        return timed, latency_measurements(timed)


def _open(cell: Cell, artifact: Artifact, settings: Settings) -> tuple[Worker, dict[str, Any]]:
    """A fresh worker with *artifact* open in it, and its answer to loading; the caller ends it."""
    _, _, name, runtime = parts_of(cell)
    threads = _threads(cell, settings)
    logs = settings.scratch / "workers"
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{cell.id.replace('/', '~')}.log"
    options = {**dict(name.options), "threads": threads, "provider": name.provider}
    with _stage("load"):
        gateway = targets.get(cell.target).gateway(threads)
        worker = Worker(gateway, run_side=runtime.run_side, log=log, timeout_s=settings.worker_timeout_s)
        try:
            return worker, worker.ask("load", path=str(artifact.path), options=options)
        except BaseException:
            worker.end()
            raise


@contextmanager
def _stage(stage: str) -> Iterator[None]:
    """Turn what ends a cell inside the block into ``error(stage)``; an inner stage keeps its name."""
    try:
        yield
    except (WorkerFailure, ValueError) as err:
        raise CellProblem.error(stage, str(err)) from err


def _accuracy(cell: Cell, outputs: Array, reference: Reference) -> tuple[Array, list[Measurement]]:
    model, _, _, _ = parts_of(cell)
    metric = metrics.get(model.metric)
    labels, exact = reference.load("labels"), reference.load("outputs")
    try:
        correct = correctness(metric.correct, outputs, labels, metric.name)
        reference_correct = correctness(metric.correct, exact, labels, metric.name)
        return correct, accuracy_measurements(correct, reference_correct, outputs, exact)
    except ValueError:
        raise  # the meter's own words
    except Exception as err:  # the boundary of a user's function: its cells get the reason
        raise ValueError(f"task metric {metric.name!r} ({metric.source}) failed: {type(err).__name__}: {err}") from err


def _threads(cell: Cell, settings: Settings) -> int:
    _, _, name, _ = parts_of(cell)
    return int(dict(name.options).get("threads", settings.threads))


def _environment(
    cell: Cell, worker: Worker, description: dict[str, Any], hardware: Hardware, settings: Settings
) -> Environment:
    _, _, name, _ = parts_of(cell)
    return Environment(
        hardware=hardware,
        runtime_versions=tuple(sorted(worker.greeting["versions"].items())),
        provider=str(description.get("provider", name.provider)),
        threads=_threads(cell, settings),
        options=name.options,
        python=worker.greeting["python"],
    )
