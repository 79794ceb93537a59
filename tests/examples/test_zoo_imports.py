"""Registering the examples must load no engine: collection in every project pays for what it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import harness.errors

ROOT = Path(harness.errors.__file__).parents[1]

CLASSIFICATION = {"top1", "top3", "top5", "top10", "f1_binary", "f1_macro", "roc_auc"}

PROBE = """
import sys
import {modules}
from harness.registries import datasets, models, task_metrics
print("registered", *models.names(), *datasets.names(), *task_metrics.names())
heavy = {{"torch", "torchvision", "sklearn", "scipy", "pandas", "tensorflow", "keras", "onnxruntime", "onnx", "safetensors"}}
print("loaded", *sorted(heavy & set(sys.modules)))
"""


def registered(modules: str) -> set[str]:
    """What importing *modules* registers, in a process that then must have loaded nothing heavy."""
    command = [sys.executable, "-c", PROBE.format(modules=modules)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names, loaded = done.stdout.splitlines()
    assert loaded == "loaded"
    return set(names.split()[1:])


def test_registering_the_examples_loads_no_engine() -> None:
    packaged = registered("harness.zoo.models, harness.zoo.digits, harness.task_metrics.classification")
    assert packaged == {"digits_cnn", "digits_keras_cnn", "digits", "digits_channels_last", *CLASSIFICATION}

    examples = registered("examples.zoo")
    assert {
        "fashion_cnn",
        "fashion_keras_cnn",
        "fashion_vgg",
        "resnet18-random",
        "fashion_mnist",
        "random_images",
    } <= examples
    assert not examples & packaged

    tasks = registered("examples.tasks")
    assert {"digits_detector", "source_topics", "digits_boxes", "digits_turned", "rotation_error", "rows_top1"} <= tasks
    assert not tasks & {"fashion_cnn", "fashion_mnist"}
