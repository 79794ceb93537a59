"""A whole run of models of several named tensors whose lengths differ, with an engine in numpy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from fakes.lab import Lab, cases
from fakes.lab import lab as open_lab

from harness.core.finding import Finding, Verdict
from harness.core.tensors import Ragged

RUN_SIDE = """
import json
import numpy

NAMED_TENSORS = True

def versions():
    return {"numpy": numpy.__version__}

def open_session(path, options):
    return Session(path, options)

class Session:
    def __init__(self, path, options):
        with numpy.load(path, allow_pickle=False) as held:
            self.words, self.scale = held["words"].astype(numpy.float32), held["scale"]
        self.told = {"inputs": list(options["inputs"]), "outputs": list(options["outputs"]), "batches": []}

    def predict(self, batch):
        self.told["batches"].append(len(batch["tokens"]))
        each = self.words[batch["tokens"]] * self.scale * batch["weights"][:, :, None]
        return [each.sum(axis=1), each]

    def prepare(self, sample):
        self.told["timed"] = sample["tokens"].shape[1]
        return lambda: self.predict(sample)

    def describe(self):
        return {"placement": {"cpu": {"GATHER": 1}}, **self.told, "batches": sorted(set(self.told["batches"]))}

    def close(self):
        pass
"""
MODELS = """
from pathlib import Path

import numpy as np

from harness.core.lowering import Lowered
from harness.registries import exporters, frameworks, runtimes

INPUTS = [
    harness.Input(name="tokens", shape=("length",), dtype="int64"),
    harness.Input(name="weights", shape=("length",)),
]
LENGTHS = [2, 6, 3, 5, 4, 3, 2, 6, 5, 4] * 4


class Words(dict):
    pass


def trained():
    return Words(words=np.random.default_rng(1).normal(size=(30, 4)).astype(np.float32))


class Sums(Fake):
    name = "sums"

    def state(self, model):
        return model

    def predict(self, model, inputs):
        each = model["words"][inputs["tokens"]] * inputs["weights"][:, :, None]
        return {{"each": each, "logits": each.sum(axis=1)}}

    def macs(self, model, sample):
        return int(sample["tokens"].size) * 4


class SumsToNpz(FakeToNpz):
    name, framework = "sums_to_npz", "sums"

    def export(self, model, signature, example, path):
        assert list(example) == [one.name for one in signature.inputs] == ["tokens", "weights"]
        assert len(example["tokens"]) == 2
        np.savez(path, words=model["words"], scale=np.float32(1))
        return path


class NamedRuntime(FakeRuntime):
    def lower(self, source, wanted, folder):
        assert wanted.samples.names == ("tokens", "weights")
        assert wanted.signature.lengths == {{"length": (2, 6)}}
        with np.load(source, allow_pickle=False) as held:
            words, scale = held["words"], held["scale"]
        if wanted.precision.name == "int8_static":
            scale = np.float32(np.abs(words).max() / 127)
            words = np.rint(words / scale).astype(np.int8)
        np.savez(folder / "model.npz", words=words, scale=scale)
        return Lowered(main=folder / "model.npz")

    def weights(self, artifact):
        return [one for one in super().weights(artifact) if one.name == "words"]


frameworks.add(Sums())
exporters.add(SumsToNpz())
runtimes.add(NamedRuntime("named", run_side=Path({side!r})))


def samples(seed, longer=0):
    drawn = np.random.default_rng(seed)
    return [
        {{
            "weights": drawn.random(length).astype(np.float32),
            "tokens": drawn.integers(0, 30, length + longer),
        }}
        for length in LENGTHS
    ]


def labels(samples):
    logits = [(trained()["words"][one["tokens"]] * one["weights"][:, None]).sum(axis=0) for one in samples]
    return np.argmax(logits, axis=1)


@harness.dataset("sentences")
def sentences():
    parts = [samples(seed) for seed in (1, 2)]
    evaluation, calibration = (harness.Split(part, labels(part)) for part in parts)
    return harness.DataSet(evaluation=evaluation, calibration=calibration)


@harness.dataset("uneven")
def uneven():
    evaluation, calibration = (harness.Split(samples(seed, 1), np.zeros(len(LENGTHS), int)) for seed in (1, 2))
    return harness.DataSet(evaluation=evaluation, calibration=calibration)


@harness.task_metric("logits_right")
def logits_right(outputs, labels):
    assert isinstance(outputs["each"], list)
    return outputs["logits"].argmax(axis=1) == labels


def model(name, dataset="sentences", outputs=("logits", "each"), inputs=INPUTS):
    return harness.model(
        name, dataset=dataset, framework="sums", inputs=inputs, outputs=outputs, metric="logits_right"
    )(trained)


model("words")
model("undeclared", outputs=("logits",))
model("unequal", dataset="uneven")
model("others", inputs=[*INPUTS[:1], harness.Input(name="mask", shape=("length",))])


@harness.step("note", method="pruning")
def note(model, work):
    work.note(str({{name: values.shape for name, values in work.example.items()}}))
    return model


@harness.step("narrow", method="pruning")
def narrow(model):
    return Words(words=model["words"][:, :3])
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with open_lab(tmp_path_factory.mktemp("named")) as held:
        side = held.write("named_side.py", RUN_SIDE)
        held.register(MODELS.format(side=str(side)))
        yield held


def judged(lab: Lab, metric: str, model: str = "words", recipe: str = "fp32", runtime: str = "named") -> Finding:
    (case,) = cases(metric, models=[model], recipes=[recipe], runtimes=[runtime])
    return lab.judge([case])[case.cell.id, metric][0]


def test_every_output_is_compared_and_the_task_metric_gets_all(lab: Lab) -> None:
    wanted = cases(
        "accuracy_drop", "output_error", models=["words"], recipes=["fp32", "int8_static"], runtimes=["named"]
    )
    run = lab.run()
    run.prepare(wanted)
    found = {(case.cell.recipe, case.metric.name): run.judge(case)[0] for case in wanted}

    assert {one.verdict for one in found.values()} == {Verdict.REPORTED}, [one.reason for one in found.values()]
    assert found["fp32", "accuracy_drop"].value == 0
    assert found["fp32", "output_error"].value == pytest.approx(0, abs=1e-6)
    error = found["int8_static", "output_error"].value
    assert error is not None
    assert 1e-3 < error < 0.1
    measured = run.results[wanted[0].cell].measurements
    assert measured["accuracy_fraction"].value == 1
    assert "agreement_fraction" not in measured, "two outputs are no class scores"


def test_the_worker_is_told_the_names_and_times_the_sample_of_median_size(lab: Lab) -> None:
    (case,) = cases("accuracy_drop", models=["words"], recipes=["fp32"], runtimes=["named"])
    run = lab.run()
    run.prepare([case])

    details = run.results[case.cell].details
    assert (details["inputs"], details["outputs"]) == (["tokens", "weights"], ["logits", "each"])
    assert details["timed"] == 4
    provenance = run.artifacts[case.cell].provenance
    assert (provenance.inputs, provenance.outputs) == (("tokens", "weights"), ("logits", "each"))
    assert provenance.macs == 6 * 4, "of the longest sample"


def test_the_reference_keeps_lengths_names_and_order(lab: Lab) -> None:
    run = lab.run()
    run.prepare(cases("size", models=["words"], recipes=["fp32"], runtimes=["named"]))
    reference = run.references["words"]

    assert reference.signature.lengths == {"length": (2, 6)}
    inputs, outputs = reference.load("inputs"), reference.tally().outputs
    assert (inputs.names, outputs.names) == (("tokens", "weights"), ("logits", "each"))
    assert isinstance(outputs["logits"], np.ndarray)
    assert isinstance(outputs["each"], Ragged)
    assert [len(one) for one in outputs["each"]] == [len(one) for one in inputs["tokens"]]
    assert reference.load("calibration").names == inputs.names


def test_a_second_run_builds_nothing(lab: Lab) -> None:
    judged(lab, "size")
    judged(lab, "size")
    assert lab.built() == []


def test_a_step_sees_the_tensors_by_name(lab: Lab) -> None:
    (case,) = cases("size", models=["words"], recipes=["note"], runtimes=["named"])
    run = lab.run()
    run.prepare([case])
    assert run.artifacts[case.cell].provenance.steps[0].notes[0] == "{'tokens': (2, 6), 'weights': (2, 6)}"


@pytest.mark.parametrize(
    ("model", "recipe", "runtime", "phase", "says"),
    [
        pytest.param(
            "words",
            "narrow",
            "named",
            "compress",
            "it changed output 'logits' for 2 samples from shape (2, 4) to (2, 3); a step must keep them",
            id="a step that changes an output",
        ),
        pytest.param(
            "words",
            "fp32",
            "fakert",
            "convert",
            "this runtime takes models with one input, all samples of one shape",
            id="a runtime that knows one array",
        ),
        pytest.param(
            "undeclared",
            "fp32",
            "named",
            "model",
            "the model gives 'each', 'logits', and declared are 'logits': write harness.model(..., outputs=['each', 'logits'])",
            id="an output that was not declared",
        ),
        pytest.param(
            "unequal",
            "fp32",
            "named",
            "data",
            "the free length 'length' is 3 in one input of sample 0 and 2 in another",
            id="a free length of two sizes",
        ),
        pytest.param(
            "others",
            "fp32",
            "named",
            "data",
            "samples have 'weights', 'tokens', the model takes 'tokens', 'mask'",
            id="samples of other names",
        ),
    ],
)
def test_what_does_not_fit_says_so(lab: Lab, model: str, recipe: str, runtime: str, phase: str, says: str) -> None:
    found = judged(lab, "size", model, recipe, runtime)

    assert (found.verdict, found.phase) == (Verdict.ERROR, phase), found.reason
    assert says in found.reason
