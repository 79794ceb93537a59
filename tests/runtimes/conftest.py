"""Artifacts of every runtime, built once for all tests here."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.core.weights import Weights
from harness.runtimes.registry import runtimes

from .building import PRECISIONS

ROOT = Path(__file__).parents[2]
MAINS = {"torch": "model.pt2", "onnxruntime": "model.onnx", "litert": "model.tflite"}


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
