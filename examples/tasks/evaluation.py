"""What a float model reaches on a data set, by a registered task metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.core.data import Split
from harness.core.model import Model
from harness.core.task_metric import Kind

if TYPE_CHECKING:
    from torch import nn


def value_of(network: nn.Module, model: Model, metric: str, data: Split) -> float:
    """The value of the task metric *metric* that *network*, a torch module in the form of *model*, has on *data*.

    Raises:
        ValueError: the task metric fails.
    """
    import harness.frameworks.torch  # noqa: F401 - importing registers it
    from harness.meters.accuracy import correctness
    from harness.meters.quality import contributions, level
    from harness.pipeline.float_outputs import float_outputs
    from harness.registries import frameworks, task_metrics

    signature = model.signature
    assert signature is not None, "models of functions declare it"
    inputs = signature.tensors(data.inputs, model.dataset)
    outputs = float_outputs(frameworks.get("torch"), network, inputs, signature).plain()
    labels = data.label_tensors(model.dataset).plain()
    wanted = task_metrics.get(metric)
    if wanted.kind is Kind.OUTCOME:
        return float(np.mean(correctness(wanted.compute, outputs, labels, metric)))
    return level(wanted, contributions(wanted, outputs, labels, len(data)))
