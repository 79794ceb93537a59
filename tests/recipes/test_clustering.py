"""Clustering: distinct values per layer, and batch normalizations that would multiply them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.recipe import Trait
from harness.core.work import Work
from harness.recipes.clustering import cluster, fold_norms, palette
from harness.recipes.pruning import kernels
from harness.registries import steps
from tests.recipes.test_pruning import check_usable, made, mixed, trained, weights_as_bytes, zeros_and_size

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
nn = torch.nn


def distinct(model: Any) -> list[int]:
    return [len(layer.weight.unique()) for _, layer in kernels(model)]


@pytest.mark.parametrize("net", ["digits_cnn", "mixed"])
def test_a_clustered_model_is_usable_and_the_same_each_time(net: str) -> None:
    before, after, example, _ = made("cluster16", net)

    check_usable(before, after, example)
    assert weights_as_bytes(after) == weights_as_bytes(made("cluster16", net)[1])


@pytest.mark.parametrize("colors", [2, 16, 256])
def test_each_layer_has_so_many_values(colors: int) -> None:
    _, after, _, notes = made(f"cluster{colors}", "digits_cnn")

    # the first convolution has 72 weights
    assert distinct(after) == [min(colors, 72), colors, colors, colors]
    assert notes == ["3 batch normalizations folded into the layers before"]


def test_zeros_stay_and_are_one_of_the_colors() -> None:
    def zero_some(model: Any) -> None:
        for _, layer in kernels(model):
            layer.weight.data.flatten()[::3] = 0

    before, after, _, _ = made("cluster4", "mixed", zero_some)

    assert zeros_and_size(after) == zeros_and_size(before)
    assert distinct(after) == [4] * len(distinct(after))
    for (_, old), (_, new) in zip(kernels(before), kernels(after), strict=True):
        assert torch.equal(old.weight == 0, new.weight == 0)


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.floats(-4, 4, width=32), min_size=1, max_size=40),
    colors=st.integers(2, 8),
)
def test_every_value_goes_to_its_nearest_color(values: list[float], colors: int) -> None:
    given_ = np.array(values)

    painted = palette(given_, colors, 0)

    if painted is None:
        assert len(np.unique(given_)) <= colors
        return
    assert len(np.unique(painted)) <= colors
    assert (painted[given_ == 0] == 0).all()
    free = given_ != 0
    centres = np.unique(painted[free])
    nearest = np.abs(given_[free][:, None] - centres).min(1)
    np.testing.assert_allclose(np.abs(given_[free] - painted[free]), nearest, atol=1e-9)


@pytest.mark.parametrize(("build", "shape", "folds"), [(trained, (1, 8, 8), 3), (mixed, (2, 8, 8), 2)])
def test_folding_keeps_the_outputs(build: Any, shape: tuple[int, ...], folds: int) -> None:
    model = build()
    example = np.random.default_rng(0).random((3, *shape), dtype=np.float32)
    with torch.no_grad():
        wanted = model(torch.from_numpy(example))

    assert fold_norms(model, example) == folds

    assert not [one for one in model.modules() if isinstance(one, nn.BatchNorm2d)]
    with torch.no_grad():
        torch.testing.assert_close(model(torch.from_numpy(example)), wanted, atol=1e-4, rtol=1e-4)


class Unfoldable(nn.Module):
    """Normalizations that are not alone behind one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = nn.Linear(4, 4)
        self.norms = nn.ModuleList(nn.BatchNorm1d(4) for _ in range(4))
        self.both = nn.Linear(4, 4)
        self.plain = nn.Linear(4, 4)

    def forward(self, values: Any) -> Any:
        once = self.norms[0](self.twice(self.twice(values)))  # the layer is used a second time
        both = self.both(once)
        added = self.norms[1](both) + both  # what it gives is used a second time
        relu = self.norms[2](torch.relu(added))  # no layer feeds it
        return self.norms[3](self.plain(relu))


def test_only_a_normalization_alone_behind_a_layer_is_folded() -> None:
    model = Unfoldable().eval()
    for norm in model.norms:
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 2)
    example = np.random.default_rng(0).random((3, 4), dtype=np.float32)
    with torch.no_grad():
        wanted = model(torch.from_numpy(example))

    assert fold_norms(model, example) == 1

    assert [type(one) for one in model.norms] == [nn.BatchNorm1d] * 3 + [nn.Identity]
    with torch.no_grad():
        torch.testing.assert_close(model(torch.from_numpy(example)), wanted)


def test_a_normalization_without_weights_is_folded() -> None:
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3, affine=False)).eval()

    assert fold_norms(model, np.ones((2, 2, 4, 4), np.float32)) == 1


@pytest.mark.parametrize(
    "model", [pytest.param(nn.Flatten(), id="no layers"), pytest.param(nn.Linear(3, 2), id="few weights")]
)
def test_nothing_to_cluster(model: Any) -> None:
    work = Work(step="cluster16", model="m", example=np.ones((2, 3), np.float32))

    with pytest.raises(ValueError, match=r"^cluster16: nothing to cluster: no .* has more than 16 distinct weights"):
        cluster(model, 16, work)


@pytest.mark.parametrize(("colors", "limit"), [(2, "0.24 x"), (16, "0.47 x"), (64, "0.61 x"), (256, "0.76 x")])
def test_what_clustering_promises_and_leaves(colors: int, limit: str) -> None:
    one = steps.step(f"cluster{colors}")

    assert [(promise.metric.name, promise.limit.text) for promise in one.promises] == [("zstd_ratio", limit)]
    assert one.leaves == {Trait.PALETTE}
    assert one.undoes == set()
    assert one.method == "clustering"


def test_the_promise_holds_for_the_weights_alone() -> None:
    from safetensors.torch import save
    from zstandard import compress

    before, after, _, _ = made("cluster16", "digits_cnn")
    sizes = [len(compress(save(one.state_dict()), 10)) for one in (before, after)]

    assert sizes[1] / sizes[0] <= steps.step("cluster16").promises[0].limit.value / 1.3
