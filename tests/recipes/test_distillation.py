"""Distillation: Hinton's loss, a control that differs by the teacher alone, and a teacher that stays as it was."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

import harness.recipes.distillation as distillation
from harness.core.data import Split
from harness.errors import ContractError
from harness.recipes.chain import control_of, parse_recipe
from harness.recipes.distillation import distill, hinton_loss, student
from tests.recipes.training import digits_data, equal, work

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distillation, "STEPS", 100)


@pytest.fixture
def teacher() -> Any:
    import harness.zoo.models

    return harness.zoo.models.digits_cnn()


def small() -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 10))


@pytest.mark.parametrize(("temperature", "share"), [(1.0, 0.5), (4.0, 0.9), (2.0, 1.0), (3.0, 0.0)])
def test_the_loss_is_hintons(temperature: float, share: float) -> None:
    random = np.random.RandomState(0)
    outputs, answers, labels = random.randn(6, 5), random.randn(6, 5) * 3, random.randint(0, 5, 6)
    teaching, learning = log_softmax(answers / temperature, 1), log_softmax(outputs / temperature, 1)
    divergence = (np.exp(teaching) * (teaching - learning)).sum(1).mean()
    entropy = -log_softmax(outputs, 1)[np.arange(6), labels].mean()
    wanted = (1 - share) * entropy + share * temperature**2 * divergence

    found = hinton_loss(*map(torch.from_numpy, (outputs, answers, labels)), temperature, share)

    assert float(found) == pytest.approx(wanted, rel=1e-9)


def test_of_equal_answers_only_the_labels_are_left() -> None:
    logits, labels = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([0])
    entropy = torch.nn.functional.cross_entropy(logits, labels)

    assert float(hinton_loss(logits, logits, labels, 4.0, 0.9)) == pytest.approx(0.1 * float(entropy), rel=1e-6)


def test_it_is_repeatable_and_leaves_the_teacher_alone(teacher: Any) -> None:
    before = copy.deepcopy(teacher)
    done = work("distill", student=small)

    made = distill(teacher, done)

    assert equal(made, distill(teacher, work("distill", student=small)))
    assert not equal(made, distill(teacher, work("distill", student=small, seed=1)))
    assert equal(teacher, before)
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert not made.training
    assert done.epochs == 5


def test_the_control_differs_by_the_teacher_alone(teacher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: dict[str, list[Any]] = {"distill": [], "student": []}

    def built(name: str) -> Any:
        def build() -> Any:
            model = small()
            started[name].append(copy.deepcopy(model))
            return model

        return build

    learned, alone = work("distill", student=built("distill")), work("student", student=built("student"))
    with_teacher, without = distill(teacher, learned), student(teacher, alone)

    assert equal(started["distill"][0], started["student"][0])
    assert learned.epochs == alone.epochs
    assert not equal(with_teacher, without)

    # Where the teacher has no share of the loss, they are bit for bit the same.
    def labels_alone(outputs: Any, answers: Any, labels: Any) -> Any:
        return hinton_loss(outputs, answers, labels, 4.0, 0.0)

    monkeypatch.setattr(distillation, "hinton_loss", labels_alone)
    assert equal(distill(teacher, work("distill", student=small)), without)


def test_the_teachers_answers_are_those_to_the_images_of_the_batch(
    teacher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = digits_data().train
    assert train is not None
    with torch.no_grad():
        wanted = teacher(torch.from_numpy(train.inputs))
    place = torch.arange(len(train))
    seen = []

    def loss(outputs: Any, answers: Any, labels: Any) -> Any:
        near = (answers[:, None] - wanted[None]).abs().amax(2) < 1e-4
        fitting = near & (labels[:, None] == torch.from_numpy(train.labels)[None])
        seen.extend(place[row][0].item() for row in fitting)
        return outputs.square().mean()

    monkeypatch.setattr(distillation, "hinton_loss", loss)
    distill(teacher, work("distill", student=small))

    # 24 batches of 32 an epoch: each time other samples, all with the answer and the label of one and the same image.
    for epoch in range(5):
        assert len(set(seen[epoch * 768 : (epoch + 1) * 768])) == 768


def test_a_student_of_other_outputs_is_refused(teacher: Any) -> None:
    def wide() -> Any:
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 11))

    for step, name in ((distill, "distill"), (student, "student")):
        with pytest.raises(
            ContractError, match=rf"'{name}': .* outputs of shape \(4, 10\), its student of shape \(4, 11\)"
        ):
            step(teacher, work(name, student=wide))


def test_a_model_without_a_student_is_refused(teacher: Any) -> None:
    with pytest.raises(ContractError, match=r"has no student: register it with @harness\.model"):
        distill(teacher, work("distill"))


def test_other_labels_are_refused(teacher: Any) -> None:
    data = Split(np.zeros((40, 1, 8, 8), np.float32), np.zeros(40, np.float32))

    with pytest.raises(ContractError, match="step 'distill': fine-tuning here needs class labels"):
        distill(teacher, work("distill", data, student=small))


def test_how_they_are_registered() -> None:
    import harness.recipes.quantization  # noqa: F401 - registers int8_static

    for name in ("distill", "student"):
        (step,) = parse_recipe(name).steps
        assert (step.method, step.trains, step.replaces, step.framework) == ("distillation", True, True, "torch")
        assert [(one.metric.name, one.limit.text) for one in step.promises] == [("parameters_ratio", "0.9 x")]
    assert control_of("distill") == "student"
    assert control_of("distill+int8_static") == "student+int8_static"
