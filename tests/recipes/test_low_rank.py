"""Low-rank factorization: ranks, errors, and which layers stay whole."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.recipe import Trait
from harness.core.work import Work
from harness.recipes.low_rank import energy_rank, factor, svd
from harness.registries import steps
from tests.recipes.test_pruning import check_usable, made, stub_finetune, weights_as_bytes

torch = pytest.importorskip("torch")
pytest.importorskip("tensorly")
nn = torch.nn


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.recipes.low_rank.finetune", stub_finetune)


def parameters(model: Any) -> int:
    return sum(one.numel() for one in model.parameters())


@pytest.mark.parametrize("net", ["digits_cnn", "mixed"])
@pytest.mark.parametrize("step", ["svd30", "svd_energy60", "svd30_finetune"])
def test_a_factored_model_is_usable_and_the_same_each_time(step: str, net: str) -> None:
    before, after, example, _ = made(step, net)

    check_usable(before, after, example)
    assert parameters(after) < 0.99 * parameters(before)
    assert weights_as_bytes(after) == weights_as_bytes(made(step, net)[1])


def test_the_ranks_and_notes_of_a_mixed_net() -> None:
    before, after, _, notes = made("svd25", "mixed")

    shapes = {name: tuple(one.shape) for name, one in after.named_parameters() if one.dim() > 1}
    assert shapes == {
        # 2 inputs: a fourth is less than one
        "stem.0.0.weight": (1, 2, 1, 1),
        "stem.0.1.weight": (2, 1, 3, 3),
        "stem.0.2.weight": (8, 2, 1, 1),
        "depthwise.0.weight": (8, 1, 3, 3),
        "pointwise.0.weight": (2, 8, 1, 1),
        "pointwise.1.weight": (12, 2, 1, 1),
        "grouped.weight": (12, 6, 3, 3),
        "strided.0.weight": (3, 12, 1, 1),
        "strided.1.weight": (4, 3, 3, 3),
        "strided.2.weight": (16, 4, 1, 1),
        "hidden.0.weight": (5, 256),
        "hidden.1.weight": (20, 5),
        "last.0.weight": (1, 20),
        "last.1.weight": (5, 1),
    }
    assert notes == ["2 grouped convolutions stay whole"]
    middle = after.strided[1]
    assert (middle.stride, middle.padding, middle.dilation) == ((2, 2), (2, 2), (2, 2))
    for factors, layer in ((after.pointwise, before.pointwise), (after.hidden, before.hidden)):
        assert [one.bias is None for one in factors] == [True, False]
        assert torch.equal(factors[-1].bias, layer.bias)
    assert after.last[-1].bias is None


def test_layers_that_would_not_get_smaller_stay() -> None:
    before, after, _, notes = made("svd_energy90", "digits_cnn")

    assert notes == [
        "features.0 stays whole: its factors would have 86 parameters, it has 72",
        "classifier stays whole: its factors would have 346 parameters, it has 330",
    ]
    assert torch.equal(after.features[0].weight, before.features[0].weight)
    assert isinstance(after.features[3], nn.Sequential)


LAYERS = {
    "linear": (lambda: nn.Linear(12, 7), (12,)),
    "linear without bias": (lambda: nn.Linear(7, 12, bias=False), (3, 7)),
    "1 x 1": (lambda: nn.Conv2d(6, 9, 1, stride=2, padding=1), (6, 5, 5)),
    "3 x 3": (lambda: nn.Conv2d(5, 8, 3, stride=2, padding=1), (5, 7, 7)),
    "dilated, padded by reflection": (
        lambda: nn.Conv2d(4, 6, (3, 2), dilation=2, padding=2, padding_mode="reflect", bias=False),
        (4, 8, 8),
    ),
    "padded to the same": (lambda: nn.Conv2d(3, 4, 5, padding="same"), (3, 6, 6)),
    "one input, more outputs than weights": (lambda: nn.Conv2d(1, 20, 3), (1, 5, 5)),
    "one dimension": (lambda: nn.Conv1d(4, 6, 3, padding=1, padding_mode="circular"), (4, 9)),
    "three dimensions": (lambda: nn.Conv3d(3, 4, 2), (3, 4, 4, 4)),
    "double": (lambda: nn.Conv2d(5, 8, 3).double(), (5, 7, 7)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_factors_of_full_rank_compute_the_same(name: str) -> None:
    build, shape = LAYERS[name]
    torch.manual_seed(1)
    layer = build().eval()
    inputs = torch.rand((3, *shape), dtype=layer.weight.dtype)

    factors = factor(layer, lambda values, side: side)

    assert all(one.weight.dtype == layer.weight.dtype for one in factors)
    assert not factors.training
    torch.testing.assert_close(factors(inputs), layer(inputs), atol=1e-4, rtol=1e-4)


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 9), columns=st.integers(1, 9), rank=st.integers(1, 9), seed=st.integers(0, 1000))
def test_the_error_is_what_the_dropped_singular_values_say(rows: int, columns: int, rank: int, seed: int) -> None:
    """Eckart and Young: no matrix of this rank is nearer."""
    weight = torch.rand((rows, columns), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    layer = nn.Linear(columns, rows, bias=False, dtype=torch.float64)
    layer.weight.data = weight

    first, last = factor(layer, lambda values, side: rank)

    dropped = torch.linalg.svdvals(weight)[rank:]
    error = torch.linalg.norm(weight - last.weight.detach() @ first.weight.detach())
    assert float(error) == pytest.approx(float(dropped.square().sum().sqrt()), abs=1e-9)
    assert first.weight.shape[0] == min(rank, rows, columns)


@settings(max_examples=25, deadline=None)
@given(outputs=st.integers(1, 7), inputs=st.integers(1, 7), kept=st.tuples(st.integers(1, 7), st.integers(1, 7)))
def test_tucker_factors_fit_whatever_the_ranks(outputs: int, inputs: int, kept: tuple[int, int]) -> None:
    torch.manual_seed(2)
    layer = nn.Conv2d(inputs, outputs, (1, 2))
    asked = iter(kept)

    first, middle, last = factor(layer, lambda values, side: next(asked))

    left, right = middle.weight.shape[:2]
    assert left <= min(kept[0], outputs, 2 * right)
    assert right <= min(kept[1], inputs, 2 * left)
    weight = torch.einsum("or,rskl,si->oikl", last.weight[:, :, 0, 0], middle.weight, first.weight[:, :, 0, 0])
    assert torch.linalg.norm(layer.weight - weight) <= torch.linalg.norm(layer.weight) + 1e-6


@pytest.mark.parametrize(
    ("values", "percent", "rank"),
    [
        pytest.param([3.0, 1.0], 90, 1, id="exactly the share"),
        pytest.param([3.0, 1.0], 91, 2, id="a bit more"),
        pytest.param([1.0, 1.0, 1.0, 1.0], 50, 2, id="equal values"),
        pytest.param([1.0, 1.0, 1.0, 1.0], 1, 1, id="one at least"),
        pytest.param([1.0, 0.0, 0.0], 99, 1, id="rank one"),
        pytest.param([0.0, 0.0], 99, 1, id="all zero"),
    ],
)
def test_the_rank_that_keeps_a_share_of_the_energy(values: list[float], percent: int, rank: int) -> None:
    assert energy_rank(np.array(values), percent) == rank


def test_zero_weights_are_factored_into_zeros() -> None:
    model = nn.Sequential(nn.Conv2d(4, 4, 3, bias=False), nn.Flatten(), nn.Linear(4, 4, bias=False)).eval()
    for one in model.parameters():
        one.data.zero_()
    example = np.ones((2, 4, 3, 3), np.float32)

    after = svd(model, 25, Work(step="svd25", model="m", example=example))

    assert not after(torch.from_numpy(example)).any()
    assert all(one.isfinite().all() for one in after.parameters())


def test_a_single_layer_is_the_model() -> None:
    after = svd(nn.Linear(20, 20), 10, Work(step="svd10", model="m", example=np.ones((2, 20), np.float32)))

    assert [tuple(one.weight.shape) for one in after] == [(2, 20), (20, 2)]


def test_a_layer_used_at_two_places_is_factored_once() -> None:
    layer = nn.Linear(20, 20)
    model = nn.Sequential(layer, nn.ReLU(), layer)

    after = svd(model, 10, Work(step="svd10", model="m", example=np.ones((2, 20), np.float32)))

    assert isinstance(after[0], nn.Sequential)
    assert after[0] is after[2]


def test_other_kinds_of_layer_stay() -> None:
    attention = nn.MultiheadAttention(40, 2)
    work = Work(step="svd10", model="m", example=np.ones((2, 40), np.float32))

    after = svd(nn.ModuleDict({"attention": attention, "linear": nn.Linear(40, 40)}), 10, work)

    assert after["attention"].out_proj.weight.shape == (40, 40)
    assert work.notes == ["attention.out_proj stays whole: NonDynamicallyQuantizableLinear is not factored"]


@pytest.mark.parametrize(
    ("model", "says"),
    [
        pytest.param(
            nn.Linear(2, 2), "Linear stays whole: its factors would have 10 parameters, it has 6", id="too small"
        ),
        pytest.param(nn.Conv2d(4, 4, 3, groups=4), "1 grouped convolution stays whole", id="grouped"),
        pytest.param(nn.ReLU(), "the model has no linear layer and no convolution", id="none"),
    ],
)
def test_no_layer_gets_smaller(model: Any, says: str) -> None:
    work = Work(step="svd99", model="m", example=np.ones((2, 2), np.float32))

    with pytest.raises(ValueError, match=f"^svd99: no layer gets smaller: {says}"):
        svd(copy.deepcopy(model), 99, work)


@pytest.mark.parametrize("percent", [1, 99])
def test_the_boundaries(percent: int) -> None:
    if percent == 99:
        with pytest.raises(ValueError, match=r"svd99: no layer gets smaller: features\.0 stays whole"):
            made("svd99", "digits_cnn")
        return
    _, after, _, _ = made("svd1", "digits_cnn")
    assert [tuple(one.weight.shape) for one in after.classifier] == [(1, 32), (10, 1)]


@pytest.mark.parametrize("step", ["svd50", "svd_energy90", "svd50_finetune"])
def test_what_a_factorization_promises_and_undoes(step: str) -> None:
    one = steps.step(step)

    assert [(promise.metric.name, promise.limit.text) for promise in one.promises] == [("parameters_ratio", "0.99 x")]
    assert one.undoes == set(Trait)
    assert one.method == "low-rank"
