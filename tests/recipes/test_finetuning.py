"""Fine-tuning: about 800 steps, repeatable, on class labels only."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from harness.core.data import Split
from harness.errors import ContractError
from harness.recipes.finetuning import finetune, schedule, takes_channels_last
from tests.recipes.training import digits_data, equal, work

torch = pytest.importorskip("torch")


def tiny() -> Any:
    """Untrained, the same each time."""
    nn = torch.nn
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 10)
        )


@pytest.mark.parametrize(
    ("samples", "steps", "wanted"),
    [
        pytest.param(797, 800, (34, 32), id="digits: 24 steps per epoch"),
        pytest.param(55_000, 800, (2, 128), id="fashion: 429 steps per epoch"),
        pytest.param(12_799, 800, (3, 32), id="just small"),
        pytest.param(12_800, 800, (8, 128), id="just large"),
        pytest.param(5, 800, (800, 5), id="fewer samples than a batch"),
        pytest.param(1_000_000, 800, (1, 128), id="at least one epoch"),
        pytest.param(32 * 25, 100, (4, 32), id="an even number of epochs"),
    ],
)
def test_the_schedule(samples: int, steps: int, wanted: tuple[int, int]) -> None:
    assert schedule(samples, steps) == wanted


def test_it_learns_repeatably_in_evaluation_mode_and_counts_epochs() -> None:
    first_work = work("prune50_finetune")
    first, again, other = (
        finetune(tiny(), first_work),
        finetune(tiny(), work("x")),
        finetune(tiny(), work("x", seed=1)),
    )
    evaluation = digits_data().evaluation

    assert equal(first, again)
    assert not equal(first, other)
    assert not first.training
    assert first_work.epochs == 34
    finetune(tiny(), first_work)
    assert first_work.epochs == 68
    with torch.no_grad():
        answers = first(torch.from_numpy(evaluation.inputs)).argmax(1).numpy()
    assert (answers == evaluation.labels).mean() > 0.8


def test_the_callers_hook_and_loss_are_used() -> None:
    model = tiny()
    still = copy.deepcopy(model)

    def put_back() -> None:
        with torch.no_grad():
            for one, other in zip(model.parameters(), still.parameters(), strict=True):
                one.copy_(other)

    made = finetune(model, work("x"), after_step=put_back, loss=lambda outputs, batch: outputs.square().mean())

    assert made is model
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), still.parameters(), strict=True))
    assert not torch.equal(model[1].running_mean, still[1].running_mean)


INPUTS = np.zeros((40, 1, 8, 8), np.float32)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        pytest.param(np.zeros(40, np.float32), r"the labels are float32 of shape \(40,\)", id="numbers"),
        pytest.param(np.zeros((40, 10), np.int64), r"the labels are int64 of shape \(40, 10\)", id="a row per sample"),
        pytest.param(np.full(40, 10), "the labels go from 10 to 10 and there are 10 outputs", id="a class too many"),
        pytest.param(np.full(40, -1), "the labels go from -1 to -1", id="negative"),
    ],
)
def test_other_labels_are_refused(labels: Any, says: str) -> None:
    with pytest.raises(ContractError, match=f"step 'svd50_finetune': fine-tuning here needs class labels.*{says}"):
        finetune(tiny(), work("svd50_finetune", Split(INPUTS, labels)))


def test_other_outputs_are_refused() -> None:
    with pytest.raises(ContractError, match=r"the outputs have shape \(4, 4, 3, 3\)"):
        finetune(tiny()[:3], work("x"))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_labels_of_any_integer_type_do(dtype: Any) -> None:
    train = digits_data().train
    assert train is not None
    few = Split(train.inputs[:40], train.labels[:40])

    made = finetune(tiny(), work("x", Split(few.inputs, few.labels.astype(dtype))))

    assert equal(made, finetune(tiny(), work("x", few)))


def test_a_model_with_views_is_trained_without_channels_last() -> None:
    class Viewing(torch.nn.Module):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.last = torch.nn.Conv2d(1, 2, 3), torch.nn.Linear(72, 10)

        def forward(self, image: Any) -> Any:
            return self.last(self.conv(image).view(len(image), -1))

    model, train = Viewing(), digits_data().train
    assert train is not None

    assert not takes_channels_last(model, train)
    assert model.conv.weight.is_contiguous()
    assert takes_channels_last(tiny(), train)
    assert not takes_channels_last(tiny(), Split(train.inputs.reshape(-1, 64), train.labels))
