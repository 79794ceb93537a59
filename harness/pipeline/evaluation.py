"""An artifact's outputs on the whole evaluation set, in one worker or in several, tallied as they come."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock

import numpy as np

from harness.core.artifact import Artifact
from harness.core.problem import Phase
from harness.core.tally import Tally
from harness.core.tensors import Tensors
from harness.meters.tallier import Tallier
from harness.pipeline.references import Reference
from harness.pipeline.resolved import ResolvedCell
from harness.pipeline.settings import Settings
from harness.pipeline.workers import in_phase, open_worker
from harness.registries import task_metrics
from harness.worker.process import Worker

EVALUATION_BATCH = 1
"""What runs on the device; a larger batch changes the ranges of dynamically quantized activations."""


def tally_of(worker: Worker, cell: ResolvedCell, artifact: Artifact, reference: Reference, settings: Settings) -> Tally:
    """What the outputs of *artifact*, which *worker* has loaded, come to.

    Raises:
        CellProblem, WorkerFailure: a worker broke, or outputs can't be used.
    """
    inputs = reference.load("inputs")
    tallier = Tallier(task_metrics.get(cell.model.metric), reference.load("labels"), reference.tally())
    with ExitStack() as stack:
        others = min(settings.evaluation_jobs, len(inputs)) - 1
        workers = [worker, *(stack.enter_context(open_worker(cell, artifact, settings)[0]) for _ in range(others))]
        _predict(workers, inputs, tallier)
    with in_phase(Phase.MEASURE):
        return tallier.tally()


def _predict(workers: Sequence[Worker], inputs: Tensors, tallier: Tallier) -> None:
    """Give each of *workers* its part of *inputs*; batches are of one, so that outputs don't depend on their number."""
    lock = Lock()

    def predict(worker: Worker, begin: int, end: int) -> None:
        start = begin
        for outputs in worker.predictions(inputs.take(slice(begin, end)), EVALUATION_BATCH):
            with lock, in_phase(Phase.MEASURE):
                tallier.add(start, outputs)
            start += len(outputs)

    bounds = np.linspace(0, len(inputs), len(workers) + 1).astype(int).tolist()
    with ThreadPoolExecutor(max_workers=len(workers)) as pool:
        parts = [pool.submit(predict, *part) for part in zip(workers, bounds[:-1], bounds[1:], strict=True)]
        for part in parts:
            part.result()
