"""Registering the examples must load no engine: collection in every project pays for what it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import harness.errors

ROOT = Path(harness.errors.__file__).parents[1]

PROBE = """
import sys
import harness.zoo.models, harness.zoo.digits, harness.zoo.fashion_mnist, harness.zoo.task_metrics
from harness.registries import datasets, models, task_metrics
print("registered", *models.names(), *datasets.names(), *metrics.names())
heavy = {"torch", "torchvision", "sklearn", "scipy", "pandas", "tensorflow", "keras", "onnxruntime", "onnx", "safetensors"}
print("loaded", *sorted(heavy & set(sys.modules)))
"""


def test_registering_the_examples_loads_no_engine() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [
        "registered digits_cnn digits_keras_cnn fashion_cnn fashion_keras_cnn fashion_mobilenet "
        "digits digits_channels_last fashion_mnist fashion_mnist_channels_last top1 top5",
        "loaded",
    ]
