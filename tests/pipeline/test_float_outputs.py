"""The float model's outputs: batches that bound the memory, by the declared names, in the order of the samples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from harness.core.signature import Input, Signature
from harness.core.tensors import Array, Ragged, Tensors
from harness.errors import ContractError
from harness.pipeline import float_outputs as module
from harness.pipeline.float_outputs import float_batches, float_outputs

WORDS = Signature(
    inputs=(Input(name="words", shape=("length",)), Input(name="factor", shape=())), outputs=("sum", "each")
)


class Counting:
    """A framework whose model multiplies the words by the factor; it notes the batches that it is given."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict(self, model: Any, inputs: Mapping[str, Array]) -> Any:
        self.batches.append(len(inputs["words"]))
        each = inputs["words"] * inputs["factor"][:, None]
        return model(each)


ONE_FOR_ITS_SIZE = [1]
"""What is predicted first, to know how large outputs are."""


def both(each: Array) -> Any:
    return {"each": each, "sum": each.sum(axis=1)}


def words(*lengths: int) -> Tensors:
    samples = [np.arange(length, dtype=np.float32) + number for number, length in enumerate(lengths)]
    held = np.stack(samples) if len(set(lengths)) == 1 else Ragged.of(samples)
    return Tensors({"words": held, "factor": np.arange(len(lengths), dtype=np.float32)})


@pytest.mark.parametrize(
    ("lengths", "batches"),
    [
        pytest.param([3] * 10, [4, 4, 2], id="arrays"),
        pytest.param([3] * 4, [4], id="just one batch"),
        pytest.param([3], [1], id="one sample"),
        pytest.param([3, 3, 3, 3, 3, 2, 3], [4, 1, 1, 1], id="lengths that differ"),
    ],
)
def test_outputs_are_those_of_every_sample_in_order(
    monkeypatch: pytest.MonkeyPatch, lengths: list[int], batches: list[int]
) -> None:
    monkeypatch.setattr(module, "BATCH", 4)
    framework: Any = Counting()
    given = words(*lengths)

    found = float_outputs(framework, both, given, WORDS)

    assert framework.batches == (ONE_FOR_ITS_SIZE if len(lengths) > 1 else []) + batches
    assert found.names == ("sum", "each")
    wanted = [held * factor for held, factor in zip(given["words"], given["factor"], strict=True)]
    assert [values.tolist() for values in found["each"]] == [values.tolist() for values in wanted]
    assert [float(value) for value in found["sum"]] == [float(values.sum()) for values in wanted]


@pytest.mark.parametrize(
    ("most_bytes", "largest"),
    [(10 * 32, 10), (4 * 32, 4), (4 * 32 - 1, 3), (1, 1)],
    ids=["all", "four", "a byte less", "one is the least"],
)
def test_batches_hold_so_many_bytes_at_most(monkeypatch: pytest.MonkeyPatch, most_bytes: int, largest: int) -> None:
    """A sample here is three words and a factor, three products and their sum: 32 bytes."""
    monkeypatch.setattr(module, "BATCH_BYTES", most_bytes)
    framework: Any = Counting()

    float_outputs(framework, both, words(*[3] * 10), WORDS)

    assert max(framework.batches) == largest
    assert sum(framework.batches) == 10 + sum(ONE_FOR_ITS_SIZE)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        pytest.param(lambda each: each, "the model gives 1 output, and declared are 'sum', 'each'", id="one short"),
        pytest.param(
            lambda each: {"sum": each}, "the model gives 'sum', and declared are 'sum', 'each'", id="a name short"
        ),
        pytest.param(lambda each: [each.sum(), each], "output 'sum' of the model must be a tensor", id="no rows"),
    ],
)
def test_outputs_that_are_not_declared_are_refused(model: Any, says: str) -> None:
    framework: Any = Counting()
    with pytest.raises(ContractError, match=re.escape(says)):
        float_outputs(framework, model, words(3, 3), WORDS)


def test_batches_come_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    framework: Any = Counting()
    batches = float_batches(framework, both, words(3, 3), WORDS)
    assert list(next(batches)) == ["sum", "each"]
    assert framework.batches == [*ONE_FOR_ITS_SIZE, 1], "none is held that nobody asked for"
