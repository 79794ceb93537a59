"""The example of docs/adding-a-runtime.md, taken out of the page, built and run as a project of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.store.results import read_results

pytestmark = pytest.mark.runtimes

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding-a-runtime.md"
FILES = {"onnxref_run_side.py", "conftest.py", "test_onnxref.py"}


def files_of_the_page():
    """Each block of code that a line names the file of."""
    return dict(re.findall(r"^`([\w.]+)`:\n\n```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.S | re.M))


@pytest.fixture
def cache(pytestconfig):
    named = os.environ.get("EDGE_HARNESS_CACHE")
    return Path(named) if named else pytestconfig.cache.mkdir("engines")


def run(folder, cache, *arguments, **changed):
    for name, text in {**files_of_the_page(), **changed}.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir=.", f"--harness-cache={cache}", *arguments],
        cwd=folder,
        env={**os.environ, "CI": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return ended, {cell.cell.recipe: cell for cell in read_results(folder / "reports" / "latest").cells}


def test_the_page_has_all_its_files():
    assert set(files_of_the_page()) == FILES


def test_the_example_runs(tmp_path, cache):
    ended, cells = run(tmp_path, cache)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {name: cell.status for name, cell in cells.items()} == {"fp32": "measured", "int8_weight_only": "measured"}
    exact = cells["fp32"].measurements
    assert exact["output_max_error_abs"].value <= 1e-4
    assert exact["accuracy_drop_fraction"].value == 0
    assert exact["placement_fraction"].value == 1
    assert cells["int8_weight_only"].measurements["int8_share_fraction"].value >= 0.95


@pytest.mark.nightly
def test_a_mistake_in_it_is_red(tmp_path, cache):
    """The last class gets what was computed for the first: a run side whose outputs are reversed."""
    side = files_of_the_page()["onnxref_run_side.py"]
    wrong = side.replace("{self._name: batch})[0]", "{self._name: batch})[0][:, ::-1]")
    assert wrong != side
    ended, cells = run(tmp_path, cache, "-k", "fp32", **{"onnxref_run_side.py": wrong})
    assert ended.returncode == 1
    assert "error(parity): fp32 does not reproduce the float model" in ended.stdout
    assert "converted wrongly" in ended.stdout
    assert cells["fp32"].status == "error(parity)"


@pytest.mark.nightly
def test_a_mistake_that_accuracy_does_not_see_is_red(tmp_path, cache):
    """All outputs are one too large: the same class wins, and only the raw outputs tell."""
    side = files_of_the_page()["onnxref_run_side.py"]
    wrong = side.replace("{self._name: batch})[0]", "{self._name: batch})[0] + 1")
    assert wrong != side
    ended, cells = run(tmp_path, cache, "-k", "fp32", **{"onnxref_run_side.py": wrong})
    assert ended.returncode == 1
    assert "error(parity): fp32 does not reproduce the float model: its outputs are off by up to 1 " in ended.stdout
    assert cells["fp32"].status == "error(parity)"
