"""What is measured of a built cell, and how its workers are opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.core.artifact import Artifact
from harness.core.environment import Environment
from harness.core.finding import Verdict
from harness.core.measurement import Measurement
from harness.core.metric import Stage
from harness.core.probe_session import Evaluation, ProbeSession
from harness.core.problem import CellProblem, Phase
from harness.core.result import ClassFlips, Placement
from harness.core.samples import Samples
from harness.core.tally import Tally
from harness.core.task_metric import Kind
from harness.core.tensors import Array, Tensors
from harness.errors import TargetError
from harness.meters.accuracy import evaluate
from harness.meters.registry import measure
from harness.meters.tallier import Tallier
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


def probe(cell: ResolvedCell, artifact: Artifact, reference: Reference, settings: Settings) -> Probe:
    """Load, first inference, memory, then predictions on the whole evaluation set, in one fresh worker.

    Raises:
        CellProblem: ``error(load)``, ``error(run)`` or ``error(measure)``.
    """
    inputs = reference.load("inputs")
    provider = cell.choice.provider.name
    worker, load_ns = open_worker(cell, artifact, settings)
    with worker, in_phase(Phase.RUN):
        first_ns = worker.prepare(inputs.typical())
        worker.time(INFERENCES_BEFORE_MEMORY)
        memory = worker.ask("memory")
        description = worker.ask("describe")["description"]
        ours = _tally(worker, cell, inputs, reference)
        with in_phase(Phase.MEASURE):
            evaluation = evaluate(
                task_metrics.get(cell.model.metric), ours, reference.tally(), reference.load("labels")
            )
            session = ProbeSession(
                worker=ProbedWorker(worker),
                load_ns=load_ns,
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


def _tally(worker: Worker, cell: ResolvedCell, inputs: Tensors, reference: Reference) -> Tally:
    """What the artifact's outputs on the whole evaluation set come to."""
    tallier = Tallier(task_metrics.get(cell.model.metric), reference.load("labels"), reference.tally())
    start = 0
    for outputs in worker.predictions(inputs, EVALUATION_BATCH):
        with in_phase(Phase.MEASURE):
            tallier.add(start, outputs)
        start += len(outputs)
    with in_phase(Phase.MEASURE):
        return tallier.tally()


def _samples(evaluation: Evaluation, dataset_sha256: str) -> Samples:
    if evaluation.correct is not None:
        return Samples.pack(evaluation.correct, evaluation.predicted, dataset_sha256)
    outcome = Samples.scored(evaluation.n, evaluation.predicted, dataset_sha256)
    if evaluation.task_metric.kind is not Kind.VALUE or evaluation.added is None:
        return outcome
    (values,) = evaluation.added.values()
    return outcome.with_values(values) if len(values) == evaluation.n else outcome


class FreshWorker(Worker):
    """A worker of one cell that has imported its engine and not yet loaded the artifact; the caller ends it."""

    def __init__(self, cell: ResolvedCell, artifact: Artifact, settings: Settings) -> None:
        """Start it, and bring the artifact to where it is.

        Raises:
            CellProblem: ``error(load)``, or ``unavailable`` without the engine.
        """
        threads, choice = cell.threads(settings.threads), cell.choice
        logs = settings.scratch / "workers"
        logs.mkdir(parents=True, exist_ok=True)
        with in_phase(Phase.LOAD):
            self._path = cell.target.put(artifact)
            # A cache may be shared by machines: code that was compiled for one CPU is not another's.
            compiled = cell.target.cache(settings.cache / "compiled" / cell.target.hardware().code_class)
            super().__init__(
                cell.target,
                threads=threads,
                run_side=cell.runtime.run_side,
                log=logs / f"{cell.cell.id.replace('/', '~')}.log",
                timeout_s=settings.worker_timeout_s,
                memory_limit_bytes=settings.memory_limit_bytes,
            )
        self._adaptations = adaptations = artifact.provenance.adaptations
        inputs, outputs = _names(cell, artifact)
        if adaptations is not None:
            inputs = tuple(one.file_name for one in adaptations.inputs)
            outputs = tuple(one.file_name for one in adaptations.outputs)
        self._options = {
            **choice.options,
            "threads": threads,
            "provider": choice.provider.name,
            "cache": compiled,
            "inputs": inputs,
            "outputs": outputs,
        }
        if cell.target.hardware().cluster:  # before the engine sizes its pools and chooses its kernels
            self._move_to_the_fast_kind(list(cell.target.cpus()))

    def _move_to_the_fast_kind(self, cpus: list[int]) -> None:
        try:
            with in_phase(Phase.LOAD):
                self.ask("move", cpus=cpus, settle=0)
        except BaseException:
            self.end()
            raise

    def to_artifact(self, inputs: Tensors) -> Tensors:
        """The model's *inputs* as the artifact takes them."""
        return inputs if self._adaptations is None else Tensors(self._adaptations.to_file(dict(inputs.items())))

    def from_artifact(self, outputs: Tensors) -> Tensors:
        """The artifact's *outputs* as the model gives them."""
        return outputs if self._adaptations is None else Tensors(self._adaptations.to_model(dict(outputs.items())))

    def load(self) -> int:
        """Load the artifact; returns the ns that it took.

        Raises:
            CellProblem: ``error(load)``.
        """
        with in_phase(Phase.LOAD):
            return int(self.ask("load", path=self._path, options=self._options)["load_ns"])


def _names(cell: ResolvedCell, artifact: Artifact) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The model's names of what it takes and gives; an artifact that an older version built does not tell them."""
    provenance, signature = artifact.provenance, cell.model.signature
    if provenance.inputs or signature is None:
        return provenance.inputs, provenance.outputs
    return signature.input_names, signature.outputs


def open_worker(cell: ResolvedCell, artifact: Artifact, settings: Settings) -> tuple[FreshWorker, int]:
    """A fresh worker with *artifact* open in it, and the ns that loading took; the caller ends it."""
    worker = FreshWorker(cell, artifact, settings)
    try:
        return worker, worker.load()
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
