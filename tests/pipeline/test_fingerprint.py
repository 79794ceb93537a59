"""The fingerprint sees what a model computes on real samples, also on the extreme ones."""

from types import SimpleNamespace

import numpy as np
import pytest
from fakes.named import one, signature

from harness.core.signature import Input, Signature
from harness.core.tensors import Ragged, Tensors
from harness.pipeline.fingerprint import fingerprint, probe_samples


def splits(highest=4.0):
    drawn = np.random.default_rng(0)
    inputs = drawn.random((200, 3)).astype("float32")
    inputs[137, 1] = highest
    return one(inputs), one(inputs[:50] * 0.5)


def framework(forward):
    return SimpleNamespace(
        state=lambda model: {"weight": np.ones(3)}, predict=lambda model, inputs: forward(*inputs.values())
    )


def test_the_extremes_are_among_the_samples():
    samples = probe_samples(*splits()).only
    assert samples.max() == 4.0
    assert samples.min() == min(split.only.min() for split in splits())
    assert 8 <= len(samples) <= 12


def test_the_extremes_of_every_input_are_among_the_samples():
    drawn = np.random.default_rng(0)
    tokens = [drawn.integers(0, 9, 1 + number % 7) for number in range(90)]
    weights = drawn.random((90, 2))
    tokens[41][0], weights[53, 1] = 77, -5
    split = Tensors({"tokens": Ragged.of(tokens), "weights": weights})

    samples = probe_samples(split, split.take(slice(0, 30)))

    assert samples.names == ("tokens", "weights")
    assert max(values.max() for values in samples["tokens"]) == 77
    assert samples["weights"].min() == -5
    assert 8 <= len(samples) <= 16


@pytest.mark.parametrize(
    "split",
    [
        pytest.param(one(np.zeros((5, 0))), id="without length"),
        pytest.param(one(np.array([[True], [False], [False]])), id="bool"),
        pytest.param(one(np.arange(6)), id="a number for each"),
        pytest.param(one(np.zeros((1, 2))), id="one sample"),
    ],
)
def test_samples_of_any_kind_are_drawn(split):
    assert 0 < len(probe_samples(split)) <= len(split)


def test_the_draw_is_the_same_each_time():
    first, second = probe_samples(*splits()), probe_samples(*splits())
    assert np.array_equal(first.only, second.only)


@pytest.mark.parametrize(
    ("forward", "same"),
    [
        pytest.param(lambda x: np.clip(x, 0, 4), True, id="the same on all data"),
        pytest.param(lambda x: np.clip(x, 0, 1), False, id="it clamps what one sample goes beyond"),
        pytest.param(lambda x: 2 * x, False, id="another result"),
    ],
)
def test_another_forward_with_equal_weights_is_another_model(forward, same):
    samples, taken = probe_samples(*splits()), signature((3,))
    plain = fingerprint(framework(lambda x: x), None, samples, taken)
    assert (fingerprint(framework(forward), None, samples, taken) == plain) == same


@pytest.mark.parametrize(
    ("forward", "same"),
    [
        pytest.param(lambda x, y: [x + y, x - y], True, id="the same"),
        pytest.param(lambda x, y: {"b": x - y, "a": x + y}, True, id="by name"),
        pytest.param(lambda x, y: [x - y, x + y], False, id="the other way round"),
        pytest.param(lambda x, y: [x + y, y - x], False, id="another second output"),
    ],
)
def test_every_output_is_in_the_fingerprint(forward, same):
    both = Tensors({"x": np.arange(6.0), "y": np.arange(6.0) ** 2})
    taken = Signature(inputs=(Input(name="x", shape=()), Input(name="y", shape=())), outputs=("a", "b"))
    plain = fingerprint(framework(lambda x, y: [x + y, x - y]), None, both, taken)
    assert (fingerprint(framework(forward), None, both, taken) == plain) == same


def test_one_output_counts_as_it_did_when_there_were_no_names():
    """Fingerprints stand in recorded results and decide what is built anew."""
    samples = probe_samples(*splits())
    found = [fingerprint(framework(lambda x: x), None, samples, signature((3,), outputs=(name,))) for name in "ab"]
    assert found[0] == found[1]
