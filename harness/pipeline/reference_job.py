"""In a child process: the float model as trained, in its own framework; what everything is compared with."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.contracts import Framework
from harness.core.data import DataSet
from harness.core.model import Model
from harness.core.problem import CellProblem, Phase
from harness.core.signature import Signature
from harness.core.tally import Tally
from harness.core.tensors import Array, Ragged, Tensors, arrays_sha256
from harness.errors import WeightsError
from harness.meters.tallier import Tallier
from harness.pipeline.blame import blaming
from harness.pipeline.fingerprint import fingerprint, probe_samples, state_sha256
from harness.pipeline.float_outputs import float_batches
from harness.pipeline.messages import Begin, Done, Emit, Failed, ReferenceFacts, ReferenceRequest, Step, Unavailable
from harness.pipeline.opened_file import check_unchanged, file_sha256, signature_of
from harness.pipeline.reuse import reference_key
from harness.registries import datasets, frameworks, models, task_metrics
from harness.store.tallies import KeptTally, TallyStore


def run_reference_job(request: ReferenceRequest, emit: Emit) -> None:
    """For each model of the request: weights hash, fingerprint and reference outputs, as files in its folder."""
    for item in request.items:
        emit(Begin(key=item.model, title=item.model, phase=Phase.MODEL))
        model = models.get(item.model)
        broken = _why_not_imported(frameworks.get(model.framework))
        if broken:
            emit(Unavailable(key=model.name, reason=broken))
            continue
        try:
            facts = write_reference(model, Path(item.folder), emit, request)
        except CellProblem as problem:
            emit(Failed(key=model.name, phase=problem.phase or Phase.MODEL, reason=problem.reason))
        else:
            emit(Done(key=model.name, facts=facts))


def _why_not_imported(framework: Framework) -> str:
    """Why what *framework*'s models need can't be imported; empty when it can."""
    for package in framework.packages:
        try:
            importlib.import_module(package.partition("|")[0].replace("-", "_"))
        except Exception as err:  # half installed, an engine may raise anything
            traceback.print_exc()
            return f"{framework.name} can't be imported: {type(err).__name__}: {err}"
    return ""


def write_reference(model: Model, folder: Path, emit: Emit, request: ReferenceRequest) -> ReferenceFacts:
    """Evaluate *model* and leave inputs, labels, calibration inputs and what its outputs come to in *folder*.

    Raises:
        CellProblem: ``error(data)`` or ``error(model)``.
    """
    framework = frameworks.get(model.framework)
    with blaming(Phase.MODEL):
        file = file_sha256(model)
        own_signature = signature_of(model)
    emit(Step(title=f"{model.name}: data", phase=Phase.DATA))
    with blaming(Phase.DATA):
        data = datasets.get(model.dataset).loaded()
        where = f"data set {model.dataset!r}"
        inputs = own_signature.tensors(data.evaluation.inputs, f"{where}, evaluation split")
        labels = data.evaluation.label_tensors(f"{where}, evaluation split")
        calibration = own_signature.tensors(data.calibration.inputs, f"{where}, calibration split")
        signature = own_signature.with_lengths(inputs, calibration)
        probe = probe_samples(inputs, calibration)
    emit(Step(title=f"{model.name}: model", phase=Phase.MODEL))
    with blaming(Phase.MODEL):
        built = framework.build(model.build, seed=0)
        state = framework.state(built)
        _check_weights(model, state)
        hashes = {
            "fingerprint": fingerprint(framework, built, probe, signature),
            "dataset_sha256": arrays_sha256(*inputs.arrays(), *labels.arrays()),
        }
        kept, key = _kept(model, framework, signature, {**hashes, "file": file}, request)
        tally = kept.tally if kept is not None else _tally(model, framework, built, inputs, labels, signature)
        check_unchanged(model, file)
        student = (
            fingerprint(framework, framework.build(model.student, seed=0), probe, signature) if model.student else ""
        )
    for name, tensors in {"inputs": inputs, "labels": labels, "calibration": calibration}.items():
        tensors.save(folder / name)
    tally.save(folder / "tally")
    if kept is None and key and not tally.problem:
        TallyStore(Path(request.cache), request.reuse_s).keep(key, tally)
    return ReferenceFacts(
        weights_sha256=state_sha256(state),
        **hashes,
        calibration_sha256=arrays_sha256(*calibration.arrays()),
        train_sha256=_train_sha256(model, data, signature),
        student_fingerprint=student,
        signature=signature,
        file_sha256=file,
        age_s=None if kept is None else kept.age_s,
    )


def _kept(
    model: Model, framework: Framework, signature: Signature, hashes: Mapping[str, str], request: ReferenceRequest
) -> tuple[KeptTally | None, str]:
    """What the outputs came to in an earlier run, and the key that they are kept by; empty where none are kept."""
    if not request.reuse_s or request.hardware is None:
        return None, ""
    key = reference_key(model, framework, signature, hashes, request.hardware)
    return TallyStore(Path(request.cache), request.reuse_s).find(key), key


def _tally(
    model: Model, framework: Framework, built: Any, inputs: Tensors, labels: Tensors, signature: Signature
) -> Tally:
    """What the outputs of *built* come to.

    Raises:
        ContractError, WeightsError: they are not those of *signature*, or no finite numbers.
    """
    tallier = Tallier(task_metrics.get(model.metric), labels)
    start = 0
    for batch in float_batches(framework, built, inputs, signature):
        outputs = Tensors.concatenated([batch])
        _check_outputs(model, outputs)
        tallier.add(start, outputs)
        start += len(outputs)
    return tallier.tally()


def _train_sha256(model: Model, data: DataSet, signature: Signature) -> str:
    if data.train is None:
        return ""
    inputs = signature.tensors(data.train.inputs, f"data set {model.dataset!r}, train split")
    return arrays_sha256(*inputs.arrays(), *data.train.label_tensors(f"data set {model.dataset!r}").arrays())


def _check_weights(model: Model, state: Mapping[str, Array]) -> None:
    for name, values in state.items():
        if not np.issubdtype(values.dtype, np.floating):
            continue
        # Among the constants of a file are also masks, which hold minus infinity.
        bad = np.isnan(values) if model.file is not None else ~np.isfinite(values)
        if bad.any():
            what = "NaN" if model.file is not None else "NaN or infinity"
            raise WeightsError(f"model {model.name!r} ({model.source}): weight {name!r} holds {what}.")


def _check_outputs(model: Model, outputs: Tensors) -> None:
    for name, values in outputs.items():
        held = values.values if isinstance(values, Ragged) else values
        if not np.isfinite(held).all():
            which = f"output {name!r}" if len(outputs.names) > 1 else "its outputs"
            raise WeightsError(
                f"model {model.name!r} ({model.source}): {which} on the evaluation set hold NaN or infinity."
            )
