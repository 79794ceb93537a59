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


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param((INPUT, INPUT), "a model has one input until several are supported", id="two inputs"),
        pytest.param([INPUT], "a model has one input", id="a list of one"),
        pytest.param({"a": INPUT}, "a model has one input", id="by name"),
        pytest.param((1, 28, 28), r"harness.Input\(shape=", id="a shape"),
        pytest.param(None, r"harness.Input\(shape=", id="None"),
    ],
)
def test_a_model_has_one_input(given: Any, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        harness.model("many", dataset="blobs", input=given)


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
