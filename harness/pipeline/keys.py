"""Addresses in the artifact cache, made from everything that decides what an artifact holds."""

from __future__ import annotations

import functools
import json
from dataclasses import asdict, dataclass
from typing import Any

from harness.core.given import GivenFile
from harness.core.model import Model
from harness.core.names import LOCAL
from harness.core.packages import installed
from harness.core.recipe import Step
from harness.core.signature import Signature
from harness.pipeline.references import Reference
from harness.pipeline.resolved import ResolvedCell
from harness.registries import datasets, targets, task_metrics
from harness.runtimes.options import devices_to_build
from harness.store.artifacts import key_of
from harness.store.model_files import files_sha256
from harness.store.sources import module_hash, source_hash

BUILD_MODULE = "harness.pipeline.build_job"
"""What runs in a build process; with everything that it imports it decides what is built from a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Where a cell's artifact, its interchange file and the models it is made from lie in the cache."""

    artifact: str
    interchange: str
    prefixes: tuple[str, ...] = ()
    """The float model after each of the recipe's transforms."""
    file_sha256: str = ""
    """Of a file that somebody else made."""


def keys_of(cell: ResolvedCell, reference: Reference) -> Keys:
    """The addresses of *cell*: model, recipe, versions of tools, data, and the source code of all that takes part.

    Raises:
        ContractError: a file that somebody else made can't be read any more.
    """
    if cell.given is not None:
        return _keys_of_given(cell, cell.given, reference)
    recipe, runtime, framework, exporter = cell.recipe, cell.runtime, cell.framework, cell.exporter
    assert exporter is not None, "the plan leaves out cells without an exporter"
    model = {"fingerprint": reference.fingerprint, **_identity_of_model(cell.model, reference)}
    steps = [_identity_of_step(step, reference) for step in recipe.transforms]
    prefixes = tuple(
        key_of(
            {
                "kept": model,
                "steps": steps[: count + 1],
                "framework": source_hash(framework.source),
                "versions": dict(installed(framework.packages).versions),
            }
        )
        for count in range(len(steps))
    )
    interchange = key_of(
        {
            "model": model,
            "steps": steps,
            "format": exporter.format,
            "framework": source_hash(framework.source),
            "exporter": [source_hash(exporter.source), arguments(exporter)],
            "versions": dict(installed([*framework.packages, *exporter.packages]).versions),
        }
    )
    precision, choice = recipe.precision, cell.choice
    artifact = key_of(
        {
            "interchange": interchange,
            "precision": [precision.name, dict(precision.parameters)],
            "calibration": reference.calibration_sha256 if precision.needs_calibration else "",
            "runtime": [runtime.name, source_hash(runtime.source), arguments(runtime)],
            "built_with": dict(choice.built_with),
            "built_on": targets.get(LOCAL).hardware().accelerator if devices_to_build(choice, runtime) else "",
            "versions": dict(installed(runtime.build_packages).versions),
        }
    )
    return Keys(artifact=artifact, interchange=interchange, prefixes=prefixes)


def _keys_of_given(cell: ResolvedCell, given: GivenFile, reference: Reference) -> Keys:
    """The address of an artifact that somebody else made: its content, its name, and what is done on the way to it and back."""
    content = files_sha256(given.file)
    artifact = key_of(
        {
            "given": content,
            "name": given.name,
            "declared": [{name: asdict(one) for name, one in side.items()} for side in (given.inputs, given.outputs)],
            "model": _tensors_of(reference.signature),
            "runtime": [cell.runtime.name, source_hash(cell.runtime.source), arguments(cell.runtime)],
            "build": module_hash(BUILD_MODULE),
            "versions": dict(installed(cell.runtime.build_packages).versions),
        }
    )
    return Keys(artifact=artifact, interchange="", file_sha256=content)


def _tensors_of(signature: Signature) -> list[Any]:
    return [[[one.name, list(one.shape), one.dtype] for one in signature.inputs], list(signature.outputs)]


def _identity_of_model(model: Model, reference: Reference) -> dict[str, Any]:
    """What decides the float model beside its fingerprint: two models may agree on every sample that was looked at."""
    sources = [model.source, datasets.get(model.dataset).source, task_metrics.get(model.metric).source]
    signature = reference.signature
    inputs, outputs = _tensors_of(signature)
    return {
        "name": model.name,
        "inputs": inputs,
        "outputs": outputs,
        "lengths": {name: list(bounds) for name, bounds in signature.lengths.items()},
        "sources": [source_hash(source) for source in sources],
        "file": reference.file_sha256,
        "build": module_hash(BUILD_MODULE),
    }


def _identity_of_step(step: Step, reference: Reference) -> dict[str, Any]:
    """What decides the outcome of *step* beside the model."""
    return {
        "name": step.name,
        "source": source_hash(step.source),
        "versions": dict(installed(step.packages).versions),
        "train": reference.train_sha256 if step.trains else "",
        "student": reference.student_fingerprint if step.replaces else "",
    }


def arguments(adapter: object) -> str:
    """What an exporter or runtime was made with: one class with other arguments makes other artifacts.

    Plain values count by their text; what has no stable text counts by its type.
    """
    values = {name: value for name, value in vars(adapter).items() if name not in ("source", "run_side")}
    return json.dumps(values, sort_keys=True, default=_stable_text)


@functools.singledispatch
def _stable_text(value: object) -> str | list[str]:
    return type(value).__name__


@_stable_text.register(set)
@_stable_text.register(frozenset)
def _(value: set[object] | frozenset[object]) -> list[str]:
    return sorted(map(str, value))
