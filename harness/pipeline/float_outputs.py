"""What a float model computes, in its own framework, by the names of its outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.core.contracts import Framework
from harness.core.signature import Signature
from harness.core.tensors import Array, Tensors

BATCH = 256
BATCH_BYTES = 64 * 2**20
"""Of inputs and outputs, at most: some frameworks hold every activation of a batch at one time."""


def float_batches(
    framework: Framework, model: Any, inputs: Tensors, signature: Signature
) -> Iterator[dict[str, Array]]:
    """Outputs for *inputs*, batch by batch.

    Raises:
        ContractError: they are not those of *signature*.
    """
    size = _batch_size(framework, model, inputs, signature)
    for batch in inputs.batches(size):
        samples = len(next(iter(batch.values())))
        yield signature.named(framework.predict(model, batch), samples)


def _batch_size(framework: Framework, model: Any, inputs: Tensors, signature: Signature) -> int:
    """How many samples at a time, by the size of one with its outputs."""
    if len(inputs) < 2:
        return 1
    sample = inputs.typical()
    outputs = signature.named(framework.predict(model, sample), 1)
    size = sum(one.nbytes for one in (*sample.values(), *outputs.values()))
    return max(1, min(BATCH, BATCH_BYTES // max(size, 1)))


def float_outputs(framework: Framework, model: Any, inputs: Tensors, signature: Signature) -> Tensors:
    """Outputs for all *inputs*.

    Raises:
        ContractError: they are not those of *signature*.
    """
    return Tensors.concatenated(list(float_batches(framework, model, inputs, signature)))
