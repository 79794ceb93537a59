"""The models of a task each: cards that are true to their files and say what the model reaches."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from examples.tasks import checkpoint
from examples.tasks.checkpoint import CHECKPOINTS
from examples.tasks.digit_rows import state_after
from examples.tasks.evaluation import value_of
from examples.tasks.metrics import rows_top1, same_digit_at_5
from examples.tasks.plans import PLANS
from examples.tasks.training import evaluation_split
from harness.core.figure import Better
from harness.core.tensors import arrays_sha256
from harness.errors import WeightsError
from harness.pipeline.catalog import load_catalog
from harness.registries import datasets, models, task_metrics
from harness.zoo.checkpoint import Card
from harness.zoo.digits import digits

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")
load_catalog()

NAMES = sorted(PLANS)
LEAST = {
    "digits_detector": 0.70,
    "digits_segmenter": 0.85,
    "source_topics": 0.60,
    "source_characters": 4.5,
    "digits_rotation": 1.0,
    "digits_embedding": 0.97,
    "digits_rows": 0.95,
}
"""What each must reach at least; of errors at most."""
SOURCES = {
    "source_topics": ("21cb83864fe1f52e46a723375daa4070d7e8aa7fb8bec7337aaddcf3bc63236d", 0.10),
    "source_characters": ("f59d9cf622dbd83cd606dd1eeaffb6d7593aedbf4da5f96082711120b7dea2b8", 1.0),
}
"""The evaluation samples that the card is of, and how far off the value may be on those of another version of Python."""


def card(name: str) -> Card:
    return Card.read(CHECKPOINTS / f"{name}.json")


@pytest.mark.parametrize("name", NAMES)
def test_the_card_describes_its_file(name: str) -> None:
    held, plan, registered = card(name), PLANS[name], models.get(name)
    path = CHECKPOINTS / f"{name}.safetensors"
    network = registered.build()

    assert held.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert held.text() == (CHECKPOINTS / f"{name}.json").read_text()
    assert held.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert (held.model, held.dataset, held.metric) == (name, registered.dataset, plan.metric)
    assert (held.epochs, held.seed) == (plan.epochs, plan.seed)
    assert held.command == f"python -m examples.tasks.training {name}"
    assert not network.training
    assert path.stat().st_size <= 500_000
    better = task_metrics.get(held.metric).better
    assert held.value >= LEAST[name] if better is Better.HIGHER else held.value <= LEAST[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_value_is_the_recorded_one(name: str) -> None:
    if name == "digits_detector":
        pytest.importorskip("faster_coco_eval")
    held, network = card(name), models.get(name).build()
    data = evaluation_split(PLANS[name], network)

    found = value_of(network, models.get(name), held.metric, data)

    assert len(data) == held.samples
    # A tie may fall differently on another CPU, and sources differ between versions of Python.
    assert found == pytest.approx(held.value, rel=2e-3, abs=SOURCES[name][1] if other_sources(name) else 0)


def other_sources(name: str) -> bool:
    """Whether the pieces of source are others than those that the card's value was measured on: of another Python."""
    return name in SOURCES and samples_sha256(name) != SOURCES[name][0]


def samples_sha256(name: str) -> str:
    return arrays_sha256(*datasets.get(name).load().evaluation.input_tensors(name).arrays())


def test_the_checkpoints_are_those_of_the_plans() -> None:
    assert sorted(path.stem for path in CHECKPOINTS.glob("*.safetensors")) == NAMES == sorted(LEAST)


def test_the_state_of_the_data_is_the_one_that_torch_gives() -> None:
    network = models.get("digits_rows").build()
    images = digits().evaluation.inputs[:, 0]
    upper, lower = (torch.from_numpy(images[:, half].copy()) for half in (slice(0, 4), slice(4, 8)))

    with torch.inference_mode():
        _, state = network(upper, torch.zeros(len(images), 64))
        whole, _ = network(torch.from_numpy(images), torch.zeros(len(images), 64))
        halves, _ = network(lower, state)

    found = state_after(images[:, :4], checkpoint.arrays("digits_rows"))
    assert np.allclose(found, state.numpy(), atol=1e-5)
    assert np.allclose(halves.numpy(), whole.numpy(), atol=1e-5), "a state carries all that was seen"


def test_without_its_state_the_model_of_rows_is_lost() -> None:
    network, data = models.get("digits_rows").build(), digits().evaluation
    lower = torch.from_numpy(data.inputs[:, 0, 4:].copy())

    with torch.inference_mode():
        logits, _ = network(lower, torch.zeros(len(lower), 64))

    assert rows_top1({"logits": logits.numpy()}, data.labels).mean() < card("digits_rows").value - 0.1


def test_neighbours_of_one_label_are_counted() -> None:
    """Six of one direction, six of another; in the second group one has a label of its own."""
    outputs = np.repeat([[1.0, 0.0], [0.0, 2.0]], 6, axis=0) + 1e-3 * np.random.RandomState(0).rand(12, 2)
    labels = np.array([0] * 6 + [1] * 5 + [2])

    found = same_digit_at_5(outputs, labels)

    assert found.tolist() == pytest.approx([1.0] * 6 + [0.8] * 5 + [0.0])


def test_a_damaged_checkpoint_names_the_command_that_trains_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINTS", CHECKPOINTS.parent / "none")

    for load in (lambda: checkpoint.arrays("digits_rows"), lambda: models.get("digits_rows").build()):
        with pytest.raises(WeightsError, match=r"no card .*python -m examples\.tasks\.training digits_rows"):
            load()
