"""Compressed torch models kept without pickle: what differs from a buildable model is data, and comes back the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harness.frameworks.torch import KEPT_STRUCTURE, KEPT_WEIGHTS, Torch
from harness.frameworks.torch_structure import describe, rebuild

FRAMEWORK = Torch()


class Net(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, groups=width, padding="same"),
            nn.AdaptiveAvgPool2d(1),
        )
        self.head = nn.Linear(width, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x).flatten(1))  # type: ignore[no-any-return]


class Doubled(nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(x)


def unchanged(net: Net) -> nn.Module:
    return net


def narrowed(net: Net) -> nn.Module:
    """As structured pruning leaves it: the same layers, fewer channels in each."""
    small = Net(5)
    small.train(net.training)
    return small


def factored(net: Net) -> nn.Module:
    net.head = nn.Sequential(nn.Linear(8, 2, bias=False), nn.Linear(2, 4))  # type: ignore[assignment]
    net.features[0] = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Conv2d(2, 8, (3, 3), padding=(1, 1)))
    return net


def another(net: Net) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4))


def custom(net: Net) -> nn.Module:
    net.head = Doubled(8, 4)
    return net


def patched(net: Net) -> nn.Module:
    net.features[2] = nn.LeakyReLU()
    return net


def built(change: Callable[[Net], nn.Module] = unchanged) -> nn.Module:
    torch.manual_seed(1)
    return change(Net()).eval()


INPUTS = np.random.default_rng(0).random((3, 1, 8, 8), dtype=np.float32)


@pytest.mark.parametrize("change", [unchanged, narrowed, factored, another])
def test_what_is_kept_comes_back_the_same(change: Callable[[Net], nn.Module], tmp_path: Path) -> None:
    model = built(change)

    main = FRAMEWORK.keep(model, {"model": Net()}, tmp_path)
    again = FRAMEWORK.restore(tmp_path / main, {"model": Net})

    assert main == KEPT_STRUCTURE
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([KEPT_STRUCTURE, KEPT_WEIGHTS])
    np.testing.assert_array_equal(FRAMEWORK.predict(again, {"x": INPUTS}), FRAMEWORK.predict(model, {"x": INPUTS}))
    assert not again.training
    assert {name: type(one) for name, one in again.named_modules()} == {
        name: type(one) for name, one in model.named_modules()
    }


@pytest.mark.parametrize("change", [custom, patched])
def test_layers_of_other_classes_can_not_be_written_down(change: Callable[[Net], nn.Module], tmp_path: Path) -> None:
    assert describe(built(change), built()) is None
    assert FRAMEWORK.keep(built(change), {"model": built()}, tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_only_what_differs_is_written() -> None:
    assert describe(built(), built()) == {}
    assert list(describe(built(factored), built()) or {}) == ["features.0", "head"]
    assert list(describe(built(narrowed), built()) or {}) == ["features.0", "features.1", "features.3", "head"]


def test_the_nearest_base_is_taken(tmp_path: Path) -> None:
    main = FRAMEWORK.keep(Net(3).eval(), {"model": Net(), "student": Net(3)}, tmp_path)

    assert json.loads((tmp_path / main).read_text()) == {"base": "student", "changed": {}}


def test_a_structure_with_an_unknown_class_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown layer class 'Module'"):
        rebuild(Net(), {"head": {"class": "Module", "arguments": {}}})


def test_weights_of_another_structure_are_refused(tmp_path: Path) -> None:
    main = FRAMEWORK.keep(built(narrowed), {"model": Net()}, tmp_path)
    (tmp_path / main).write_text(json.dumps({"base": "model", "changed": {}}))

    with pytest.raises(RuntimeError, match="size mismatch"):
        FRAMEWORK.restore(tmp_path / main, {"model": Net})


def test_multiply_accumulates_by_hand() -> None:
    """3x3 over 8x8: 64 * 9 * 8; the same depthwise; 8 * 4 in the head."""
    assert FRAMEWORK.macs(built(), {"x": INPUTS[:1]}) == 64 * 9 * 8 + 64 * 9 * 8 + 8 * 4
    assert FRAMEWORK.macs(built(narrowed), {"x": INPUTS[:1]}) == 64 * 9 * 5 + 64 * 9 * 5 + 5 * 4


def test_a_student_is_built_from_its_seed_and_the_callers_draws_go_on() -> None:
    def weights(model: Any) -> Any:
        return model.head.weight.tolist()

    torch.manual_seed(5)
    expected = torch.rand(1).item()
    torch.manual_seed(5)

    one, other, third = (FRAMEWORK.build(Net, seed) for seed in (0, 0, 1))

    assert weights(one) == weights(other) != weights(third)
    assert torch.rand(1).item() == expected
