"""Artifacts of every runtime, built once for all tests here."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.core.weights import Weights
from harness.registries import runtimes

from .building import PRECISIONS

ROOT = Path(__file__).parents[2]
MAINS = {
    "torch": "model.pt2",
    "onnxruntime": "model.onnx",
    "litert": "model.tflite",
    "openvino": "model.xml",
    "executorch": "model.pte",
}


class Built:
    """What ``building.py`` left for one runtime."""

    def __init__(self, name, folder):
        importlib.import_module(f"harness.runtimes.{name}.runtime")
        self.name, self.folder = name, folder
        self.runtime = runtimes.get(name)
        self.facts = json.loads((folder / "facts.json").read_text())
        with np.load(folder / "outputs.npz", allow_pickle=False) as held:
            self.outputs = {key: held[key] for key in held.files}
        self.precisions = [one for one in PRECISIONS if one in self.outputs]

    def path(self, precision):
        return self.folder / precision / MAINS[self.name]

    def tensors(self, precision):
        return list(self.runtime.weights(self.path(precision)))

    def weights(self, precision):
        return Weights.of(self.tensors(precision))


@pytest.fixture(scope="session")
def built_for(tmp_path_factory):
    """The artifacts for a runtime, by its name."""
    kept = {}

    def build(name):
        if name not in kept:
            folder = tmp_path_factory.mktemp(name)
            made = subprocess.run(
                [sys.executable, "-m", "tests.runtimes.building", name, str(folder)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert made.returncode == 0, made.stderr[-3000:]
            kept[name] = Built(name, folder)
        return kept[name]

    return build


@pytest.fixture(params=sorted(MAINS))
def built(request, built_for):
    """The artifacts for each runtime in turn."""
    return built_for(request.param)


class KerasBuilt:
    """What ``keras_building.py`` left, and what run sides make of it."""

    def __init__(self, folder, again):
        self.folder, self.again = folder, again
        self.facts = json.loads((folder / "facts.json").read_text())
        with np.load(folder / "arrays.npz", allow_pickle=False) as held:
            self.inputs, self.reference = held["inputs"], held["reference"]
        np.save(folder / "inputs.npy", self.inputs)

    def path(self, runtime, precision):
        (found,) = (p for p in (self.folder / runtime / precision).rglob("*") if p.name in KERAS_MAINS)
        return found

    def run(self, engine, artifacts):
        """Outputs and what was told of *artifacts*, each a name with the path and the options."""
        module = importlib.import_module(f"harness.runtimes.{engine}.runtime")
        place = self.folder / "runs" / engine
        place.mkdir(parents=True, exist_ok=True)
        request = {
            "run_side": str(Path(module.__file__).with_name("run_side.py")),
            "inputs": str(self.folder / "inputs.npy"),
            "artifacts": [
                {"name": name, "path": str(path), "options": {"threads": 1, **options}}
                for name, (path, options) in artifacts.items()
            ],
        }
        (place / "request.json").write_text(json.dumps(request))
        run_module("tests.runtimes.running", str(place / "request.json"), str(place))
        with np.load(place / "outputs.npz", allow_pickle=False) as held:
            outputs = {key: held[key] for key in held.files}
        return outputs, json.loads((place / "told.json").read_text())


KERAS_MAINS = ("saved_model.pb", "model.tflite")


def run_module(*arguments):
    made = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr[-3000:]


@pytest.fixture(scope="session")
def keras_built(tmp_path_factory):
    """The artifacts of the Keras network; its models are exported twice, the second time in a disturbed process."""
    folder, again = tmp_path_factory.mktemp("keras"), tmp_path_factory.mktemp("keras_again") / "deeper"
    again.mkdir()
    run_module("tests.runtimes.keras_building", str(folder))
    run_module("tests.runtimes.keras_building", str(again), "disturbed")
    return KerasBuilt(folder, again)
