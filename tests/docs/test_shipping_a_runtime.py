"""The example of docs/adding-a-runtime.md as a runtime that ships: its folder is put into a copy of the package, nothing else."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import harness.errors
from harness.store.results import read_results

from .test_adding_a_runtime import PAGE, files_of_the_page

pytestmark = pytest.mark.runtimes

PACKAGE = Path(harness.errors.__file__).parent
BARE_CALL = """
from onnx.reference import ReferenceEvaluator


def bare_call(path, sample):
    evaluator = ReferenceEvaluator(path)
    return lambda: evaluator.run(None, {evaluator.input_names[0]: sample})[0]
"""


def runtime_folder():
    """The files of ``harness/runtimes/onnxref``, made of the page's."""
    page = files_of_the_page()
    (facts,) = re.findall(r"^```python\n(facts = .*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    side = '    run_side = Path(__file__).with_name("onnxref_run_side.py")\n'
    build_side = page["conftest.py"]
    assert build_side.count(side) == 1
    member = "".join(f"    {line}\n" for line in facts.splitlines())
    imported = "from harness.core.engine_facts import EngineFacts\n"
    return {
        "__init__.py": "",
        "run_side.py": page["onnxref_run_side.py"],
        "runtime.py": imported + build_side.replace(side, side.replace("onnxref_run_side", "run_side") + member),
        "bare_call.py": BARE_CALL,
    }


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A folder with a copy of the package that ships one more runtime."""
    place = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, place / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    folder = place / PACKAGE.name / "runtimes" / "onnxref"
    folder.mkdir()
    for name, text in runtime_folder().items():
        (folder / name).write_text(text, encoding="utf-8")
    return place


def run(shipped, folder, *arguments):
    """What python does with *arguments* in *folder*, with the copy in place of the package; text of both streams."""
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(shipped), "CI": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_doctor_shows_it(shipped, tmp_path):
    told = run(shipped, tmp_path, "-m", "harness.cli", "doctor")

    (row,) = [line for line in told.partition("models of")[0].splitlines() if line.startswith("onnxref ")]
    assert row.split()[1] == "yes"
    assert "(untested)" not in row, "its tested version is the installed one"


def test_the_tests_of_all_runtimes_find_it(shipped, tmp_path):
    """By the catalog and by what it says of its engine; importing all of it loads no engine."""
    told = run(
        shipped,
        tmp_path,
        "-c",
        "import sys\n"
        "from harness.pipeline.catalog import load_catalog\n"
        "from harness.runtimes.registry import runtimes\n"
        "from harness.runtimes.tested_versions import facts_of, known_versions\n"
        "load_catalog()\n"
        "runtime = runtimes.get('onnxref')\n"
        "print(runtime.source.module, facts_of(runtime).modules, 'onnx' in known_versions(), 'onnx' in sys.modules)",
    )

    assert told.split("\n")[0] == "harness.runtimes.onnxref.runtime ('onnx',) True False"


def test_its_cells_are_built_and_run(shipped, tmp_path, pytestconfig):
    named = os.environ.get("EDGE_HARNESS_CACHE")
    cache = Path(named) if named else pytestconfig.cache.mkdir("engines")
    (tmp_path / "test_onnxref.py").write_text(files_of_the_page()["test_onnxref.py"], encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    told = run(shipped, tmp_path, "-m", "pytest", "-q", "--rootdir=.", f"--harness-cache={cache}")

    cells = read_results(tmp_path / "reports" / "latest").cells
    assert {cell.cell.recipe: cell.status for cell in cells} == {"fp32": "measured", "int8_weight_only": "measured"}
    assert {cell.measurements["placement_fraction"].value for cell in cells} == {1.0}
    assert "untested" not in told
