"""Training: repeatable, good enough, and a command line whose mistakes are said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from examples.zoo.plans import PLANS
from examples.zoo.training import correct_answers, main, train
from harness.core.data import DataSet, Split
from harness.zoo.checkpoint import Card, load

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")

DIGITS = PLANS["digits_cnn"]


def test_two_runs_give_the_same_weights_whatever_the_caller_did(digits_data: DataSet) -> None:
    assert digits_data.train is not None
    torch.manual_seed(1)
    first = train(DIGITS, digits_data.train, epochs=1)
    torch.manual_seed(2)
    torch.set_num_threads(2)
    second = train(DIGITS, digits_data.train, epochs=1)

    assert all(torch.equal(value, second.state_dict()[key]) for key, value in first.state_dict().items())


def test_another_seed_gives_other_weights(digits_data: DataSet) -> None:
    assert digits_data.train is not None
    first = train(DIGITS, digits_data.train, epochs=1)
    second = train(replace(DIGITS, seed=1), digits_data.train, epochs=1)

    assert not torch.equal(first.state_dict()["classifier.weight"], second.state_dict()["classifier.weight"])


def test_training_leaves_the_callers_torch_as_it_was(digits_data: DataSet) -> None:
    assert digits_data.train is not None
    torch.manual_seed(3)
    torch.set_num_threads(2)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    train(DIGITS, digits_data.train, epochs=1)

    assert torch.equal(torch.rand(1), wanted)
    assert torch.get_num_threads() == 2
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("name", ["fashion_cnn", "fashion_mobilenet"])
def test_the_other_plans_are_repeatable_and_learn(name: str) -> None:
    plan = replace(PLANS[name], batch=20, shift=1)
    labels = np.arange(40) % 10
    inputs = np.random.RandomState(0).rand(40, 1, 28, 28).astype(np.float32)
    data = Split(inputs, labels.astype(np.int64))
    first, second = train(plan, data, epochs=1), train(plan, data, epochs=1)

    assert all(torch.equal(value, second.state_dict()[key]) for key, value in first.state_dict().items())
    assert all(value.is_contiguous() for value in first.state_dict().values())
    assert not first.training


def test_the_command_trains_a_checkpoint_that_loads(
    tmp_path: Path, digits_data: DataSet, capsys: pytest.CaptureFixture[str]
) -> None:
    from harness.zoo.torch_models import digits_cnn

    assert main(["digits_cnn", "--out", str(tmp_path), "--epochs", "10"]) == 0

    card = Card.read(tmp_path / "digits_cnn.json")
    model = load("digits_cnn", digits_cnn(), tmp_path)
    assert card.value >= 0.95
    assert card.value == correct_answers(model, digits_data.evaluation) / 800
    assert card.command == "python -m examples.zoo.training digits_cnn --epochs 10"
    printed = capsys.readouterr().out
    assert "epoch 10/10" in printed
    assert f"top1 {card.value:.4f} on 800 samples" in printed


def test_an_unknown_model_is_an_error_with_the_nearest_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["digit_cnn"]) == 2
    assert "unknown example model 'digit_cnn'; did you mean 'digits_cnn'" in capsys.readouterr().err


def test_diverged_training_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(PLANS, "digits_cnn", replace(DIGITS, learning_rate=1e30))

    assert main(["digits_cnn", "--epochs", "1"]) == 2
    assert "digits_cnn: training diverged: the loss is " in capsys.readouterr().err


@pytest.mark.usefixtures("no_fashion")
def test_missing_data_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fashion_cnn"]) == 2
    assert "apt install dataset-fashion-mnist" in capsys.readouterr().err


@pytest.mark.parametrize("epochs", ["0", "-1", "many"])
def test_epochs_must_be_a_positive_number(epochs: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["digits_cnn", "--epochs", epochs])
    assert caught.value.code == 2


@pytest.fixture
def no_fashion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGE_HARNESS_DATA", raising=False)
    monkeypatch.delenv("EDGE_HARNESS_DOWNLOAD", raising=False)
    monkeypatch.setattr("examples.zoo.fashion_mnist.SYSTEM_FOLDER", tmp_path / "absent")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
