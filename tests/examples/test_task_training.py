"""Training of the tasks: one epoch learns something, twice the same, and a command line whose mistakes are said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from examples.tasks.plans import PLANS, digit_training
from examples.tasks.training import main, train
from harness.core.data import Split
from harness.errors import DataSetError
from harness.zoo.checkpoint import Card

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")

NAMES = sorted(PLANS)


@pytest.fixture(autouse=True)
def few_canvases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("examples.tasks.canvases.TRAIN", 200)


def a_little(name: str) -> Split:
    """Some of the samples that *name* is trained on, at random: those of sources stand topic by topic."""
    data = PLANS[name].training()
    chosen = np.random.RandomState(0).permutation(len(data))[:192]
    return Split(data.inputs[chosen], data.labels[chosen])


@pytest.mark.parametrize("name", NAMES)
def test_some_epochs_learn_something(name: str) -> None:
    lines: list[str] = []

    network = train(replace(PLANS[name], batch=32), a_little(name), 4, lines.append)

    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines]
    assert len(losses) == 4
    assert losses[-1] < losses[0]
    assert not network.training


@pytest.mark.parametrize("name", ["digits_rows", "source_topics"])
def test_two_runs_give_the_same_weights(name: str) -> None:
    plan, data = replace(PLANS[name], batch=32), a_little(name)
    first, second, other = train(plan, data, 1), train(plan, data, 1), train(replace(plan, seed=1), data, 1)

    assert all(torch.equal(value, second.state_dict()[key]) for key, value in first.state_dict().items())
    assert any(not torch.equal(value, other.state_dict()[key]) for key, value in first.state_dict().items())


def test_the_command_trains_a_checkpoint_that_says_what_it_reaches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["digits_rows", "--out", str(tmp_path), "--epochs", "30"]) == 0

    held = Card.read(tmp_path / "digits_rows.json")
    assert (held.metric, held.samples, held.epochs) == ("rows_top1", 800, 30)
    assert held.value > 0.8
    assert held.command == "python -m examples.tasks.training digits_rows --epochs 30"
    assert f"digits_rows: rows_top1 {held.value:.4f} on 800 samples" in capsys.readouterr().out


def test_an_unknown_model_is_an_error_with_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["digits_row"]) == 2
    assert "unknown example model 'digits_row'; did you mean 'digits_rows'" in capsys.readouterr().err


def test_diverged_training_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(PLANS, "digits_embedding", replace(PLANS["digits_embedding"], learning_rate=1e30))

    assert main(["digits_embedding", "--epochs", "3"]) == 2
    assert "digits_embedding: training diverged: the loss is " in capsys.readouterr().err


def test_missing_data_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing() -> Split:
        raise DataSetError("no such source")

    monkeypatch.setitem(PLANS, "source_topics", replace(PLANS["source_topics"], training=missing))

    assert main(["source_topics"]) == 2
    assert "error: no such source" in capsys.readouterr().err


def test_shortened_pieces_keep_the_order_of_their_words() -> None:
    from examples.tasks.losses import shortened

    pieces = torch.arange(60).reshape(1, 2, 30).expand(4, 2, 30)
    cut = [shortened(pieces, torch.Generator().manual_seed(seed)) for seed in range(20)]

    assert {one.shape[:2] for one in cut} == {(4, 2)}
    assert 10 <= min(one.shape[2] for one in cut) < max(one.shape[2] for one in cut) <= 30
    for one in cut:
        assert (one.diff(dim=2) > 0).all()
        assert torch.equal(one[:, 1] - 30, one[:, 0]), "words keep their kinds"


def test_a_box_in_its_place_costs_nothing_and_its_distance_does() -> None:
    from examples.tasks.losses import detection
    from harness.learning.torch_training import Batch

    labels = torch.zeros(1, 64, 5)
    labels[0, 9] = torch.tensor([4.0, 2, 2, 12, 10])
    batch = Batch(inputs=torch.zeros(1), labels=labels, chosen=torch.zeros(1))
    logits = torch.full((1, 64, 11), -30.0)
    logits[..., 0] = 30
    logits[0, 9, 0], logits[0, 9, 4] = -30, 30
    boxes = labels[..., 1:].clone()

    exact = detection((logits, boxes), batch)
    moved = detection((logits, boxes + 1), batch)
    other = detection((logits.roll(1, dims=2), boxes), batch)

    assert exact.item() == pytest.approx(0, abs=1e-4)
    assert 0.1 < moved.item() < other.item()


def test_the_training_digits_are_not_those_of_evaluation() -> None:
    from harness.zoo.digits import digits

    seen = {one.tobytes() for one in digit_training().inputs}
    assert not seen & {one.tobytes() for one in digits().evaluation.inputs}
