"""Why torch.export refuses a model, in words; which module it is given."""

import numpy as np
import pytest
from fakes.named import signature

from harness.core.signature import Input, Signature
from harness.exporters.torch_exportable import (
    LARGEST_BATCH,
    LARGEST_LENGTH,
    arguments,
    causes,
    explained,
    exportable,
    free_shapes,
    identifier,
)
from harness.exporters.torch_to_pt2 import export_program

GUARD = """Could not guard on data-dependent expression Eq(u0, 1)

The following call raised this error:
  File "/home/me/conftest.py", line 26, in forward
    if x.sum() > 0: return s.n(x)
"""


@pytest.mark.parametrize(
    ("errors", "says"),
    [
        pytest.param(
            [("GuardOnDataDependentSymNode", GUARD)], "(/home/me/conftest.py:26, in forward)", id="with its line"
        ),
        pytest.param(
            [("GuardOnDataDependentSymNode", "no place")], "branches on the values of its inputs, which", id="without"
        ),
        pytest.param(
            [("TorchExportError", "step 1/3"), ("GuardOnDataDependentSymNode", GUARD)], "torch.where", id="as a cause"
        ),
        pytest.param([("ValueError", GUARD)], "", id="another error"),
        pytest.param([], "", id="none"),
    ],
)
def test_a_branch_on_values_is_explained(errors, says):
    sentence = explained(errors)
    assert says in sentence
    assert bool(sentence) == bool(says)


def test_the_chain_of_causes_is_followed_to_its_start():
    first, last = KeyError("first"), ValueError("last")
    last.__cause__ = first
    assert causes(last) == [("ValueError", "last"), ("KeyError", "'first'")]


FLOATS = np.random.default_rng(0).random((2, 3), dtype=np.float32)
FORMS = {
    "a tensor": lambda x: 2 * x,
    "a tuple": lambda x: (2 * x, x[:, 0]),
    "nested": lambda x: (2 * x, (x[:, 0],)),
    "a dict": lambda x: {"second": x[:, 0], "first": 2 * x},
    "a dict of one": lambda x: {"whatever": 2 * x},
    "a list of one": lambda x: [2 * x],
}


def giving(form):
    import torch

    class Giving(torch.nn.Module):
        def forward(self, x):
            return FORMS[form](x)

    return Giving()


@pytest.mark.parametrize("form", FORMS)
def test_outputs_stand_in_the_declared_order(form):
    import torch

    outputs = ("first", "second") if form in ("a tuple", "nested", "a dict") else ("output",)
    taken, example = signature((3,), outputs=outputs), {"image": FLOATS}
    module = giving(form)

    ready = exportable(module, taken, example)
    program = export_program(ready, taken, example)

    assert (ready is module) == (form == "a tensor"), "others are wrapped"
    assert not ready.training
    more = torch.rand(5, 3)
    given = program.module()(more)
    wanted = [2 * more, more[:, 0]][: len(outputs)]
    for one, other in zip([given] if isinstance(given, torch.Tensor) else given, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_a_compiled_module_is_the_one_inside():
    import torch

    module = giving("a tensor")
    assert exportable(torch.compile(module), signature((3,)), {"image": FLOATS}) is module


def test_arguments_are_copies_in_the_order_of_the_inputs():
    held = {"b": FLOATS.copy(), "a": np.array([[1], [2]])}
    held["b"].flags.writeable = False
    first, second = arguments(held)
    first.zero_()
    assert (held["b"] == FLOATS).all()
    assert second.tolist() == [[1], [2]]


TOKENS = Input(name="tokens", shape=("length",), dtype="int64")
WEIGHTS = Input(name="weights", shape=(4, "length"))


def told(shapes):
    """Names and bounds in place of torch's dimensions."""
    return tuple(
        told(one)
        if isinstance(one, tuple)
        else {axis: (length.__name__, length.min, length.max) for axis, length in one.items()}
        for one in shapes
    )


class Together:
    def forward(self, *inputs): ...


class Each:
    def forward(self, tokens, weights): ...


@pytest.mark.parametrize("free_batch", [True, False])
def test_free_lengths_are_shared_by_name(free_batch):
    taken = Signature(inputs=(TOKENS, WEIGHTS), lengths={"length": (3, 9)})
    each = free_shapes(Each(), taken, free_batch=free_batch)
    (together,) = free_shapes(Together(), taken, free_batch=free_batch)

    batch = {0: ("batch", 1, LARGEST_BATCH)} if free_batch else {}
    wanted = ({**batch, 1: ("length", 1, LARGEST_LENGTH)}, {**batch, 2: ("length", 1, LARGEST_LENGTH)})
    assert told(each) == told(together) == wanted, "of a module that takes any number they are one parameter's"
    assert each[0][1] is each[1][2]


@pytest.mark.parametrize("longest", [LARGEST_LENGTH, LARGEST_LENGTH + 1])
def test_the_longest_sample_fits(longest):
    taken = Signature(inputs=(TOKENS,), lengths={"length": (1, longest)})
    assert told(free_shapes(Each(), taken, free_batch=False)) == ({1: ("length", 1, longest)},)


def test_nothing_is_free_but_the_batch():
    assert told(free_shapes(Each(), signature((3,)), free_batch=True)) == ({0: ("batch", 1, LARGEST_BATCH)},)
    assert free_shapes(Each(), signature((3,)), free_batch=False) is None


@pytest.mark.parametrize(
    ("name", "called"), [("length", "length"), ("text length-2", "text_length_2"), ("größe", "größe")]
)
def test_a_length_is_called_as_a_dimension_may_be(name, called):
    assert identifier(name) == called
