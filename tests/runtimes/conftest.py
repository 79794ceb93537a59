"""Artifacts of every runtime, built once for all test files, and again only when something changed that can matter."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from harness.core.weights import Weights
from harness.registries import runtimes

from .building import NAMES, PRECISIONS
from .shared_builds import filled, run

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
def builds_folder(pytestconfig):
    """Where built folders are kept for all processes and later runs."""
    return Path(pytestconfig.cache.mkdir("engine-builds"))


@pytest.fixture(scope="session")
def built_for(builds_folder):
    """The artifacts for a runtime, by its name; nothing may be written beside them."""
    kept = {}

    def build(name):
        if name not in kept:
            kept[name] = Built(name, filled(builds_folder, name, ("-m", "tests.runtimes.building", name)))
        return kept[name]

    return build


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.nightly if name == "executorch" else ()) for name in sorted(MAINS)]
)
def built(request, built_for):
    """The artifacts for each runtime in turn."""
    return built_for(request.param)


class KerasBuilt:
    """What ``keras_building.py`` left, and what run sides make of it."""

    def __init__(self, folder, again, scratch):
        self.folder, self.again, self._scratch = folder, again, scratch
        self.facts = json.loads((folder / "facts.json").read_text())
        with np.load(folder / "arrays.npz", allow_pickle=False) as held:
            self.inputs, self.reference = held["inputs"], held["reference"]
        np.save(scratch / "inputs.npy", self.inputs)

    def path(self, runtime, precision):
        (found,) = (p for p in (self.folder / runtime / precision).rglob("*") if p.name in KERAS_MAINS)
        return found

    def run(self, engine, artifacts):
        """Outputs and what was told of *artifacts*, each a name with the path and the options."""
        module = importlib.import_module(f"harness.runtimes.{engine}.runtime")
        place = self._scratch / "runs" / engine
        place.mkdir(parents=True, exist_ok=True)
        request = {
            "run_side": str(Path(module.__file__).with_name("run_side.py")),
            "inputs": str(self._scratch / "inputs.npy"),
            "artifacts": [
                {"name": name, "path": str(path), "options": {"threads": 1, **NAMES, **options}}
                for name, (path, options) in artifacts.items()
            ],
        }
        (place / "request.json").write_text(json.dumps(request))
        run("-m", "tests.runtimes.running", str(place / "request.json"), str(place))
        with np.load(place / "outputs.npz", allow_pickle=False) as held:
            outputs = {key: held[key] for key in held.files}
        return outputs, json.loads((place / "told.json").read_text())


KERAS_MAINS = ("saved_model.pb", "model.tflite")


@pytest.fixture(scope="session")
def keras_built(builds_folder, tmp_path_factory):
    """The artifacts of the Keras network; its models are exported twice, the second time in a disturbed process."""
    folder = filled(builds_folder, "keras", ("-m", "tests.runtimes.keras_building"))
    again = filled(builds_folder, "keras-again", ("-m", "tests.runtimes.keras_building", "--disturbed"))
    return KerasBuilt(folder, again, tmp_path_factory.mktemp("keras"))
