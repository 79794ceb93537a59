"""Pruning whole channels: how narrow each layer gets, and what stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.work import Work
from harness.recipes.channel_pruning import output_layers, prune_channels
from harness.recipes.registry import steps
from tests.recipes.test_pruning import check_usable, made, mixed, stub_finetune, weights_as_bytes

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
nn = torch.nn


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.recipes.channel_pruning.finetune", stub_finetune)


def parameters(model: Any) -> int:
    return sum(one.numel() for one in model.parameters())


def kept(channels: int, percent: int) -> int:
    return max(1, channels * (100 - percent) // 100)


@pytest.mark.parametrize("net", ["digits_cnn", "mixed"])
@pytest.mark.parametrize("step", ["prune_channels30", "prune_channels30_finetune"])
def test_a_narrower_model_is_usable_and_the_same_each_time(step: str, net: str) -> None:
    before, after, example, notes = made(step, net)

    check_usable(before, after, example)
    assert notes == []
    assert weights_as_bytes(after) == weights_as_bytes(made(step, net)[1])


@pytest.mark.parametrize("percent", [1, 10, 30, 50, 90, 99])
def test_each_layer_keeps_its_share(percent: int) -> None:
    _, after, _, _ = made(f"prune_channels{percent}", "digits_cnn")

    first, second, third = (kept(channels, percent) for channels in (8, 16, 32))
    features = after.features
    assert [features[place].weight.shape for place in (0, 3, 6)] == [
        (first, 1, 3, 3),
        (second, first, 3, 3),
        (third, second, 3, 3),
    ]
    assert after.classifier.weight.shape == (10, third)
    convolutions = first * 9 + second * first * 9 + third * second * 9
    assert parameters(after) == convolutions + 2 * (first + second + third) + 10 * third + 10


@pytest.mark.parametrize("percent", [1, 30, 50, 99])
def test_depthwise_grouped_and_added_channels(percent: int) -> None:
    before, after, _, _ = made(f"prune_channels{percent}", "mixed")

    narrow, wide = kept(8, percent), 2 * kept(6, percent)
    assert after.stem[0].weight.shape == (narrow, 2, 3, 3)
    assert after.depthwise[0].weight.shape == (narrow, 1, 3, 3)
    assert after.depthwise[0].groups == narrow
    assert after.pointwise.weight.shape == (wide, narrow, 1, 1)
    assert after.grouped.weight.shape == (wide, wide // 2, 3, 3)
    assert after.grouped.groups == 2
    assert after.strided.weight.shape == (kept(16, percent), wide, 3, 3)
    assert after.hidden.weight.shape == (kept(20, percent), 16 * kept(16, percent))
    assert after.last.weight.shape == (5, kept(20, percent))
    assert parameters(after) < parameters(before)


def test_channels_that_compute_nothing_go_first() -> None:
    """Removing them changes no output."""

    def silence(model: Any) -> None:
        for place, channels in ((0, [1, 4, 6]), (3, [0, 5, 9, 14, 15])):
            layers = model.features[place], model.features[place + 1]
            layers[0].weight.data[channels] = 0
            layers[1].weight.data[channels] = layers[1].bias.data[channels] = 0
            model.features[place + 3].weight.data[:, channels] = 0
        model.features[6].weight.data[:10] = 0
        model.features[7].weight.data[:10] = model.features[7].bias.data[:10] = 0
        model.classifier.weight.data[:, :10] = 0

    before, after, example, _ = made("prune_channels30", "digits_cnn", silence)

    assert parameters(after) < parameters(before) / 2 + 100
    with torch.no_grad():
        torch.testing.assert_close(after(example), before(example))


@pytest.mark.parametrize("percent", [1, 5, 30, 50, 75, 99])
@pytest.mark.parametrize("net", ["digits_cnn", "mixed"])
def test_the_promise_on_parameters_holds(net: str, percent: int) -> None:
    before, after, _, _ = made(f"prune_channels{percent}", net)
    promises = {one.metric.name: one.limit for one in steps.step(f"prune_channels{percent}").promises}

    assert set(promises) == {"parameters_ratio", "macs_ratio"}
    assert promises["parameters_ratio"].value == pytest.approx(1 - percent / 200)
    assert parameters(after) / parameters(before) <= promises["parameters_ratio"].value


class Outputs(nn.Module):
    """Two layers are added to the output, one of them by way of a normalization."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.inner = nn.Linear(8, 4, bias=False)
        self.side = nn.Linear(6, 4)
        self.norm = nn.LayerNorm(4)

    def forward(self, values: Any) -> Any:
        return self.norm(self.inner(torch.relu(self.first(values)))) + torch.sigmoid(self.side(values))


def test_outputs_are_found_through_additions_and_normalizations() -> None:
    model = Outputs()

    assert {id(one) for one in output_layers(model, torch.ones(2, 6))} == {id(model.inner), id(model.side)}
    assert output_layers(net := mixed(), torch.ones(2, 2, 8, 8)) == [net.last]


def test_every_output_stays() -> None:
    example = np.ones((2, 6), np.float32)

    after = prune_channels(Outputs().eval(), 50, Work(step="prune_channels50", model="m", example=example))

    assert [one.weight.shape for one in (after.first, after.inner, after.side)] == [(4, 6), (4, 4), (4, 6)]


def test_frozen_parameters_stay_frozen() -> None:
    def freeze(model: Any) -> None:
        model.features[0].weight.requires_grad_(False)

    _, after, _, _ = made("prune_channels30", "digits_cnn", freeze)

    assert [name for name, one in after.named_parameters() if not one.requires_grad] == ["features.0.weight"]


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(nn.Linear(6, 4), id="only the output"),
        pytest.param(nn.Sequential(nn.Linear(6, 1), nn.ReLU(), nn.Linear(1, 4)), id="one channel inside"),
    ],
)
def test_nothing_to_prune(model: Any) -> None:
    work = Work(step="prune_channels50", model="m", example=np.ones((2, 6), np.float32))

    with pytest.raises(
        ValueError, match=r"^prune_channels50: nothing to prune: only outputs, or layers of one channel"
    ):
        prune_channels(model, 50, work)


def test_a_model_without_layers() -> None:
    with pytest.raises(ValueError, match=r"^prune_channels50: "):
        made("prune_channels50", "untouchable")


class Fixed(nn.Module):
    """Counts on the width that it was made with."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.scale = torch.ones(8)
        self.last = nn.Linear(8, 2)

    def forward(self, values: Any) -> Any:
        return self.last(self.first(values) * self.scale)


def test_a_model_that_counts_on_its_width() -> None:
    work = Work(step="prune_channels50", model="m", example=np.ones((2, 6), np.float32))

    with pytest.raises(ValueError, match=r"prune_channels50: torch-pruning can't follow this network: .*size"):
        prune_channels(Fixed(), 50, work)
