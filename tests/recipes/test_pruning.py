"""Pruning single weights; and the small nets that the tests of the other transforms use too."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.core.recipe import Trait
from harness.core.work import Work
from harness.recipes.pruning import keep_zeros, kernels, two_of_four
from harness.registries import steps
from harness.zoo import checkpoint
from harness.zoo.torch_models import digits_cnn

torch = pytest.importorskip("torch")
nn = torch.nn


class Mixed(nn.Module):
    """Depthwise, grouped, 1 x 1, strided, dilated and linear layers, with a bias and without, and an addition."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.depthwise = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8))
        self.pointwise = nn.Conv2d(8, 12, 1)
        self.grouped = nn.Conv2d(12, 12, 3, padding=1, groups=2)
        self.strided = nn.Conv2d(12, 16, 3, stride=2, padding=2, dilation=2)
        self.hidden = nn.Linear(16 * 4 * 4, 20)
        self.last = nn.Linear(20, 5, bias=False)

    def forward(self, image: Any) -> Any:
        wide = self.pointwise(self.depthwise(self.stem(image)))
        added = torch.relu(wide + self.grouped(torch.relu(wide)))
        return self.last(torch.relu(self.hidden(self.strided(added).flatten(1))))


def mixed() -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = Mixed()
        for norm in (model.stem[1], model.depthwise[1]):
            for tensor in (norm.running_mean, norm.running_var, norm.weight.data, norm.bias.data):
                tensor.uniform_(0.5, 1.5)
    return model.eval()


def trained() -> Any:
    return checkpoint.load("digits_cnn", digits_cnn())


class Untouchable(nn.Module):
    """No convolution and no linear layer."""

    def forward(self, image: Any) -> Any:
        return image.flatten(1)


NETS: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "digits_cnn": (trained, (1, 8, 8)),
    "mixed": (mixed, (2, 8, 8)),
    "untouchable": (Untouchable, (2, 8, 8)),
}


def made(step: str, net: str, change: Callable[[Any], None] = lambda model: None) -> tuple[Any, Any, Any, list[str]]:
    """The float model, what *step* makes of it, an example batch, and the notes."""
    build, shape = NETS[net]
    example = np.random.default_rng(3).random((4, *shape), dtype=np.float32)
    before = build()
    change(before)
    work = Work(step=step, model=net, example=example, seed=0)
    one = steps.step(step)
    assert one.transform is not None
    after = one.transform(copy.deepcopy(before), work=work, **dict(one.parameters))
    return before, after, torch.from_numpy(example), work.notes


def check_usable(before: Any, after: Any, example: Any) -> None:
    """Outputs of the same shape, no leftovers, and an exported program that computes the same."""
    with torch.no_grad():
        wanted = after(example)
        assert wanted.shape == before(example).shape
    assert not any(module.training for module in after.modules())
    for module in after.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not hasattr(module, "parametrizations")
    assert not [name for name in after.state_dict() if name.endswith(("_mask", "_orig"))]
    assert all(one.is_leaf and one.requires_grad and one.is_contiguous() for one in after.parameters())
    batch = torch.export.Dim("batch", min=1, max=64)
    with torch.no_grad():
        program = torch.export.export(after, (example,), dynamic_shapes=({0: batch},))
        torch.testing.assert_close(program.module()(example), wanted)


def weights_as_bytes(model: Any) -> bytes:
    return b"".join(name.encode() + tensor.numpy().tobytes() for name, tensor in sorted(model.state_dict().items()))


def zeros_and_size(model: Any) -> tuple[int, int]:
    every = torch.cat([layer.weight.detach().flatten() for _, layer in kernels(model)])
    return int((every == 0).sum()), len(every)


def stub_finetune(model: Any, work: Work, *, after_step: Callable[[], None] | None = None) -> Any:
    """In place of training: every parameter moves a bit, twice."""
    for _ in range(2):
        with torch.no_grad():
            for one in model.parameters():
                one.add_(0.01)
        if after_step is not None:
            after_step()
    return model


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.recipes.pruning.finetune", stub_finetune)


STEPS = ("prune50", "prune50_finetune", "prune_24", "prune_24_finetune")


@pytest.mark.parametrize("net", ["digits_cnn", "mixed"])
@pytest.mark.parametrize("step", STEPS)
def test_a_pruned_model_is_usable_and_the_same_each_time(step: str, net: str) -> None:
    before, after, example, _ = made(step, net)

    check_usable(before, after, example)
    assert weights_as_bytes(after) == weights_as_bytes(made(step, net)[1])


@pytest.mark.parametrize("net", ["digits_cnn", "mixed"])
@pytest.mark.parametrize("percent", [1, 50, 99])
def test_prune_zeroes_the_smallest_weights_of_all_layers(percent: int, net: str) -> None:
    before, after, _, _ = made(f"prune{percent}", net)

    zeros, size = zeros_and_size(after)
    assert zeros == round(percent / 100 * size)
    old = torch.cat([layer.weight.detach().flatten() for _, layer in kernels(before)])
    new = torch.cat([layer.weight.detach().flatten() for _, layer in kernels(after)])
    assert torch.equal(new[new != 0], old[new != 0])
    assert old[new == 0].abs().max() <= old[new != 0].abs().min()


@pytest.mark.parametrize("step", ["prune50_finetune", "prune_24_finetune"])
def test_training_keeps_every_zero_also_an_earlier_step_s(step: str) -> None:
    def zero_a_large_weight(model: Any) -> None:
        model.classifier.weight.data[0, :8] = 0

    before, after, _, _ = made(step, "digits_cnn", zero_a_large_weight)
    _, untrained, _, _ = made(step.removesuffix("_finetune"), "digits_cnn", zero_a_large_weight)

    assert zeros_and_size(after) == zeros_and_size(untrained)
    assert torch.equal(after.classifier.weight == 0, untrained.classifier.weight == 0)
    assert (after.classifier.weight[0, :8] == 0).all()
    assert not torch.equal(after.classifier.bias, before.classifier.bias)


@pytest.mark.parametrize(
    ("net", "zeros"),
    [
        pytest.param("digits_cnn", 8 * 4 + 16 * 36 + 32 * 72 + 10 * 16, id="digits_cnn"),
        # stem, depthwise, pointwise, grouped, strided, hidden, last: rows of 18, 9, 8, 54, 108, 256, 20
        pytest.param("mixed", 8 * 8 + 8 * 4 + 12 * 4 + 12 * 26 + 16 * 54 + 20 * 128 + 5 * 10, id="mixed"),
    ],
)
def test_two_of_every_four_are_zero(net: str, zeros: int) -> None:
    before, after, _, notes = made("prune_24", net)

    assert zeros_and_size(after)[0] == zeros
    assert notes == []
    for (_, old), (_, new) in zip(kernels(before), kernels(after), strict=True):
        rows, kept = old.weight.flatten(1), new.weight.flatten(1)
        whole = rows.shape[1] // 4 * 4
        assert torch.equal(rows[:, whole:], kept[:, whole:])
        old_groups, new_groups = (one[:, :whole].reshape(-1, 4) for one in (rows, kept))
        assert ((new_groups == 0).sum(1) == 2).all()
        largest = old_groups.abs().sort(1).values[:, 2:]
        assert torch.equal(new_groups.abs().sort(1).values[:, 2:], largest)


def test_of_equal_weights_the_first_two_of_four_go() -> None:
    assert two_of_four(torch.ones(1, 5)).tolist() == [[0, 0, 1, 1, 1]]


def test_layers_without_rows_of_four_are_noted() -> None:
    def narrow(model: Any) -> None:
        model.pointwise = nn.Sequential(nn.Conv2d(8, 3, 1), nn.Conv2d(3, 12, 1), nn.ConvTranspose2d(12, 12, 1))

    _, _, _, notes = made("prune_24", "mixed", narrow)

    assert notes == ["without 2:4 pattern, no rows of 4 weights: pointwise.1, pointwise.2"]


@pytest.mark.parametrize("step", STEPS)
def test_a_model_without_weights_to_prune(step: str) -> None:
    with pytest.raises(ValueError, match=rf"^{step}: nothing to prune: "):
        made(step, "untouchable")


def test_less_than_one_weight_to_prune() -> None:
    model = nn.Linear(6, 6)
    with pytest.raises(ValueError, match="nothing to prune: convolutions and linear layers hold 36 weights"):
        steps.step("prune1").transform(model, percent=1, work=Work(step="prune1", model="m", example=np.zeros((1, 6))))


@pytest.mark.parametrize("step", ["prune50", "prune_24"])
def test_channels_that_lie_last_are_pruned_alike(step: str) -> None:
    def channels_last(model: Any) -> None:
        model.to(memory_format=torch.channels_last)

    _, after, _, _ = made(step, "mixed", channels_last)
    _, wanted, _, _ = made(step, "mixed")

    for (_, one), (_, other) in zip(kernels(after), kernels(wanted), strict=True):
        assert torch.equal(one.weight, other.weight)


def test_a_shared_weight_counts_once() -> None:
    model = nn.Sequential(nn.Linear(10, 10), nn.Linear(10, 10))
    model[1].weight = model[0].weight
    work = Work(step="prune50", model="m", example=np.zeros((1, 10)))

    after = steps.step("prune50").transform(model, percent=50, work=work)

    assert after[0].weight is after[1].weight
    assert int((after[0].weight == 0).sum()) == 50


def test_weights_that_are_no_number_do_not_get_past_a_zero() -> None:
    model = nn.Linear(2, 1)
    model.weight.data[:] = torch.tensor([[0.0, 1.0]])
    put_back = keep_zeros(model)
    model.weight.data[:] = torch.tensor([[torch.nan, 2.0]])

    put_back()

    assert model.weight.tolist() == [[0, 2]]


@pytest.mark.parametrize(
    ("step", "limit", "undoes"),
    [
        ("prune50", "45 %", set()),
        ("prune50_finetune", "45 %", {Trait.PALETTE}),
        ("prune_24", "40 %", set()),
        ("prune_24_finetune", "40 %", {Trait.PALETTE}),
    ],
)
def test_what_pruning_promises_and_undoes(step: str, limit: str, undoes: set[Trait]) -> None:
    one = steps.step(step)

    assert [(promise.metric.name, promise.limit.text) for promise in one.promises] == [("sparsity", limit)]
    assert one.leaves == {Trait.ZEROS}
    assert one.undoes == undoes
    assert one.trains == step.endswith("_finetune")
    assert one.method == "pruning"
