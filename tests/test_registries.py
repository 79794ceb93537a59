"""Exporters are found by framework and format, and of each pair there is one."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.source import Source
from harness.errors import ContractError, DuplicateName
from harness.registries import Exporters, exporters, frameworks, runtimes, targets


class AnExporter:
    packages = ()

    def __init__(self, framework: str, format: str, path: str = "/p/a.py", name: str = "") -> None:
        self.name, self.framework, self.format = name or f"{framework}_to_{format}", framework, format
        self.source = Source(module="a", path=path, line=1)

    def export(self, model: Any, signature: Any, example: Any, path: Any) -> Any:
        return path


@pytest.fixture
def filled() -> Exporters:
    table = Exporters("exporter")
    for framework, format in (("torch", "onnx"), ("torch", "pt2"), ("keras", "onnx")):
        table.add(AnExporter(framework, format))
    return table


@pytest.mark.parametrize(
    ("framework", "formats", "expected"),
    [
        ("torch", ["onnx", "pt2"], "torch_to_onnx"),
        ("torch", ["pt2", "onnx"], "torch_to_pt2"),
        ("keras", ["pt2", "onnx"], "keras_to_onnx"),
        ("keras", ["pt2"], None),
        ("jax", ["onnx"], None),
        ("torch", [], None),
    ],
)
def test_the_first_format_that_there_is_an_exporter_to(
    filled: Exporters, framework: str, formats: list[str], expected: str | None
) -> None:
    exporter = filled.find(framework, formats)

    assert (exporter.name if exporter is not None else None) == expected


def test_formats_of_a_framework(filled: Exporters) -> None:
    assert filled.formats_from("torch") == ["onnx", "pt2"]
    assert filled.formats_from("jax") == []


def test_a_second_exporter_of_the_same_pair_is_refused_and_leaves_the_first(filled: Exporters) -> None:
    for other in (AnExporter("torch", "onnx", "/p/b.py"), AnExporter("torch", "onnx", "/p/b.py", name="mine")):
        with pytest.raises(DuplicateName, match=r"at /p/a.py:1 and at /p/b.py:1"):
            filled.add(other)

    assert filled.find("torch", ["onnx"]).source.path == "/p/a.py"  # type: ignore[union-attr]
    assert len(list(filled)) == 3


@pytest.mark.parametrize("registry", [frameworks, exporters, runtimes, targets], ids=lambda registry: registry.kind)
def test_what_has_only_a_name_is_refused(registry: Any) -> None:
    class Hollow:
        name = "hollow"
        source = Source(module="m", path="/p/conftest.py", line=3)

    with pytest.raises(ContractError, match=r"'hollow' \(/p/conftest.py:3\) does not keep its contract: it has no"):
        registry.add(Hollow())

    assert "hollow" not in registry
