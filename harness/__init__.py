"""Edge Harness: a pytest-style benchmark and regression test harness for compressed edge models."""

from harness.core.adaptation import InFile
from harness.core.data import DataSet, Split
from harness.core.signature import Input
from harness.errors import HarnessError
from harness.meters.registry import meter
from harness.recipes.given import artifact
from harness.recipes.steps import step
from harness.registering import dataset, exporter, framework, model, runtime, sample_metric, score, target, task_metric
from harness.suite import budgets, gate, matrix, policy, suite

metric = task_metric
"""The name of ``task_metric`` in older files."""
__version__ = "0.1.0"

__all__ = [
    "DataSet",
    "HarnessError",
    "InFile",
    "Input",
    "Split",
    "__version__",
    "artifact",
    "budgets",
    "dataset",
    "exporter",
    "framework",
    "gate",
    "matrix",
    "meter",
    "metric",
    "model",
    "policy",
    "runtime",
    "sample_metric",
    "score",
    "step",
    "suite",
    "target",
    "task_metric",
]
