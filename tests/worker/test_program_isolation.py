"""What is and is not inside a worker: numpy and the engine, nothing of ours, nothing that lies about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.worker.conftest import Lower, OpenWorker

TELLING_SIDE = """
import json
import os
import sys

def versions():
    return {
        "modules": json.dumps(sorted(sys.modules)),
        "path": json.dumps(sys.path),
        "environment": json.dumps(dict(os.environ)),
    }
"""


def told(open_worker: OpenWorker, what: str, text: str = TELLING_SIDE, **more: int) -> list[str] | dict[str, str]:
    answer: list[str] | dict[str, str] = json.loads(open_worker(text=text, **more).greeting["versions"][what])
    return answer


def test_no_module_of_ours_is_loaded(open_worker: OpenWorker) -> None:
    modules = told(open_worker, "modules")
    assert "json" in modules
    ours = [name for name in modules if name.partition(".")[0] in ("harness", "pytest", "_pytest", "fakes", "tests")]
    assert ours == []


def test_numpy_is_the_run_sides_choice(open_worker: OpenWorker) -> None:
    """What it sets before it imports numpy, and in front of which library, is not decided for it."""
    assert "numpy" not in told(open_worker, "modules")


@pytest.mark.parametrize("name", ["numpy.py", "json.py", "harness.py", "execnet.py"])
def test_a_file_in_the_current_folder_shadows_nothing(
    open_worker: OpenWorker, lower: Lower, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    artifact = lower("fp32")
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / name).write_text("raise RuntimeError('the wrong module')\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    assert open_worker(artifact).greeting["versions"]


def test_a_folder_in_the_current_folder_shadows_nothing(
    open_worker: OpenWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "here" / "numpy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('the wrong module')\n", encoding="utf-8")
    monkeypatch.chdir(package.parent)
    path = told(open_worker, "path", text="import numpy\n" + TELLING_SIDE)
    assert str(package.parent) not in path
    assert "" not in path


def test_native_thread_pools_get_the_thread_count(open_worker: OpenWorker) -> None:
    environment = told(open_worker, "environment", threads=3)
    assert isinstance(environment, dict)
    assert {environment[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")} == {"3"}


def test_two_workers_do_not_see_each_other(open_worker: OpenWorker) -> None:
    first, second = open_worker(), open_worker()
    assert first.greeting["pid"] != second.greeting["pid"]
    first.end()
    assert second.ask("memory")["peak"] > 0
