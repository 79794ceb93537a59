"""Edge Harness: a pytest-style benchmark and regression test harness for compressed edge models."""

from harness.core.data import DataSet, Split
from harness.core.model import Input
from harness.errors import HarnessError
from harness.recipes.registry import step
from harness.suite import budgets, gate, matrix, policy, suite
from harness.zoo.registry import dataset, metric, model, score

__version__ = "0.1.0"

__all__ = [
    "DataSet",
    "HarnessError",
    "Input",
    "Split",
    "__version__",
    "budgets",
    "dataset",
    "gate",
    "matrix",
    "metric",
    "model",
    "policy",
    "score",
    "step",
    "suite",
]
