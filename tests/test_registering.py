"""The decorators: where a thing was defined is filled in, and what can't work later is refused at once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.fakert import FakeRuntime
from fakes.linear import Fake, FakeToNpz
from fakes.registries import only_shipped

import harness
from harness import registries
from harness.core.source import Source
from harness.errors import ContractError, UnknownName

INPUT = harness.Input(shape=(8,))


@pytest.fixture(autouse=True)
def own_registries() -> Iterator[None]:
    with only_shipped():
        yield


class Fresh(FakeRuntime):
    """A runtime whose author wrote no source."""

    def __init__(self, name: str = "fresh") -> None:
        super().__init__(name)
        del self.source


@pytest.mark.parametrize(
    ("decorator", "registry", "base", "name"),
    [
        (harness.runtime, registries.runtimes, FakeRuntime, "fakert"),
        (harness.framework, registries.frameworks, Fake, "fake"),
        (harness.exporter, registries.exporters, FakeToNpz, "fake_to_npz"),
    ],
)
def test_a_class_is_registered_by_an_instance_and_returned(decorator: Any, registry: Any, base: Any, name: str) -> None:
    assert decorator(base) is base
    assert isinstance(registry.get(name), base)


def test_the_source_is_filled_in_for_classes_and_instances() -> None:
    harness.runtime(Fresh)
    harness.runtime(Fresh("second"))

    for name in ("fresh", "second"):
        source = registries.runtimes.get(name).source
        assert (source.path, source.line) == (__file__, inspect.getsourcelines(Fresh)[1])


def test_a_source_that_the_author_wrote_stays() -> None:
    entry = FakeRuntime("own")
    entry.source = Source(module="elsewhere", path="/p/elsewhere.py", line=5)
    harness.runtime(entry)

    assert registries.runtimes.get("own").source.line == 5


def test_a_class_that_needs_arguments_is_told() -> None:
    class Needy:
        def __init__(self, place: str) -> None: ...

    with pytest.raises(
        ContractError, match=r"runtime Needy \(.*test_registering.py:\d+\) can't be made without arguments"
    ):
        harness.runtime(Needy)  # type: ignore[type-var]


def test_one_that_leaves_no_room_for_its_source_is_told() -> None:
    class Tight:
        __slots__ = ()

    with pytest.raises(ContractError, match="leave room for an attribute 'source'"):
        harness.target(Tight)  # type: ignore[type-var]


OTHER = harness.Input(name="other", shape=(8,))


@pytest.mark.parametrize(
    ("given", "inputs", "outputs"),
    [
        pytest.param({"input": INPUT}, (INPUT,), ("output",), id="one input"),
        pytest.param({"inputs": [INPUT]}, (INPUT,), ("output",), id="a list of one"),
        pytest.param({"inputs": [INPUT, OTHER]}, (INPUT, OTHER), ("output",), id="two inputs"),
        pytest.param({"inputs": (OTHER, INPUT)}, (OTHER, INPUT), ("output",), id="in the order they are written"),
        pytest.param({"input": INPUT, "outputs": ["a", "b"]}, (INPUT,), ("a", "b"), id="two outputs"),
        pytest.param({"input": INPUT, "outputs": "state"}, (INPUT,), ("state",), id="an output by its name"),
        pytest.param({"input": INPUT, "outputs": ("input",)}, (INPUT,), ("input",), id="an output called as an input"),
    ],
)
def test_a_model_names_what_it_takes_and_gives(
    given: dict[str, Any], inputs: tuple[harness.Input, ...], outputs: tuple[str, ...]
) -> None:
    harness.model("named", dataset="blobs", **given)(lambda: None)

    found = registries.models.get("named").signature

    assert (found.inputs, found.outputs, found.lengths) == (inputs, outputs, {})


EITHER = r"say what it takes, either input=harness.Input\(.* or, of several tensors, inputs=\["


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({}, EITHER, id="nothing"),
        pytest.param({"input": None}, EITHER, id="None"),
        pytest.param({"inputs": []}, EITHER, id="no inputs"),
        pytest.param({"input": INPUT, "inputs": [OTHER]}, EITHER, id="both"),
        pytest.param({"input": (INPUT, OTHER)}, r"several tensors are written inputs=\[...\]", id="two as one"),
        pytest.param({"input": {"a": INPUT}}, r"several tensors are written inputs=\[...\]", id="by name"),
        pytest.param({"input": (1, 28, 28)}, r"input=\(1, 28, 28\): write harness.Input\(shape=", id="a shape"),
        pytest.param({"inputs": INPUT}, r"inputs=Input\(.*: write harness.Input\(shape=", id="one as several"),
        pytest.param(
            {"inputs": [INPUT, (8,)]}, r"inputs=\[.*: write harness.Input\(shape=", id="a shape among several"
        ),
        pytest.param({"inputs": {"a": INPUT}}, r"inputs=\{.*: write harness.Input\(shape=", id="several by name"),
        pytest.param(
            {"inputs": [INPUT, INPUT]}, r"its inputs are called \('input', 'input'\): each takes a name", id="one name"
        ),
        pytest.param(
            {"inputs": [OTHER, harness.Input(name="", shape=(1,))]},
            r"its inputs are called \('other', ''\)",
            id="no name",
        ),
        pytest.param({"input": INPUT, "outputs": []}, r"its outputs are called \(\)", id="no outputs"),
        pytest.param(
            {"input": INPUT, "outputs": ["a", "a"]}, r"its outputs are called \('a', 'a'\)", id="one output twice"
        ),
        pytest.param({"input": INPUT, "outputs": ["a", ""]}, r"its outputs are called \('a', ''\)", id="an empty name"),
        pytest.param({"input": INPUT, "outputs": ["a", 1]}, r"its outputs are called \('a', 1\)", id="a number"),
    ],
)
def test_a_model_that_does_not_say_so_is_told_how(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ContractError, match=f"model 'many': .*{says}"):
        harness.model("many", dataset="blobs", **given)


def test_a_student_is_a_function() -> None:
    with pytest.raises(ContractError, match="student='small' must be a function"):
        harness.model("taught", dataset="blobs", input=INPUT, student="small")  # type: ignore[arg-type]


def test_metric_is_the_older_name_of_task_metric() -> None:
    @harness.metric("old")
    def old(outputs: Any, labels: Any) -> Any:
        return labels == 0

    assert registries.task_metrics.get("old").compute is old
    assert registries.task_metrics.get("old").per_sample
    assert harness.metric is harness.task_metric


def test_a_score_of_weights_weighs_what_samples_add() -> None:
    @harness.score("ranked", of=lambda outputs, labels: outputs, weighted=True, packages=["a-library"])
    def ranked(samples: Any, weights: Any) -> Any:
        return weights.sum(axis=1)

    entry = registries.task_metrics.get("ranked")
    assert (entry.combine, entry.weighted, entry.packages) == (ranked, True, ("a-library",))
    with pytest.raises(ContractError, match="'lone': weighted=True weighs what samples add: name the function, of="):
        harness.score("lone", weighted=True)


@pytest.mark.parametrize(
    ("registry", "name", "says"),
    [
        (registries.frameworks, "sklearn", "exported to ONNX"),
        (registries.frameworks, "tensorflow", "framework='keras'"),
        (registries.models, "elsewhere", "in a conftest.py in the suite's folder or above it"),
    ],
)
def test_an_unknown_name_says_what_to_do(registry: Any, name: str, says: str) -> None:
    with pytest.raises(UnknownName, match=says):
        registry.get(name)


def test_the_registry_of_runtimes_is_found_where_it_was() -> None:
    from harness.registries import runtimes

    assert runtimes is registries.runtimes
