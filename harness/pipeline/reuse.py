"""What must be the same for outputs of an earlier run to stand for those of this one."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict

from harness.core.artifact import Artifact
from harness.core.contracts import Framework
from harness.core.environment import Environment, Hardware
from harness.core.model import Model
from harness.core.packages import installed
from harness.core.signature import Signature
from harness.core.tensors import arrays_sha256
from harness.pipeline.references import Reference
from harness.pipeline.resolved import ResolvedCell
from harness.registries import datasets, task_metrics
from harness.store.artifacts import key_of
from harness.store.sources import file_hash, module_hash, source_hash

EVALUATING = (
    "harness.core.adaptation",
    "harness.core.tally",
    "harness.meters.quality",
    "harness.meters.tallier",
    "harness.pipeline.evaluation",
    "harness.worker.process",
    "harness.worker.program",
    "harness.worker.tensor_bytes",
)
"""Modules between an artifact and what its outputs come to."""


def predictions_key(cell: ResolvedCell, artifact: Artifact, reference: Reference, environment: Environment) -> str:
    """The address of what the outputs of *artifact* come to: the artifact, the data, the task metric, the engine, and the machine."""
    kept = reference.tally()
    metric = task_metrics.get(cell.model.metric)
    return key_of(
        {
            "predictions": artifact.sha256,
            "adaptations": None if artifact.provenance.adaptations is None else asdict(artifact.provenance.adaptations),
            "dataset": reference.dataset_sha256,
            "kept": arrays_sha256(kept.numbers),
            "float_outputs": arrays_sha256(*kept.outputs.arrays()) if metric.of_reference else "",
            "metric": [metric.name, source_hash(metric.source)],
            "run_side": file_hash(cell.runtime.run_side),
            "environment": asdict(environment),
            "target": [cell.target.name, source_hash(cell.target.source), _this_machine()],
            "code": [module_hash(name) for name in EVALUATING],
        }
    )


def reference_key(
    model: Model, framework: Framework, signature: Signature, hashes: Mapping[str, str], hardware: Hardware
) -> str:
    """The address of what the outputs of a float model come to.

    Args:
        model: the model.
        framework: its framework.
        signature: of the model, with the lengths of its samples.
        hashes: its fingerprint, its file's hash and its data set's, by name.
        hardware: of this machine.
    """
    metric = task_metrics.get(model.metric)
    sources = [model.source, datasets.get(model.dataset).source, metric.source, framework.source]
    return key_of(
        {
            "reference": model.name,
            **hashes,
            "outputs": list(signature.outputs),
            "metric": metric.name,
            "sources": [source_hash(source) for source in sources],
            "versions": dict(installed(framework.packages).versions),
            "machine": [asdict(hardware), _this_machine()],
            "code": [module_hash(name) for name in (*EVALUATING, "harness.pipeline.float_outputs")],
        }
    )


def _this_machine() -> str:
    """A name of the machine: a cache may be shared by several."""
    return platform.node()
