"""The example models in Keras: cards that are true to their files, data in their layout, repeatable training."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import examples.zoo  # noqa: F401 - importing registers them
import harness.zoo.models  # noqa: F401 - likewise
from examples.zoo.checkpoint import folder_of
from examples.zoo.plans import PLANS
from harness.core.data import DataSet
from harness.errors import WeightsError
from harness.learning.keras_training import one_cycle
from harness.registries import models
from harness.zoo.channels_last import channels_last
from harness.zoo.checkpoint import Card
from harness.zoo.digits import digits_channels_last

ROOT = Path(__file__).parents[2]
LEAST_ACCURACY = {"digits_keras_cnn": 0.97, "fashion_keras_cnn": 0.91}
NAMES = sorted(LEAST_ACCURACY)
LOADED = """
import json, sys
import numpy as np
import examples.zoo, harness.zoo.models
from harness.registries import models
from examples.zoo.keras_training import correct_answers
from examples.zoo.plans import PLANS
from examples.zoo.training import _loaded
told = {}
for name in sys.argv[1:]:
    model = models.get(name).build()
    parameters = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    told[name] = parameters, correct_answers(model, _loaded(PLANS[name].dataset).evaluation)
print(json.dumps(told))
"""
REFUSED = """
import json, sys
from pathlib import Path
from harness.errors import WeightsError
from harness.zoo.checkpoint import load
from examples.zoo.keras_models import ARCHITECTURES
told = []
for folder, architecture in json.loads(sys.argv[1]):
    try:
        load("digits_keras_cnn", ARCHITECTURES[architecture](), Path(folder))
        told.append("")
    except WeightsError as err:
        told.append(str(err))
print(json.dumps(told))
"""


def in_a_process(*arguments: str) -> str:
    """What a process prints: TensorFlow settles threads and determinism of one for good."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_card_describes_its_file(name: str) -> None:
    held, plan, registered = Card.read(folder_of(name) / f"{name}.json"), PLANS[name], models.get(name)

    assert held.sha256 == hashlib.sha256((folder_of(name) / f"{name}.safetensors").read_bytes()).hexdigest()
    assert held.text() == (folder_of(name) / f"{name}.json").read_text()
    assert (held.framework, held.torch, registered.framework) == ("keras", "", "keras")
    assert (held.model, held.dataset) == (name, registered.dataset)
    assert (held.epochs, held.seed) == (plan.epochs, plan.seed)
    assert held.command == f"python -m examples.zoo.training {name}"
    assert held.value >= LEAST_ACCURACY[name]
    assert held.parameters <= 300_000


@pytest.mark.runtimes
def test_accuracy_and_parameters_are_the_recorded_ones(fashion_data: DataSet) -> None:
    told = json.loads(in_a_process("-c", LOADED, *NAMES))

    assert sorted(told) == NAMES
    for name, (parameters, correct) in told.items():
        held = Card.read(folder_of(name) / f"{name}.json")
        assert parameters == held.parameters
        assert abs(correct - held.value * held.samples) <= 3 + 1e-9, name  # ties may fall otherwise on another CPU


@pytest.mark.runtimes
@pytest.mark.nightly
def test_training_is_repeatable_and_learns(tmp_path: Path) -> None:
    command = ("-m", "examples.zoo.training", "digits_keras_cnn", "--epochs", "3", "--out")
    for folder in ("first", "second"):
        in_a_process(*command, str(tmp_path / folder))
    first, second = (tmp_path / folder / "digits_keras_cnn.safetensors" for folder in ("first", "second"))

    assert first.read_bytes() == second.read_bytes()
    assert Card.read(first.with_suffix(".json")).value >= 0.8


@pytest.mark.runtimes
def test_a_damaged_or_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    weights = (folder_of("digits_keras_cnn") / "digits_keras_cnn.safetensors").read_bytes()
    card = (folder_of("digits_keras_cnn") / "digits_keras_cnn.json").read_text()
    for name, content in (("damaged", weights[:-1] + b"\x01"), ("whole", weights)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "digits_keras_cnn.json").write_text(card)
        (tmp_path / name / "digits_keras_cnn.safetensors").write_bytes(content)
    damaged, whole = str(tmp_path / "damaged"), str(tmp_path / "whole")
    tried = [(damaged, "digits_keras_cnn"), (whole, "digits_keras_cnn"), (whole, "fashion_keras_cnn")]

    told = json.loads(in_a_process("-c", REFUSED, json.dumps(tried)))

    assert "expected sha256" in told[0]
    assert told[1] == ""
    assert "do not fit the architecture" in told[2]


def test_a_card_names_one_framework(tmp_path: Path) -> None:
    held = Card.read(folder_of("digits_keras_cnn") / "digits_keras_cnn.json")
    path = tmp_path / "digits_keras_cnn.json"
    for wrong in (replace(held, keras=""), replace(held, torch="2.0.0")):
        path.write_text(wrong.text())
        with pytest.raises(WeightsError, match="one of torch, keras"):
            Card.read(path)


def test_images_are_the_same_in_another_layout(digits_data: DataSet) -> None:
    moved = digits_channels_last()

    assert moved.train is not None
    assert digits_data.train is not None
    for ours, theirs in (
        (moved.evaluation, digits_data.evaluation),
        (moved.calibration, digits_data.calibration),
        (moved.train, digits_data.train),
    ):
        assert ours.inputs.shape[1:] == (8, 8, 1)
        assert ours.inputs.flags.c_contiguous
        assert np.array_equal(ours.inputs[..., 0], theirs.inputs[:, 0])
        assert np.array_equal(ours.labels, theirs.labels)


def test_channels_of_real_images_come_last(fashion_data: DataSet) -> None:
    moved = channels_last(fashion_data)

    assert moved.evaluation.inputs.shape == (10_000, 28, 28, 1)
    assert np.array_equal(moved.evaluation.inputs[:50, :, :, 0], fashion_data.evaluation.inputs[:50, 0])


def test_the_learning_rate_is_that_of_the_torch_loop() -> None:
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=50)
    for step in range(50):
        assert one_cycle(step, 50, 0.1) == pytest.approx(schedule.get_last_lr()[0], rel=1e-6)
        if step < 49:
            optimizer.step()
            schedule.step()
