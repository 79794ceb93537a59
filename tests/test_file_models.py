"""A file as a model: what may be said beside it, and which file a path means."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.registries import only_shipped

import harness
from harness.core.source import Source
from harness.errors import ContractError, DuplicateName
from harness.file_models import beside
from harness.registries import models

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def own_registries() -> Iterator[None]:
    with only_shipped():
        yield


@pytest.mark.parametrize(
    ("file", "framework"),
    [
        ("m.onnx", "onnx"),
        ("m.tflite", "tflite"),
        ("m.keras", "keras"),
        ("M.ONNX", "onnx"),
        ("a folder/m.int8.onnx", "onnx"),
        (Path("m.tflite"), "tflite"),
    ],
)
def test_the_suffix_says_what_opens_it(file: Any, framework: str) -> None:
    harness.model("kws", file=file, dataset="digits", metric="top5")
    entry = models.get("kws")
    assert (entry.framework, entry.file, entry.dataset, entry.metric) == (framework, HERE / file, "digits", "top5")
    assert entry.signature is None
    assert entry.source.path == __file__


@pytest.mark.parametrize("file", ["m.pb", "m.pt", "m", "m.onnx.zip", ".onnx"])
def test_another_suffix_says_what_there_is(file: str) -> None:
    says = f"model 'kws': file='{file}': a model is a file that ends in .onnx, .tflite, .keras; of anything else register a function"
    with pytest.raises(ContractError, match=re.escape(says)):
        harness.model("kws", file=file, dataset="digits")
    assert "kws" not in models


@pytest.mark.parametrize(
    "more",
    [
        {"input": harness.Input(shape=(3,))},
        {"inputs": [harness.Input(shape=(3,))]},
        {"outputs": ("scores",)},
        {"framework": "onnx"},
        {"student": lambda: None},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_a_file_says_itself_is_not_said_beside_it(more: dict[str, Any]) -> None:
    (name,) = more
    with pytest.raises(ContractError, match=re.escape(f"model 'kws': {name}= beside file=: a file says itself")):
        harness.model("kws", file="m.onnx", dataset="digits", **more)


def test_a_file_decorates_nothing() -> None:
    with pytest.raises(
        ContractError, match=r"model 'kws' is a file, and .* decorates 'kws_function': write one or the other"
    ):

        @harness.model("kws", file="m.onnx", dataset="digits")
        def kws_function() -> None: ...


def test_one_name_is_one_file_also_on_one_line() -> None:
    def add(file: str) -> None:
        harness.model("kws", file=file, dataset="digits")

    add("m.onnx")
    add("m.onnx")
    with pytest.raises(DuplicateName, match=re.escape(f"'kws' is registered twice: {HERE / 'm.onnx'} at {__file__}:")):
        add("a.onnx")


def test_a_path_counts_from_the_file_that_registers_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conftest = tmp_path / "a project" / "conftest.py"
    conftest.parent.mkdir()
    conftest.write_text("import harness\nharness.model('kws', file='../models/m.onnx', dataset='digits')\n")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("a project/conftest.py")
    assert models.get("kws").file == tmp_path / "models" / "m.onnx"


def test_a_link_keeps_the_suffix_of_its_own_name(tmp_path: Path) -> None:
    """A hub's cache holds links to files that are called by their hash."""
    (tmp_path / "0a1b2c").write_bytes(b"")
    (tmp_path / "m.onnx").symlink_to(tmp_path / "0a1b2c")
    harness.model("kws", file=tmp_path / "m.onnx", dataset="digits")
    assert models.get("kws").file == tmp_path / "m.onnx"


def test_without_a_file_that_registers_it_a_path_counts_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert beside(Source(module="__main__", path="", line=1), "m.onnx") == tmp_path / "m.onnx"
    exec(
        compile("import harness\nharness.model('kws', file='m.onnx', dataset='digits')", "<stdin>", "exec"),
        {"__name__": "x"},
    )
    assert (models.get("kws").file, models.get("kws").source.path) == (tmp_path / "m.onnx", "")
