"""A scratch folder is its owner's while it lives, and gone soon after, however it died."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.store.scratch import LOCK, PREFIX, STALE_SECONDS, UNNAMED, scratch_folder, sweep

OWNER = """
import sys
from harness.store.scratch import scratch_folder

with scratch_folder() as folder:
    (folder / "held").touch()
    print(folder, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this process and of those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@contextmanager
def owner() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process and the folder that it owns."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def aged(folder: Path, seconds: float) -> Path:
    folder.mkdir()
    then = folder.stat().st_mtime - seconds
    os.utime(folder, (then, then))
    return folder


def test_it_is_empty_named_by_its_owner_and_removed_afterwards(root: Path) -> None:
    with scratch_folder() as folder:
        assert folder.parent == root
        assert folder.name.startswith(f"{PREFIX}{os.getpid()}-")
        assert [path.name for path in folder.iterdir()] == [LOCK]
        (folder / "log").touch()
    assert list(root.iterdir()) == []


def test_it_is_removed_after_an_error(root: Path) -> None:
    with pytest.raises(KeyError), scratch_folder():
        raise KeyError("in the run")
    assert list(root.iterdir()) == []


def test_what_a_killed_process_left_is_removed_when_the_next_begins(root: Path) -> None:
    with owner() as (process, left):
        process.kill()
        process.wait(timeout=10)
        assert (left / "held").exists()
        with scratch_folder() as folder:
            assert list(root.iterdir()) == [folder]


def test_what_a_living_process_owns_stays(root: Path) -> None:
    with owner() as (process, theirs), scratch_folder() as own:
        assert sweep(root) == []
        assert (theirs / "held").exists()
        assert own.is_dir()
        assert process.poll() is None


@pytest.mark.parametrize("name", [f"{PREFIX}x1", f"{UNNAMED}x1"])
@pytest.mark.parametrize(("age", "swept"), [(STALE_SECONDS + 60, True), (STALE_SECONDS - 60, False)])
def test_a_folder_without_a_lock_goes_after_a_day(root: Path, name: str, age: float, swept: bool) -> None:
    folder = aged(root / name, age)
    assert sweep(root) == ([folder] if swept else [])
    assert folder.exists() is not swept


@pytest.mark.parametrize("name", ["edge-harness-1000-locks", "edge-harness-0", "edge-harness-runtime", "another-run-1"])
def test_what_is_no_scratch_folder_is_let_be(root: Path, name: str) -> None:
    folder = aged(root / name, 10 * STALE_SECONDS)
    assert sweep(root) == []
    assert folder.exists()


def test_a_link_is_not_followed(root: Path) -> None:
    precious = aged(root / "precious", 10 * STALE_SECONDS)
    (root / f"{PREFIX}link").symlink_to(precious)
    assert sweep(root) == []
    assert precious.exists()
