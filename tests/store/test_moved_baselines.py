"""Baselines of a suite that was moved are found, those of other suites are left to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.store.baselines import baseline_path, update_baselines
from harness.store.moved_baselines import abandoned_baselines
from tests.core.records import figure

CELL = "digits_cnn/fp32/onnxruntime/local"


@pytest.mark.parametrize(
    ("suite_file", "model", "cells", "found"),
    [
        pytest.param(None, "digits_cnn", {CELL}, True, id="its suite is gone"),
        pytest.param("suites/test_old.py", "digits_cnn", {CELL}, False, id="its suite is there"),
        pytest.param("suites/old.py", "digits_cnn", {CELL}, False, id="its suite is there without test_"),
        pytest.param(None, "digits_cnn", {"digits_cnn/int8/onnxruntime/local"}, False, id="other cells"),
        pytest.param(None, "other", {CELL}, False, id="another model"),
    ],
)
def test_a_baseline_left_behind_is_found(
    tmp_path: Path, suite_file: str | None, model: str, cells: set[str], found: bool
) -> None:
    folder = tmp_path / "baselines"
    path = baseline_path(folder, "suites/old", "digits_cnn")
    update_baselines(path, "suites/old", "digits_cnn", {CELL: {"size_bytes": figure(3.0)}})
    if suite_file:
        (tmp_path / suite_file).parent.mkdir(exist_ok=True)
        (tmp_path / suite_file).touch()
    assert abandoned_baselines(folder, tmp_path, "suites/new", model, cells) == ([path] if found else [])


def test_a_file_that_cannot_be_read_is_none_of_them(tmp_path: Path) -> None:
    path = baseline_path(tmp_path / "baselines", "suites/old", "digits_cnn")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert abandoned_baselines(tmp_path / "baselines", tmp_path, "suites/new", "digits_cnn", {CELL}) == []
