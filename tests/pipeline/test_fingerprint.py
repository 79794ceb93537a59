"""The fingerprint sees what a model computes on real samples, also on the extreme ones."""

from types import SimpleNamespace

import numpy as np
import pytest

from harness.core.data import DataSet, Split
from harness.pipeline.fingerprint import fingerprint, probe_samples


def data(highest=4.0):
    drawn = np.random.default_rng(0)
    inputs = drawn.random((200, 3)).astype("float32")
    inputs[137, 1] = highest
    split = Split(inputs, np.arange(200) % 2)
    return DataSet(evaluation=split, calibration=Split(inputs[:50] * 0.5, np.arange(50) % 2))


def framework(forward):
    return SimpleNamespace(state=lambda model: {"weight": np.ones(3)}, predict=lambda model, inputs: forward(inputs))


def test_the_extremes_are_among_the_samples():
    samples = probe_samples(data())
    assert samples.max() == 4.0
    assert samples.min() == min(data().calibration.inputs.min(), data().evaluation.inputs.min())
    assert 8 <= len(samples) <= 12


def test_the_draw_is_the_same_each_time():
    assert np.array_equal(probe_samples(data()), probe_samples(data()))


@pytest.mark.parametrize(
    ("forward", "same"),
    [
        pytest.param(lambda x: np.clip(x, 0, 4), True, id="the same on all data"),
        pytest.param(lambda x: np.clip(x, 0, 1), False, id="it clamps what one sample goes beyond"),
        pytest.param(lambda x: 2 * x, False, id="another result"),
    ],
)
def test_another_forward_with_equal_weights_is_another_model(forward, same):
    samples = probe_samples(data())
    plain = fingerprint(framework(lambda x: x), None, samples)
    assert (fingerprint(framework(forward), None, samples) == plain) == same
