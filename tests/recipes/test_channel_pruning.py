"""Pruning whole channels: how narrow each layer gets, and what stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.work import Work
from harness.recipes.channel_pruning import kept_channels, output_layers, prune_channels
from harness.registries import steps
from tests.recipes.test_pruning import check_usable, made, mixed, stub_finetune, weights_as_bytes

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
nn = torch.nn


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.recipes.channel_pruning.finetune", stub_finetune)


def parameters(model: Any) -> int:
    return sum(one.numel() for one in model.parameters())


@pytest.mark.parametrize(
    ("width", "percent", "kept"),
    [
        pytest.param(8, 30, 6, id="blocks of one"),
        pytest.param(16, 30, 12, id="of two"),
        pytest.param(32, 30, 24, id="of four"),
        pytest.param(48, 30, 32, id="of four, 33.6 to 32"),
        pytest.param(64, 30, 48, id="of eight"),
        pytest.param(96, 30, 64, id="of eight, 67.2 to 64"),
        pytest.param(128, 30, 96, id="of sixteen, 89.6 to 96"),
        pytest.param(512, 30, 352, id="of sixteen, no larger"),
        pytest.param(40, 30, 28, id="no power of two"),
        pytest.param(16, 50, 8, id="half"),
        pytest.param(32, 94, 4, id="one block at least"),
        pytest.param(128, 99, 16, id="one large block at least"),
        pytest.param(3, 99, 1, id="one channel at least"),
        pytest.param(1, 50, 1, id="a layer of one stays"),
        pytest.param(16, 6, 16, id="less than half a block is nothing"),
        pytest.param(32, 6, 32, id="just less than half a block"),
        pytest.param(32, 7, 28, id="more than half a block"),
    ],
)
def test_channels_are_kept_in_blocks(width: int, percent: int, kept: int) -> None:
    assert kept_channels(width, percent) == kept


@pytest.mark.parametrize("net", ["digits_cnn", "mixed"])
@pytest.mark.parametrize("step", ["prune_channels30", "prune_channels30_finetune"])
def test_a_narrower_model_is_usable_and_the_same_each_time(step: str, net: str) -> None:
    before, after, example, notes = made(step, net)

    check_usable(before, after, example)
    assert notes == []
    assert weights_as_bytes(after) == weights_as_bytes(made(step, net)[1])


@pytest.mark.parametrize("percent", [10, 30, 50, 90, 99])
def test_each_layer_keeps_its_share(percent: int) -> None:
    _, after, _, _ = made(f"prune_channels{percent}", "digits_cnn")

    first, second, third = (kept_channels(channels, percent) for channels in (8, 16, 32))
    features = after.features
    assert [features[place].weight.shape for place in (0, 3, 6)] == [
        (first, 1, 3, 3),
        (second, first, 3, 3),
        (third, second, 3, 3),
    ]
    assert after.classifier.weight.shape == (10, third)
    convolutions = first * 9 + second * first * 9 + third * second * 9
    assert parameters(after) == convolutions + 2 * (first + second + third) + 10 * third + 10


@pytest.mark.parametrize("percent", [10, 30, 50, 99])
def test_depthwise_grouped_and_added_channels(percent: int) -> None:
    before, after, _, _ = made(f"prune_channels{percent}", "mixed")

    narrow, wide = kept_channels(8, percent), 2 * kept_channels(6, percent)
    assert after.stem[0].weight.shape == (narrow, 2, 3, 3)
    assert after.depthwise[0].weight.shape == (narrow, 1, 3, 3)
    assert after.depthwise[0].groups == narrow
    assert after.pointwise.weight.shape == (wide, narrow, 1, 1)
    assert after.grouped.weight.shape == (wide, wide // 2, 3, 3)
    assert after.grouped.groups == 2
    assert after.strided.weight.shape == (kept_channels(16, percent), wide, 3, 3)
    assert after.hidden.weight.shape == (kept_channels(20, percent), 16 * kept_channels(16, percent))
    assert after.last.weight.shape == (5, kept_channels(20, percent))
    assert parameters(after) < parameters(before)


def test_channels_that_compute_nothing_go_first() -> None:
    """Removing them changes no output."""

    def silence(model: Any) -> None:
        for place, channels in ((0, [1, 4]), (3, [0, 5, 9, 14])):
            layers = model.features[place], model.features[place + 1]
            layers[0].weight.data[channels] = 0
            layers[1].weight.data[channels] = layers[1].bias.data[channels] = 0
            model.features[place + 3].weight.data[:, channels] = 0
        model.features[6].weight.data[:8] = 0
        model.features[7].weight.data[:8] = model.features[7].bias.data[:8] = 0
        model.classifier.weight.data[:, :8] = 0

    before, after, example, _ = made("prune_channels30", "digits_cnn", silence)

    assert parameters(after) < 0.6 * parameters(before)
    with torch.no_grad():
        torch.testing.assert_close(after(example), before(example))


@pytest.mark.parametrize("percent", [10, 30, 50, 75, 99])
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
        ValueError, match=r"^prune_channels50: nothing to prune: only outputs, layers of one channel, or 50 %"
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


def test_less_than_half_a_block_everywhere_is_nothing_to_prune() -> None:
    with pytest.raises(ValueError, match=r"or 1 % is less than half a block of channels in every layer"):
        made("prune_channels1", "digits_cnn")
