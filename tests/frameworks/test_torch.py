"""Torch models of any number of tensors: what they are called with, and what becomes of what they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harness.errors import ContractError
from harness.frameworks.torch import Torch

FRAMEWORK = Torch()
FLOATS = np.random.default_rng(0).random((3, 4), dtype=np.float32)
TOKENS = np.array([[1, 2], [3, 4], [5, 6]])


class Giving(nn.Module):
    """Gives what *give* makes of its inputs."""

    def __init__(self, give: Callable[..., Any]) -> None:
        super().__init__()
        self.give = give

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.give(*inputs)


def told(given: Any) -> Any:
    """Dtype and shape of each array in *given*, which is one, a list or a dict of them."""
    if isinstance(given, dict):
        return {name: told(one) for name, one in given.items()}
    if isinstance(given, list):
        return [told(one) for one in given]
    assert isinstance(given, np.ndarray)
    return f"{given.dtype} {given.shape}"


@pytest.mark.parametrize(
    ("give", "given"),
    [
        pytest.param(lambda x: 2 * x, "float32 (3, 4)", id="a tensor"),
        pytest.param(lambda x: (x, x[:, 0]), ["float32 (3, 4)", "float32 (3,)"], id="a tuple"),
        pytest.param(lambda x: [x], ["float32 (3, 4)"], id="a list of one"),
        pytest.param(
            lambda x: (x, (x[:, 0], [x])),
            ["float32 (3, 4)", "float32 (3,)", "float32 (3, 4)"],
            id="nested, as of an LSTM",
        ),
        pytest.param(lambda x: {"b": x, "a": x[:, 0]}, {"b": "float32 (3, 4)", "a": "float32 (3,)"}, id="a dict"),
        pytest.param(lambda x: {"a": (x, x)}, ["float32 (3, 4)", "float32 (3, 4)"], id="nested in a dict"),
        pytest.param(lambda x: x.argmax(1), "int64 (3,)", id="whole numbers"),
        pytest.param(lambda x: x > 0.5, "bool (3, 4)", id="bool"),
        pytest.param(
            lambda x: [x.half(), x.bfloat16(), x.double()], ["float32 (3, 4)"] * 2 + ["float64 (3, 4)"], id="half"
        ),
        pytest.param(lambda x: x[:2], "float32 (2, 4)", id="fewer rows: others look at that"),
    ],
)
def test_what_a_model_may_give(give: Callable[..., Any], given: Any) -> None:
    assert told(FRAMEWORK.predict(Giving(give), {"x": FLOATS})) == given


@pytest.mark.parametrize(
    ("give", "says"),
    [
        pytest.param(lambda x: None, "it returned NoneType in NoneType", id="nothing"),
        pytest.param(lambda x: 1.5, "it returned float in float", id="a number"),
        pytest.param(lambda x: x.numpy(), "it returned ndarray in ndarray", id="an array"),
        pytest.param(lambda x: [x, None], "it returned NoneType in list", id="nothing beside a tensor"),
        pytest.param(lambda x: {"a": x, "b": 1}, "it returned int in dict", id="a number in a dict"),
        pytest.param(lambda x: [], "it returned list in list", id="an empty list"),
    ],
)
def test_what_is_no_tensor_is_refused(give: Callable[..., Any], says: str) -> None:
    with pytest.raises(ContractError, match=f"the model must return tensors, {says}"):
        FRAMEWORK.predict(Giving(give), {"x": FLOATS})


def test_inputs_come_in_their_order_whatever_they_are_called() -> None:
    model = Giving(lambda x, tokens: x.sum(1, keepdim=True) + tokens)
    found = FRAMEWORK.predict(model, {"b": FLOATS, "a": TOKENS})
    np.testing.assert_allclose(found, FLOATS.sum(1, keepdims=True) + TOKENS, rtol=1e-6)


def test_what_is_given_may_be_read_only_and_stays_as_it_is() -> None:
    """Arrays lie on the disk; a model that works in place must not write there."""
    held = FLOATS.copy()
    held.flags.writeable = False
    found = FRAMEWORK.predict(Giving(lambda x: x.mul_(2)), {"x": held})
    np.testing.assert_array_equal(found, 2 * FLOATS)
    np.testing.assert_array_equal(held, FLOATS)


def test_multiply_accumulates_of_several_inputs_by_hand() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.words, self.second = nn.Linear(4, 5), nn.Embedding(9, 3), nn.Linear(6, 2)

        def forward(self, x: torch.Tensor, tokens: torch.Tensor) -> Any:
            return {"first": self.first(x), "second": self.second(self.words(tokens).flatten(1))}

    assert FRAMEWORK.macs(Two(), {"x": FLOATS[:1], "tokens": TOKENS[:1]}) == 4 * 5 + 6 * 2
