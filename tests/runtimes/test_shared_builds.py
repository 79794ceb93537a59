"""Folders that are filled once: by one process of several, again after a crash and after an edit, never half."""

import os
import subprocess
import sys
import time

import pytest

from tests.runtimes import shared_builds
from tests.runtimes.shared_builds import ROOT, STALE_SECONDS, WHOLE, filled

FILL = """
import sys, time
from pathlib import Path
with open(sys.argv[1], "a") as log:
    log.write("filled\\n")
time.sleep(float(sys.argv[2]))
(Path(sys.argv[-1]) / "content").write_text("done")
"""


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def command(log, seconds=0):
    return "-c", FILL, str(log), str(seconds)


def test_it_is_filled_once(tmp_path, log):
    first, second = filled(tmp_path / "root", "a", command(log)), filled(tmp_path / "root", "a", command(log))
    assert first == second
    assert (first / "content").read_text() == "done"
    assert log.read_text() == "filled\n"


def test_two_processes_at_one_time_fill_it_once(tmp_path, log):
    calling = f"from tests.runtimes.shared_builds import *; print(filled(Path({str(tmp_path / 'root')!r}), 'a', {command(log, 1)!r}))"
    processes = [
        subprocess.Popen([sys.executable, "-c", calling], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    first, second = (process.communicate(timeout=60)[0] for process in processes)
    assert first == second != ""
    assert log.read_text() == "filled\n"


def test_half_a_folder_is_filled_anew(tmp_path, log):
    folder = filled(tmp_path / "root", "a", command(log))
    (folder / WHOLE).unlink()
    (folder / "left").touch()
    assert filled(tmp_path / "root", "a", command(log)) == folder
    assert not (folder / "left").exists()
    assert log.read_text() == "filled\n" * 2


def test_a_failure_is_told_and_nothing_stays(tmp_path):
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        filled(tmp_path / "root", "a", ("-c", "1 / 0"))
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        filled(tmp_path / "root", "a", ("-c", "1 / 0"))


def test_other_code_other_arguments_and_another_name_have_folders_of_their_own(tmp_path, log, monkeypatch):
    root = tmp_path / "root"
    folders = {filled(root, "a", command(log)), filled(root, "b", command(log)), filled(root, "a", command(log, 0.01))}
    monkeypatch.setattr(shared_builds, "surroundings", lambda: "an edit")
    folders.add(filled(root, "a", command(log)))
    assert len(folders) == 4


def test_old_folders_of_the_name_go_and_others_stay(tmp_path, log, monkeypatch):
    root = tmp_path / "root"
    old, other = filled(root, "a", command(log)), filled(root, "a-b", command(log))
    for folder in (old, other):
        os.utime(folder, (0, time.time() - STALE_SECONDS - 60))
    monkeypatch.setattr(shared_builds, "surroundings", lambda: "an edit")
    new = filled(root, "a", command(log))
    assert new.is_dir()
    assert other.is_dir()
    assert not old.exists()
