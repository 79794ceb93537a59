"""Which files decide what a registered thing does: each of them changes the hash, no other does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.core.source import Source
from harness.store import sources
from harness.store.sources import (
    NO_PART_OF_ARTIFACTS,
    PACKAGE,
    closure,
    file_hash,
    forget_sources,
    module_hash,
    source_hash,
)

PROJECT = {
    "conftest.py": "import models\nfrom steps import shrink\n",
    "models.py": "def net():\n    from layers.blocks import block\n    return block\n",
    "steps.py": "from typing import TYPE_CHECKING\nimport helpers as h\nif TYPE_CHECKING:\n    import types_only\ndef shrink(): return h\n",
    "helpers.py": "import importlib\nlate = importlib.import_module('late')\n",
    "late.py": "x = 1\n",
    "types_only.py": "x = 1\n",
    "unrelated.py": "x = 1\n",
    "layers/__init__.py": "",
    "layers/blocks.py": "from . import sizes\nfrom .deep.kernels import kernel\nblock = 1\n",
    "layers/sizes.py": "size = 3\n",
    "layers/deep/kernels.py": "kernel = 1\n",
    "layers/unused.py": "x = 1\n",
}
PART = sorted(PROJECT.keys() - {"types_only.py", "unrelated.py", "layers/unused.py"})


@pytest.fixture(autouse=True)
def _read_anew():
    forget_sources()
    yield
    forget_sources()


@pytest.fixture
def project(tmp_path):
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_closure_of_a_users_file(project):
    assert sorted(str(file.relative_to(project)) for file in closure(project / "conftest.py")) == PART


@pytest.mark.parametrize("edited", sorted(PROJECT))
def test_an_edit_of_any_file_that_takes_part_changes_the_hash(project, edited):
    before = file_hash(project / "conftest.py")
    (project / edited).write_text((project / edited).read_text() + "added = 1\n")
    forget_sources()
    assert (file_hash(project / "conftest.py") != before) == (edited in PART)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        pytest.param("x = 1\n", "x = 1  # said\n", False, id="a comment"),
        pytest.param("x = 1\n", "\n\nx   =   1\n", False, id="layout"),
        pytest.param(
            'def f():\n    "One."\n    return 1\n', 'def f():\n    "Two."\n    return 1\n', False, id="a docstring"
        ),
        pytest.param("x = 'a'\n", "x = 'b'\n", True, id="a text that is used"),
        pytest.param("x = 1\n", "x = 1.0\n", True, id="a number"),
        pytest.param("x = 1\n", "x = (\n", True, id="what can't be parsed"),
    ],
)
def test_what_counts_as_an_edit(tmp_path, before, after, changes):
    file = tmp_path / "module.py"
    file.write_text(before)
    first = file_hash(file)
    file.write_text(after)
    forget_sources()
    assert (file_hash(file) != first) == changes


def test_modules_that_import_each_other_have_one_closure(tmp_path):
    (tmp_path / "one.py").write_text("import other\n")
    (tmp_path / "other.py").write_text("import one\n")
    assert closure(tmp_path / "one.py") == closure(tmp_path / "other.py")


def test_installed_distributions_and_the_standard_library_are_left_to_their_versions(tmp_path):
    (tmp_path / "conftest.py").write_text("import json, numpy, numpy.linalg, pytest, msgspec, no_such_module\n")
    assert closure(tmp_path / "conftest.py") == {tmp_path / "conftest.py"}


def test_what_has_no_file_counts_by_its_module():
    assert source_hash(Source(module="__main__", path="", line=0)) == "__main__"


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("runtimes/tensorrt/runtime.py", "runtimes/onnxruntime/ranges.py"),
        ("runtimes/executorch/runtime.py", "runtimes/torch/conversion.py"),
        ("runtimes/torch_inductor/runtime.py", "runtimes/torch/runtime.py"),
        ("runtimes/openvino/runtime.py", "runtimes/scales.py"),
        ("pipeline/build_job.py", "pipeline/quantization_samples.py"),
        ("pipeline/build_job.py", "pipeline/transforming.py"),
        ("frameworks/torch.py", "frameworks/torch_structure.py"),
        ("recipes/pruning.py", "learning/torch_training.py"),
        ("recipes/pruning.py", "recipes/finetuning.py"),
    ],
)
def test_files_of_the_harness_that_once_changed_artifacts_unseen(entry, part):
    assert PACKAGE / part in closure(PACKAGE / entry)


def test_what_is_left_out_has_a_reason_and_is_there():
    for name, reason in NO_PART_OF_ARTIFACTS.items():
        path = PACKAGE.joinpath(*name.split(".")[1:])
        assert reason
        assert path.is_dir() or path.with_suffix(".py").is_file() or name == "harness.extending", name


def test_an_edit_of_each_file_in_a_closure_of_the_harness_is_seen(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__", "checkpoints"))
    program = (
        "from pathlib import Path\n"
        "from harness.store.sources import *\n"
        "from harness.store import sources\n"
        "entry = sources.PACKAGE / 'runtimes/onnxruntime/runtime.py'\n"
        "files = closure(entry)\n"
        "others = sorted(set(sources.PACKAGE.rglob('*.py')) - files)[::40]\n"
        "for file in [*sorted(files), *others]:\n"
        "    before = file_hash(entry)\n"
        "    text = file.read_text()\n"
        "    file.write_text(text + '\\nadded = 1\\n')\n"
        "    forget_sources()\n"
        "    changed = file_hash(entry) != before\n"
        "    file.write_text(text)\n"
        "    forget_sources()\n"
        "    assert changed == (file in files), file\n"
        "print('files', len(files), len(others))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert min(map(int, ended.stdout.split()[-2:])) > 4


def test_the_package_is_this_one():
    assert Path(sources.__file__).is_relative_to(PACKAGE)


def test_several_threads_may_hash_at_one_time() -> None:
    """Probes run in threads, and Python's parser of syntax trees counts their depths together."""
    forget_sources()
    with ThreadPoolExecutor(8) as pool:
        hashes = list(pool.map(module_hash, ["harness.meters.tallier", "harness.worker.program"] * 20))
    assert len(set(hashes)) == 2
