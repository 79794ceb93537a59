"""What is measured of a built cell, in one worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.core.artifact import Artifact
from harness.core.environment import Environment
from harness.core.measurement import Measurement
from harness.core.metric import Stage
from harness.core.probe_session import Evaluation, ProbeSession
from harness.core.problem import Phase
from harness.core.result import ClassFlips, Placement
from harness.core.samples import Samples
from harness.core.tally import Tally
from harness.core.task_metric import Kind
from harness.core.tensors import Array
from harness.meters.accuracy import evaluate
from harness.meters.registry import measure
from harness.pipeline.evaluation import tally_of
from harness.pipeline.references import Reference
from harness.pipeline.resolved import ResolvedCell
from harness.pipeline.reuse import predictions_key
from harness.pipeline.settings import Settings
from harness.pipeline.workers import in_phase, open_worker
from harness.registries import task_metrics
from harness.store.tallies import TallyStore
from harness.worker.process import Worker

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
    tally: Tally
    """What its outputs came to."""
    tally_key: str
    age_s: float | None = None
    """Of the tally where an earlier run made it."""


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
        environment = _environment(cell, worker, description, settings)
        key = predictions_key(cell, artifact, reference, environment) if settings.reuse_s else ""
        kept = TallyStore(settings.cache, settings.reuse_s).find(key) if key else None
        ours = kept.tally if kept is not None else tally_of(worker, cell, artifact, reference, settings)
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
        environment=environment,
        placement=Placement(provider=provider, operators=session.placement),
        details=description,
        tally=ours,
        tally_key=key,
        age_s=None if kept is None else kept.age_s,
    )


def _samples(evaluation: Evaluation, dataset_sha256: str) -> Samples:
    if evaluation.correct is not None:
        return Samples.pack(evaluation.correct, evaluation.predicted, dataset_sha256)
    outcome = Samples.scored(evaluation.n, evaluation.predicted, dataset_sha256)
    if evaluation.task_metric.kind is not Kind.VALUE or evaluation.added is None:
        return outcome
    values = np.asarray(evaluation.added.only)
    return outcome.with_values(values) if len(values) == evaluation.n else outcome


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
