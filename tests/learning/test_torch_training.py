"""The training loop: step for step what it says, repeatable, and loud when it diverges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.data import Split
from harness.learning.torch_training import Batch, fit, repeatable

torch = pytest.importorskip("torch")

PLAN = dict(epochs=3, batch=8, learning_rate=1e-2, weight_decay=1e-2)


def net() -> Any:
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(), nn.Linear(4 * 16, 3)
    )


@pytest.fixture
def data() -> Split:
    inputs = np.random.RandomState(0).rand(30, 1, 6, 6).astype(np.float32)
    return Split(inputs, (inputs.sum((1, 2, 3)) * 5).astype(np.int64) % 3)


def same(one: Any, other: Any) -> bool:
    return all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


def noisy(images: Any, generator: Any) -> Any:
    return images + torch.rand(images.shape, generator=generator)


def written_out(data: Split) -> Any:
    """The loop as it stood in the zoo's training before it was shared, with its draws in that order."""
    with repeatable(5) as generator:
        model = net()
        images, labels = torch.from_numpy(data.inputs), torch.from_numpy(data.labels)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=9)
        for _ in range(3):
            model.train()
            order = torch.randperm(30, generator=generator)
            for step in range(3):
                chosen = order[step * 8 : (step + 1) * 8]
                loss = torch.nn.functional.cross_entropy(model(noisy(images[chosen], generator)), labels[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    return model


def fitted(data: Split, **changes: Any) -> Any:
    with repeatable(5) as generator:
        model = net()
        fit(model, data, **{**PLAN, **changes}, generator=generator)
    return model


def test_it_is_bit_for_bit_the_loop_written_out(data: Split) -> None:
    model = fitted(data, augment=noisy)

    assert same(model, written_out(data))
    assert not model.training


def test_two_runs_are_equal_and_leave_the_callers_torch_as_it_was(data: Split) -> None:
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    filled = torch.utils.deterministic.fill_uninitialized_memory

    assert same(fitted(data), fitted(data))

    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert torch.utils.deterministic.fill_uninitialized_memory == filled
    assert not torch.are_deterministic_algorithms_enabled()


def test_channels_last_is_repeatable_and_ends_contiguous(data: Split) -> None:
    layouts = []

    def seen(outputs: Any, batch: Batch) -> Any:
        layouts.append(batch.inputs.is_contiguous(memory_format=torch.channels_last))
        return outputs.square().mean()

    one, other = (fitted(data, channels_last=True, loss=seen) for _ in range(2))

    assert all(layouts)
    assert same(one, other)
    assert all(value.is_contiguous() for value in other.state_dict().values())


def test_the_callers_loss_augmentation_and_hook_are_used(data: Split) -> None:
    batches: list[Batch] = []
    steps, lines = [], []

    def loss(outputs: Any, batch: Batch) -> Any:
        batches.append(batch)
        return outputs.square().mean()

    fitted(
        data,
        loss=loss,
        augment=lambda images, generator: images + 7,
        after_step=lambda: steps.append(1),
        progress=lines.append,
    )

    assert len(batches) == len(steps) == 9
    assert [line.split(":")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    for batch in batches:
        assert np.array_equal(batch.inputs.numpy(), data.inputs[batch.chosen.numpy()] + 7)
        assert np.array_equal(batch.labels.numpy(), data.labels[batch.chosen.numpy()])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_divergence_is_told(data: Split, value: float) -> None:
    count = []

    def loss(outputs: Any, batch: Batch) -> Any:
        count.append(1)
        return outputs.sum() * (value if len(count) == 5 else 1.0)

    with pytest.raises(
        ValueError, match=r"diverged: .* in epoch 2 of 3, step 2 of 3\. Lower the learning rate \(0\.01\)"
    ):
        fitted(data, loss=loss)


def test_too_few_samples_are_told(data: Split) -> None:
    with pytest.raises(ValueError, match="nothing to train: 3 epochs of 30 samples in batches of 31"):
        fitted(data, batch=31)
