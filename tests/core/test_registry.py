"""Registries: found by name, refused with the nearest names, and one name means one definition."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.core.registry import Registry
from harness.core.source import Source
from harness.errors import DuplicateName, InvalidName, UnknownName


@dataclass(frozen=True)
class Entry:
    name: str
    source: Source
    value: int = 0


def source(path: str = "/proj/conftest.py", line: int = 10, module: str = "conftest") -> Source:
    return Source(module=module, path=path, line=line)


def filled(*names: str) -> Registry[Entry]:
    registry: Registry[Entry] = Registry("model", "Register one.")
    for line, name in enumerate(names):
        registry.add(Entry(name, source(line=line)))
    return registry


def test_entries_are_found_and_sorted() -> None:
    registry = filled("b", "a")

    assert registry.get("a").name == "a"
    assert registry.names() == ["a", "b"]
    assert [entry.name for entry in registry] == ["a", "b"]
    assert "a" in registry
    assert "c" not in registry


@pytest.mark.parametrize(
    ("held", "asked", "says"),
    [
        pytest.param(
            ["digits_cnn", "fashion_cnn"],
            "digit_cnn",
            "unknown model 'digit_cnn'; did you mean 'digits_cnn' or 'fashion_cnn'? "
            "Existing: digits_cnn, fashion_cnn. Register one.",
            id="near",
        ),
        pytest.param(
            ["digits_cnn"], "xyz", "unknown model 'xyz'. Existing: digits_cnn. Register one.", id="nothing near"
        ),
        pytest.param([], "xyz", "unknown model 'xyz'. Existing: none is registered. Register one.", id="empty"),
        pytest.param(["a"], "", "unknown model ''. Existing: a. Register one.", id="empty name"),
    ],
)
def test_an_unknown_name_says_what_exists(held: list[str], asked: str, says: str) -> None:
    with pytest.raises(UnknownName) as caught:
        filled(*held).get(asked)

    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("again", "says"),
    [
        pytest.param(source(path="/proj/other.py"), "/proj/conftest.py:10 and at /proj/other.py:10", id="other file"),
        pytest.param(source(path="/proj/other.py", module="other"), "/proj/other.py:10", id="other module"),
        pytest.param(source(line=20), "lines 10 and 20", id="same file, further down"),
    ],
)
def test_a_second_definition_is_refused(again: Source, says: str) -> None:
    registry: Registry[Entry] = Registry("model")
    registry.add(Entry("a", source(), 1))

    with pytest.raises(DuplicateName, match="registered twice") as caught:
        registry.add(Entry("a", again, 2))

    assert says in str(caught.value)
    assert registry.get("a").value == 1


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(source(), id="the same module read twice"),
        pytest.param(source(module="harness_user_0_conftest"), id="read again under another module name"),
        pytest.param(source(module="harness_user_0_conftest", line=12), id="read again after an edit above it"),
    ],
)
def test_a_definition_that_is_replayed_replaces_itself(again: Source) -> None:
    registry: Registry[Entry] = Registry("model")
    registry.add(Entry("a", source(), 1))

    registry.add(Entry("a", again, 2))

    assert registry.get("a").value == 2


def test_a_name_that_cannot_stand_in_an_id_is_not_held() -> None:
    registry: Registry[Entry] = Registry("recipe step")

    with pytest.raises(InvalidName, match="recipe step name 'a/b'"):
        registry.add(Entry("a/b", source()))

    assert registry.names() == []


def test_source_of_a_function_names_its_file_and_line() -> None:
    found = Source.of(test_entries_are_found_and_sorted)

    assert found.path == __file__
    assert str(found) == f"{__file__}:{found.line}"
    assert found.module == __name__


def test_source_of_what_has_no_file_is_its_module() -> None:
    made: dict[str, object] = {"__name__": "typed_in"}
    exec("def f(): ...", made)

    found = Source.of(made["f"])  # type: ignore[arg-type]

    assert (found.path, str(found)) == ("", "typed_in")
