"""The example models: cards that are true to their files, sizes, and graphs that export."""

from __future__ import annotations

import hashlib

import pytest

import examples.zoo  # noqa: F401 - importing registers them
import harness.zoo.models  # noqa: F401 - likewise
from examples.zoo.checkpoint import folder_of
from examples.zoo.plans import PLANS
from examples.zoo.training import correct_answers
from harness.core.data import DataSet
from harness.registries import models
from harness.zoo.checkpoint import Card

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")

LEAST_ACCURACY = {"digits_cnn": 0.97, "fashion_cnn": 0.91, "fashion_mobilenet": 0.91}
NAMES = sorted(LEAST_ACCURACY)


def card(name: str) -> Card:
    return Card.read(folder_of(name) / f"{name}.json")


@pytest.mark.parametrize("name", NAMES)
def test_the_card_describes_its_file(name: str) -> None:
    held, plan, registered = card(name), PLANS[name], models.get(name)
    model = registered.build()

    assert held.sha256 == hashlib.sha256((folder_of(name) / f"{name}.safetensors").read_bytes()).hexdigest()
    assert held.text() == (folder_of(name) / f"{name}.json").read_text()
    assert held.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert (held.model, held.dataset) == (name, registered.dataset)
    assert (held.epochs, held.seed) == (plan.epochs, plan.seed)
    assert held.command == f"python -m examples.zoo.training {name}"
    assert held.value >= LEAST_ACCURACY[name]
    assert not model.training


def test_digits_accuracy_is_the_recorded_one(digits_data: DataSet) -> None:
    held = card("digits_cnn")
    found = correct_answers(models.get("digits_cnn").build(), digits_data.evaluation)

    assert len(digits_data.evaluation) == held.samples
    assert abs(found - held.value * held.samples) <= 1 + 1e-9  # a tie may fall differently on another CPU


@pytest.mark.parametrize("name", ["fashion_cnn", "fashion_mobilenet"])
def test_fashion_accuracy_is_the_recorded_one(name: str, fashion_data: DataSet) -> None:
    held = card(name)
    found = correct_answers(models.get(name).build(), fashion_data.evaluation)

    assert len(fashion_data.evaluation) == held.samples
    assert abs(found - held.value * held.samples) <= 3 + 1e-9  # ties may fall differently on another CPU


def test_the_checkpoints_stay_small() -> None:
    folders = {folder_of(name) for name in PLANS}
    files = [path for folder in folders for path in folder.iterdir() if path.is_file()]

    assert sorted(path.stem for path in files if path.suffix == ".safetensors") == sorted(PLANS)
    assert sum(path.stat().st_size for path in files) <= 8_000_000
    # The package's own travel in every wheel.
    assert sum(path.stat().st_size for path in folder_of("digits_cnn").iterdir()) <= 60_000


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_exports_with_a_dynamic_batch(name: str) -> None:
    registered = models.get(name)
    model = registered.build()
    example = torch.rand(2, *registered.signature.inputs[0].shape)

    exported = torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))

    for batch in (1, 5):
        inputs = torch.rand(batch, *registered.signature.inputs[0].shape)
        assert torch.allclose(exported.module()(inputs), model(inputs), atol=1e-5)
        assert exported.module()(inputs).shape == (batch, 10)


@pytest.mark.parametrize("name", NAMES)
def test_the_student_is_a_quarter_as_large_with_the_same_outputs(name: str) -> None:
    registered = models.get(name)
    assert registered.student is not None
    teacher, student = registered.build(), registered.student()
    example = torch.rand(2, *registered.signature.inputs[0].shape)

    sizes = [sum(parameter.numel() for parameter in one.parameters()) for one in (student, teacher)]
    assert sizes[0] < 0.25 * sizes[1]
    assert student.eval()(example).shape == teacher(example).shape
