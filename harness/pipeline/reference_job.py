"""In a child process: the float model as trained, in its own framework; what everything is compared with."""

from __future__ import annotations

import importlib
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.contracts import Framework
from harness.core.data import arrays_sha256
from harness.core.model import Model
from harness.errors import HarnessError, WeightsError
from harness.frameworks.registry import frameworks
from harness.pipeline.fingerprint import fingerprint, probe_samples, state_sha256
from harness.zoo.registry import datasets, models

Emit = Callable[[dict[str, Any]], None]


def run_reference_job(request: dict[str, Any], emit: Emit) -> None:
    """For each model of the request: weights hash, fingerprint and reference outputs, as files in its folder."""
    for item in request["models"]:
        emit({"event": "begin", "model": item["model"]})
        model = models.get(item["model"])
        broken = _why_not_imported(frameworks.get(model.framework))
        if broken:
            emit({"event": "unavailable", "model": model.name, "reason": broken})
            continue
        try:
            facts = write_reference(model, Path(item["folder"]))
        except HarnessError as err:
            emit({"event": "failed", "model": item["model"], "reason": str(err)})
        except Exception as err:  # the boundary of one model: its cells get the reason, the others go on
            traceback.print_exc()
            emit({"event": "failed", "model": item["model"], "reason": f"{type(err).__name__}: {err}"})
        else:
            emit({"event": "done", "model": item["model"], **facts})


def _why_not_imported(framework: Framework) -> str:
    """Why what *framework*'s models need can't be imported; empty when it can."""
    for package in framework.packages:
        try:
            importlib.import_module(package.replace("-", "_"))
        except Exception as err:  # half installed, an engine may raise anything
            traceback.print_exc()
            return f"{framework.name} can't be imported: {type(err).__name__}: {err}"
    return ""


def write_reference(model: Model, folder: Path) -> dict[str, Any]:
    """Evaluate *model* and leave inputs, labels, reference outputs and calibration inputs in *folder*."""
    start = time.monotonic()
    framework = frameworks.get(model.framework)
    data = datasets.get(model.dataset).loaded()
    model.input.check(data.evaluation.inputs, f"data set {model.dataset!r}, evaluation split")
    model.input.check(data.calibration.inputs, f"data set {model.dataset!r}, calibration split")
    built = framework.build(model.build, seed=0)
    state = framework.state(built)
    for name, values in state.items():
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            raise WeightsError(f"model {model.name!r} ({model.source}): weight {name!r} holds NaN or infinity.")
    outputs = framework.predict(built, data.evaluation.inputs)
    if not np.isfinite(outputs).all():
        raise WeightsError(
            f"model {model.name!r} ({model.source}): its outputs on the evaluation set hold NaN or infinity."
        )
    probe = probe_samples(data)
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in {
        "inputs": data.evaluation.inputs,
        "labels": data.evaluation.labels,
        "outputs": outputs,
        "calibration": data.calibration.inputs,
    }.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    return {
        "weights_sha256": state_sha256(state),
        "fingerprint": fingerprint(framework, built, probe),
        "dataset_sha256": arrays_sha256(data.evaluation.inputs, data.evaluation.labels),
        "calibration_sha256": arrays_sha256(data.calibration.inputs),
        "train_sha256": arrays_sha256(data.train.inputs, data.train.labels) if data.train is not None else "",
        "student_fingerprint": (
            fingerprint(framework, framework.build(model.student, seed=0), probe) if model.student else ""
        ),
        "parameters": int(sum(values.size for values in state.values())),
        "seconds": time.monotonic() - start,
    }
