"""Each engine in turn can't be imported: its column is unavailable with the reason, and an error where it is required."""

import os
import subprocess
import sys

import pytest

from harness.registries import runtimes
from harness.runtimes.tested_versions import facts_of
from harness.store.results import read_results

from .conftest import MODELS, RUNTIMES, claimed

pytestmark = pytest.mark.runtimes

SUITE = """
import harness

pytestmark = harness.matrix(
    models=[{model!r}], recipes=["fp32"], runtimes=[{runtime!r}, {other!r}], required={required!r},
    budgets=[("*", dict(accuracy_drop="2 pp"))], baseline=False,
)

@harness.gate("accuracy_drop")
def test_accuracy(case):
    case.check()
"""


def run_without(module, folder, cache, **suite):
    """A run of pytest in which importing *module* fails, in its workers and build processes too."""
    broken = folder / "path" / module
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text(f"raise ImportError('lib{module}.so.1: cannot open shared object file')\n")
    (folder / "test_s.py").write_text(SUITE.format(**suite))
    (folder / "pytest.ini").write_text("[pytest]\n")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir=.", f"--harness-cache={cache}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "path"), "CI": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (folder / "reports").is_dir(), ended.stdout + ended.stderr
    record = read_results(folder / "reports" / "latest" / "results.json")
    return ended, {cell.cell.runtime: cell for cell in record.cells}


@pytest.mark.parametrize(
    ("runtime", "required"),
    [
        *(
            pytest.param(runtime, False, marks=() if runtime == "litert" else pytest.mark.nightly)
            for runtime in RUNTIMES
        ),
        pytest.param("onnxruntime", True, id="onnxruntime-required", marks=pytest.mark.nightly),
    ],
)
def test_a_missing_engine(built, engine_cache, tmp_path, runtime, required):
    framework = next(one for one in MODELS if claimed(runtimes.get(runtime), one, "fp32"))
    other = "onnxruntime" if runtime != "onnxruntime" else "litert"
    if not claimed(runtimes.get(other), framework, "fp32"):
        other = "litert"
    module = facts_of(runtimes.get(runtime)).modules[0]
    ended, cells = run_without(
        module,
        tmp_path,
        engine_cache,
        model=MODELS[framework],
        runtime=runtime,
        other=other,
        required=[runtime] if required else [],
    )
    missing = cells[runtime]
    assert missing.status == "unavailable", (missing, ended.stdout)
    assert f"can't be imported: ImportError: lib{module}.so.1: cannot open shared object file" in missing.reason
    # Without the model's own framework there is no reference for any column.
    assert cells[other].status == ("unavailable" if module == framework or module == "tensorflow" else "measured")
    assert ended.returncode == (1 if required else 0), ended.stdout
    if required:
        assert "the suite requires this runtime, and it is unavailable: " in ended.stdout
