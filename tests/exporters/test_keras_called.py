"""How Keras models are called: one tensor, a dict where the names are the model's, else a list."""

from types import SimpleNamespace

import pytest

from harness.core.signature import Input
from harness.exporters.keras_called import as_called, sizes


def model(*names):
    return SimpleNamespace(inputs=[SimpleNamespace(name=name) for name in names])


@pytest.mark.parametrize(
    ("called", "inputs", "given"),
    [
        pytest.param(model("a"), {"a": 1}, 1, id="one"),
        pytest.param(model("x"), {"a": 1}, 1, id="one of another name"),
        pytest.param(model("a", "b"), {"a": 1, "b": 2}, {"a": 1, "b": 2}, id="two by name"),
        pytest.param(model("b", "a"), {"a": 1, "b": 2}, {"a": 1, "b": 2}, id="the model's order is another"),
        pytest.param(model("x", "y"), {"a": 1, "b": 2}, [1, 2], id="two of other names"),
        pytest.param(model("a", "y"), {"a": 1, "b": 2}, [1, 2], id="one of the two names"),
        pytest.param(model("a", "b", "c"), {"a": 1, "b": 2}, [1, 2], id="one more"),
        pytest.param(SimpleNamespace(), {"a": 1, "b": 2}, [1, 2], id="without names"),
        pytest.param(SimpleNamespace(inputs=None), {"a": 1, "b": 2}, [1, 2], id="not called yet"),
    ],
)
def test_what_a_model_is_called_with(called, inputs, given):
    assert as_called(called, inputs) == given


@pytest.mark.parametrize(
    ("shape", "found"), [((3, 4), [3, 4]), (("length", 4), [None, 4]), ((None,), [None]), ((), [])]
)
def test_free_lengths_are_none(shape, found):
    assert sizes(Input(shape=shape)) == found
