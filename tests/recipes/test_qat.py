"""Quantization-aware training: rounding as int8 rounds, a float model out, and less lost where int8 hurts."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from harness.core.work import Work
from harness.errors import ContractError
from harness.recipes.chain import control_of, parse_recipe
from harness.recipes.qat import InputRange, fake_quantized, int8_qat, rounded_input, rounded_weight
from harness.recipes.quantization import INT8_STATIC
from tests.recipes.training import digits_data, equal, work

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def fragile() -> Any:
    """The digits net with one channel 200 times as large and read by as much less: the others get few of 256 steps."""
    import harness.zoo.models

    model = harness.zoo.models.digits_cnn()
    convolutions = [layer for layer in model.modules() if isinstance(layer, torch.nn.Conv2d)]
    norms = [layer for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    with torch.no_grad():
        norms[0].weight[0] *= 200
        norms[0].bias[0] *= 200
        convolutions[1].weight[:, 0] /= 200
    return model


def int8_outputs(model: Any, inputs: Any) -> Any:
    """What int8 makes of *model*: rounded weights, and inputs rounded in the ranges of the calibration samples."""
    model = copy.deepcopy(model).eval()
    with torch.no_grad(), fake_quantized(model):
        for layer in model.modules():  # the range follows while the layer says it trains; batch norm must not
            layer.training = isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear))
        model(torch.from_numpy(digits_data().calibration.inputs))
        model.eval()
        return model(torch.from_numpy(inputs)).numpy()


def float_outputs(model: Any, inputs: Any) -> Any:
    with torch.no_grad():
        return model.eval()(torch.from_numpy(inputs)).numpy()


def test_the_model_comes_back_float_with_other_weights(fragile: Any) -> None:
    given, done = copy.deepcopy(fragile), work("int8_qat")
    made = int8_qat(given, done)

    assert made is given
    assert not made.training
    assert list(made.state_dict()) == list(fragile.state_dict())
    assert [type(one) for one in made.modules()] == [type(one) for one in fragile.modules()]
    assert all(not layer._forward_pre_hooks for layer in made.modules())
    assert all(bool(torch.isfinite(value).all()) for value in made.state_dict().values())
    moved = [name for name, value in made.named_parameters() if not torch.equal(value, fragile.get_parameter(name))]
    assert moved == [name for name, _ in made.named_parameters()]
    weight = made.classifier.weight
    assert not torch.equal(weight, rounded_weight(weight, 0))
    assert done.epochs == 17
    assert equal(made, int8_qat(copy.deepcopy(fragile), work("int8_qat")))


def test_int8_loses_less_afterwards(fragile: Any) -> None:
    data = digits_data().evaluation
    made = int8_qat(copy.deepcopy(fragile), work("int8_qat"))

    def right(outputs: Any) -> float:
        return float((outputs.argmax(1) == data.labels).mean())

    before, after = int8_outputs(fragile, data.inputs), int8_outputs(made, data.inputs)

    def error(outputs: Any, model: Any) -> float:
        wanted = float_outputs(model, data.inputs)
        return float(np.abs(outputs - wanted).mean() / np.abs(wanted).mean())

    assert right(before) < 0.8
    assert right(after) > 0.93
    assert error(after, made) < error(before, fragile)


@pytest.mark.parametrize("axis", [0, 1])
def test_weights_are_rounded_per_channel(axis: int) -> None:
    weight = np.random.RandomState(0).randn(3, 4, 2).astype(np.float32)
    weight[1, 2] = 0
    others = tuple(one for one in range(3) if one != axis)
    scale = np.abs(weight).max(axis=others, keepdims=True) / 127

    found = rounded_weight(torch.from_numpy(weight), axis).numpy()

    assert np.allclose(found, np.round(weight / scale) * scale, atol=1e-6)


def test_a_factor_per_channel_leaves_the_rounded_integers_alone() -> None:
    """Why a batch norm that the runtime folds needs no look."""
    weight = torch.randn(4, 9, generator=torch.Generator().manual_seed(0))
    factor = torch.tensor([[0.3], [2.0], [-5.0], [1e-3]])

    assert torch.allclose(rounded_weight(weight * factor, 0), rounded_weight(weight, 0) * factor, rtol=1e-5)


def test_a_channel_of_zeros_stays_one() -> None:
    weight = torch.zeros(2, 3, requires_grad=True)
    rounded_weight(weight, 0).sum().backward()

    assert torch.equal(rounded_weight(weight, 0), torch.zeros(2, 3))
    assert torch.isfinite(weight.grad).all()


@pytest.mark.parametrize(("low", "high"), [(0.0, 6.0), (-1.3, 2.9), (-4.0, 0.0), (0.0, 0.0)])
def test_inputs_are_rounded_to_256_steps_with_an_exact_zero(low: float, high: float) -> None:
    taken = torch.linspace(low, high, 1001)
    found = rounded_input(taken, low, high)

    assert len(found.unique()) <= 256
    assert float((found - taken).abs().max()) <= (high - low) / 255 * 1.001
    assert float(rounded_input(torch.zeros(1), low, high)) == 0


def test_the_range_follows_while_training_only() -> None:
    layer, hook = torch.nn.Linear(2, 2), InputRange()
    hook(layer.train(), (torch.tensor([[1.0, 3.0]]),))
    assert (hook.low, hook.high) == (0.0, 3.0)
    hook(layer.train(), (torch.tensor([[-2.0, 5.0]]),))
    assert (hook.low, hook.high) == pytest.approx((-0.02, 3.02))
    hook(layer.eval(), (torch.tensor([[-9.0, 9.0]]),))
    assert (hook.low, hook.high) == pytest.approx((-0.02, 3.02))


def test_the_model_is_put_back_when_training_fails(fragile: Any) -> None:
    model = copy.deepcopy(fragile)
    broken = Work(step="int8_qat", model="digits_cnn", example=digits_data().calibration.inputs[:4])

    with pytest.raises(ContractError):
        int8_qat(model, broken)

    assert equal(model, fragile)
    assert [type(one) for one in model.modules()] == [type(one) for one in fragile.modules()]


def test_a_model_without_layers_to_quantize_is_refused() -> None:
    with pytest.raises(ContractError, match="no convolution or linear layer to quantize"):
        int8_qat(torch.nn.Flatten(), work("int8_qat"))


def test_layers_that_share_a_weight_go_on_sharing_it() -> None:
    first, second = torch.nn.Linear(64, 64), torch.nn.Linear(64, 64)
    second.weight = first.weight
    model = torch.nn.Sequential(torch.nn.Flatten(), first, torch.nn.ReLU(), second, torch.nn.Linear(64, 10))

    made = int8_qat(model, work("int8_qat"))

    assert made[1].weight is made[3].weight


def test_how_it_is_registered() -> None:
    recipe = parse_recipe("int8_qat")

    assert recipe.precision == INT8_STATIC
    assert [step.name for step in recipe.transforms] == ["int8_qat"]
    assert recipe.steps[0].trains
    assert control_of("int8_qat") == "int8_static"
