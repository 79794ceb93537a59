"""Steps of a recipe: what they are given, what is told of them, and prefixes of chains that are made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes.lab import Lab, cases
from fakes.registries import only_shipped

from harness.core.artifact import Provenance
from harness.core.finding import Finding, Verdict

pytestmark = pytest.mark.slow

STEPS = """
from pathlib import Path

import numpy as np

CALLS = Path({calls!r})


def called(name):
    with CALLS.open("a") as file:
        file.write(name + "\\n")


def outside(name, usual):
    # from a file: a change of it changes no source
    path = CALLS.with_name(name)
    return float(path.read_text()) if path.exists() else usual


@harness.dataset("trainable")
def trainable():
    data = blobs()
    few = int(outside("train", 200))
    train = harness.Split(data.calibration.inputs[:few], data.calibration.labels[:few])
    return harness.DataSet(evaluation=data.evaluation, calibration=data.calibration, train=train)


def small():
    share = np.float32(outside("student", 0.5))
    return Linear(weights=trained()["weights"] * share, bias=trained()["bias"] * share)


@harness.model("learner", dataset="trainable", framework="fake", input=INPUT, student=small)
def learner():
    return trained()


@harness.step("scale{{percent}}", method="pruning", ranges={{"percent": (1, 200)}})
def scale(model, percent):
    called(f"scale{{percent}}")
    return Linear({{name: values * (percent / 100) for name, values in model.items()}})


@harness.step("count", method="training", trains=True)
def count(model, work):
    called(f"count {{len(work.train)}} {{work.seed}} {{len(work.example)}}")
    work.epochs += 3
    work.note("bias stays whole")
    return model


@harness.step("pupil", method="distillation", trains=True, replaces=True)
def student(model, work):
    called("pupil")
    return work.student()


@harness.step("sneaky", method="training")
def sneaky(model, work):
    return work.train


@harness.step("stateful", method="pruning")
def stateful(model):
    called("stateful")
    made = Linear(model)
    made.forward = lambda inputs: Linear.forward(made, inputs) + 1
    return made


@harness.step("fewer", method="pruning")
def fewer(model):
    return Linear(weights=model["weights"][:, :5], bias=model["bias"][:5])


@harness.step("needs", method="pruning", packages=["no-such-package"])
def needs(model):
    return model


@harness.step("for_torch", method="pruning", framework="torch")
def for_torch(model):
    return model
"""
Judge = Callable[..., Finding]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    held = Lab(tmp_path)
    with only_shipped():
        held.register(STEPS.format(calls=str(tmp_path / "calls")))
        yield held


def calls(lab: Lab) -> list[str]:
    path = lab.folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


def judge(lab: Lab, *recipes: str, model: str = "learner") -> list[Finding]:
    wanted = cases("accuracy_drop", models=[model], recipes=list(recipes))
    found = lab.judge(wanted)
    return [found[case.cell.id, "accuracy_drop"][0] for case in wanted]


def provenance(lab: Lab, recipe: str) -> Provenance:
    (case,) = cases("size", models=["learner"], recipes=[recipe])
    run = lab.run()
    run.prepare([case])
    return run.artifacts[case.cell].provenance


def test_a_longer_chain_reuses_the_shorter_one(lab: Lab) -> None:
    judge(lab, "scale90", "scale90+scale80")
    assert calls(lab) == ["scale90", "scale80"]

    judge(lab, "scale90+scale80+scale70+int8_static", "scale90+int8_static")
    assert calls(lab) == ["scale90", "scale80", "scale70"], "in another run, for other precisions"

    judge(lab, "scale80+scale90")
    assert calls(lab)[3:] == ["scale80", "scale90"], "another order is another model"


def test_what_is_kept_is_what_was_made(lab: Lab) -> None:
    once = judge(lab, "scale90+scale110+fp16")[0]
    kept = judge(lab, "scale90+scale110", "scale90+scale110+scale100")

    assert calls(lab) == ["scale90", "scale110", "scale100"]
    assert [one.value for one in (once, *kept)] == [once.value] * 3


def test_a_model_that_does_not_come_back_the_same_is_made_again(lab: Lab) -> None:
    judge(lab, "stateful+scale90")
    judge(lab, "stateful+scale80")

    assert calls(lab) == ["stateful", "scale90", "stateful", "scale80"]
    assert provenance(lab, "stateful+scale80").steps[0].notes == (
        "made again for every chain that begins so: what was written down computes something else",
    )


def test_a_step_gets_its_data_and_tells_its_cost(lab: Lab) -> None:
    found = provenance(lab, "scale90+count")

    assert calls(lab) == ["scale90", "count 200 0 2"]
    assert [one.name for one in found.steps] == ["scale90", "count"]
    assert all(one.seconds >= 0 for one in found.steps)
    assert found.steps[1].epochs == 3
    assert found.steps[1].notes == ("bias stays whole",)
    assert found.macs == 2560


def test_provenance_of_a_kept_prefix_is_not_lost(lab: Lab) -> None:
    judge(lab, "scale90+count")

    found = provenance(lab, "scale90+count+int8_static")

    assert [one.name for one in found.steps] == ["scale90", "count"]
    assert found.steps[1].epochs == 3
    assert len(calls(lab)) == 2


def test_progress_names_the_step(lab: Lab) -> None:
    judge(lab, "scale90+fp16")

    assert "step learner: scale90" in lab.lines


def test_a_student_replaces_the_model(lab: Lab) -> None:
    (found,) = judge(lab, "pupil+fp16")

    assert found.verdict is Verdict.REPORTED
    assert found.value == pytest.approx(0, abs=0.005), "half of every logit is the same class"


@pytest.mark.parametrize(
    ("recipe", "model", "verdict", "reason"),
    [
        ("sneaky", "learner", Verdict.ERROR, "step 'sneaky' reads the training split: register it with trains=True"),
        ("count", "linear", Verdict.ERROR, "it trains, and data set 'blobs' has no train split"),
        ("fewer", "learner", Verdict.ERROR, "it changed the outputs for 2 samples from shape (2, 10) to (2, 5)"),
        ("pupil", "linear", Verdict.UNSUPPORTED, "needs a student, and model 'linear' has none"),
        ("needs", "linear", Verdict.UNAVAILABLE, "not installed: no-such-package (for step 'needs')"),
        ("for_torch", "linear", Verdict.UNSUPPORTED, "transforms torch models, and 'linear' is one of fake"),
        (
            "int8_static_n500",
            "learner",
            Verdict.ERROR,
            "500 calibration samples are asked for, and the data set has 200",
        ),
    ],
)
def test_a_step_that_can_not_be_done_says_why(lab: Lab, recipe: str, model: str, verdict: Verdict, reason: str) -> None:
    (found,) = judge(lab, recipe, model=model)

    assert found.verdict is verdict
    assert reason in found.reason
    if verdict is Verdict.ERROR:
        assert found.phase == ("convert" if recipe.startswith("int8") else "compress")


@pytest.mark.parametrize(
    ("name", "number", "recipe", "again"),
    [
        ("train", 100, "count", True),
        ("train", 100, "pupil", True),
        ("train", 100, "scale90", False),
        ("student", 0.25, "pupil", True),
        ("student", 0.25, "count", False),
        ("student", 0.25, "scale90", False),
    ],
)
def test_what_a_step_learns_from_decides_whether_it_is_done_again(
    lab: Lab, name: str, number: float, recipe: str, again: bool
) -> None:
    judge(lab, recipe)
    before = calls(lab)
    judge(lab, recipe)
    assert calls(lab) == before, "nothing has changed"

    lab.write(name, str(number))
    judge(lab, recipe)

    assert (len(calls(lab)) > len(before)) is again


@pytest.mark.parametrize(
    ("edit", "times"),
    [
        pytest.param("edited = True\n", 2, id="its code"),
        pytest.param("# edited\n", 1, id="a comment"),
    ],
)
def test_an_edited_step_is_done_again(lab: Lab, tmp_path: Path, edit: str, times: int) -> None:
    judge(lab, "scale90")
    lab.register(STEPS.format(calls=str(tmp_path / "calls")) + f"\n{edit}")
    judge(lab, "scale90")

    assert calls(lab) == ["scale90"] * times


def test_calibration_draws_are_their_own_artifacts(lab: Lab) -> None:
    wanted = cases("calibration_spread", models=["learner"], recipes=["fp32", "int8_static", "int8_dynamic"])
    run = lab.run()
    run.prepare(wanted)
    findings = {case.cell.recipe: run.judge(case)[0] for case in wanted}

    assert findings["int8_static"].value is not None
    assert 0 <= findings["int8_static"].value < 0.05
    assert findings["int8_dynamic"].reason.endswith("draws no calibration samples")
    drawn = run.results[wanted[1].cell].calibration_draws
    assert list(drawn) == [f"int8_static_n100_seed{seed}" for seed in (1, 2, 3)]
    assert len({run.artifacts[cell].key for cell in run.artifacts}) == len(run.artifacts)


def test_a_gain_is_measured_against_the_control(lab: Lab, tmp_path: Path) -> None:
    more = """
@harness.step("worse", method="pruning")
def worse(model):
    weights = model["weights"].copy()
    weights[:, 3] = 0
    return Linear(model | {"weights": weights})


@harness.step("better", method="pruning", control="worse")
def better(model):
    return model
"""
    lab.register(STEPS.format(calls=str(tmp_path / "calls")), more)
    wanted = cases(
        "accuracy_gain",
        models=["learner"],
        recipes=["fp16", "better", "better+int8_static"],
        budgets=[("*", {"accuracy_gain": "report"}), ("*/better*", {"accuracy_gain": "1 pp"})],
    )
    found = lab.judge(wanted)

    alone, better, chain = (found[case.cell.id, "accuracy_gain"][0] for case in wanted)
    assert (alone.verdict, alone.value) == (Verdict.REPORTED, None)
    assert better.verdict is Verdict.PASS
    assert better.value == pytest.approx(0.095, abs=0.03)
    assert "over worse (n = 1000;" in better.reason
    assert chain.verdict is Verdict.PASS
    assert "over worse+int8_static (n = 1000;" in chain.reason
