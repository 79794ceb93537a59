"""Who may work on a target beside whom: real processes, killed, forked and in each other's way."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness.errors import LockError
from harness.targets import lock
from harness.targets.lock import TargetLock, user_folder
from tests.fakes.processes import alive
from tests.store.processes import finish, kill_when, start

HOLD = """
import sys, time
from pathlib import Path
from harness.targets.lock import TargetLock
folder, mode = Path(sys.argv[1]), sys.argv[2]
with getattr(TargetLock("local", folder), mode)():
    (folder / "held").touch()
    while not (folder / "go").exists():
        time.sleep(0.005)
"""
IN_TURN = """
import os, sys, time
from pathlib import Path
from harness.targets.lock import TargetLock
folder, mode = Path(sys.argv[1]), sys.argv[2]
mark = folder / "measuring"
for _ in range(15):
    with getattr(TargetLock("local", folder), mode)():
        if mode == "exclusive":
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
            time.sleep(0.003)
            mark.unlink()
        else:
            assert not mark.exists()
            time.sleep(0.003)
            assert not mark.exists()
"""
MEET = """
import sys, time
from pathlib import Path
from harness.targets.lock import TargetLock
folder, mine, other = Path(sys.argv[1]), *sys.argv[2:]
with TargetLock("local", folder).shared():
    (folder / mine).touch()
    while not (folder / other).exists():
        time.sleep(0.005)
"""
COME_AND_GO = """
import sys, time
from pathlib import Path
from harness.targets.lock import TargetLock
folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
(folder / sys.argv[2]).touch()
while not (folder / "go").exists():
    with TargetLock("local", folder).shared():
        time.sleep(seconds)
"""


@contextmanager
def held(folder: Path, mode: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until ``folder/go`` is there."""
    process = start(HOLD, folder, mode)
    try:
        until((folder / "held").exists, process)
        yield process
    finally:
        (folder / "go").touch()
        process.communicate(timeout=60)


def until(reached: Callable[[], bool], *processes: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert all(process.poll() is None for process in processes)
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def later(act: Callable[[], object], seconds: float = 0.2) -> Iterator[None]:
    timer = threading.Timer(seconds, act)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def is_free(folder: Path) -> bool:
    """Whether nobody holds the lock or its gate, told without waiting."""
    with ExitStack() as stack:
        for ending in ("gate", "lock"):
            handle = stack.enter_context((folder / f"local.{ending}").open("a"))
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
    return True


def test_measurements_never_overlap_with_anything(tmp_path: Path) -> None:
    for process in [start(IN_TURN, tmp_path, mode) for mode in ("exclusive", "exclusive", "shared", "shared")]:
        finish(process)


def test_builds_overlap(tmp_path: Path) -> None:
    for process in [start(MEET, tmp_path, "a", "b"), start(MEET, tmp_path, "b", "a")]:
        finish(process)


@pytest.mark.parametrize("mode", ["shared", "exclusive"])
def test_a_free_lock_is_taken_at_once_and_in_silence(tmp_path: Path, mode: str) -> None:
    told: list[str] = []
    for _ in range(2):
        with getattr(TargetLock("local", tmp_path), mode)(told.append) as waited:
            assert 0 <= waited < 0.5
        assert is_free(tmp_path)
    assert told == []


def test_builds_beside_builds_are_silent(tmp_path: Path) -> None:
    told: list[str] = []
    with TargetLock("local", tmp_path).shared(told.append), TargetLock("local", tmp_path).shared(told.append):
        pass
    assert told == []


@pytest.mark.parametrize(
    ("holder", "asked", "line"),
    [
        ("exclusive", "exclusive", "waits for another measurement on target local (process {})"),
        ("exclusive", "shared", "waits for another measurement on target local (process {})"),
        ("shared", "exclusive", "waits for builds and predictions on target local"),
    ],
)
def test_who_has_to_wait_tells_it_once_and_for_how_long(tmp_path: Path, holder: str, asked: str, line: str) -> None:
    told: list[str] = []
    with (
        held(tmp_path, holder) as process,
        later((tmp_path / "go").touch),
        getattr(TargetLock("local", tmp_path), asked)(told.append) as waited,
    ):
        assert 0.02 < waited < 10
    assert told == [line.format(process.pid)]


@pytest.mark.parametrize("asked", ["shared", "exclusive"])
def test_who_waits_long_says_again_how_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    monkeypatch.setattr(lock, "REMIND_S", 0.01)
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if len(told) == 3:
            (tmp_path / "go").touch()

    with held(tmp_path, "exclusive") as process, getattr(TargetLock("local", tmp_path), asked)(tell):
        heard = len(told)
    line = f"waits for another measurement on target local (process {process.pid})"
    assert told[:3] == [line, f"{line}, 0 s so far", f"{line}, 0 s so far"]
    time.sleep(0.05)
    assert len(told) == heard, "nothing is told once the lock is there"


def test_who_waits_for_a_measurement_and_then_for_builds_tells_one_line(tmp_path: Path) -> None:
    told: list[str] = []
    with held(tmp_path, "shared") as builds:
        first = start(HOLD.replace('"held"', '"measured"'), tmp_path, "exclusive")
        until(lambda: (tmp_path / "local.gate").read_text() == str(first.pid), first)

        def kill_first() -> None:
            first.kill()
            time.sleep(0.1)
            (tmp_path / "go").touch()

        with later(kill_first), TargetLock("local", tmp_path).exclusive(told.append):
            assert builds.wait(60) == 0
        first.communicate(timeout=60)
    assert told == [f"waits for another measurement on target local (process {first.pid})"]


@pytest.mark.parametrize("mode", ["shared", "exclusive"])
def test_targets_do_not_wait_for_each_other(tmp_path: Path, mode: str) -> None:
    with (
        TargetLock("local", tmp_path).exclusive(),
        getattr(TargetLock("pi.local", tmp_path), mode)(pytest.fail),
    ):
        pass


@pytest.mark.parametrize("mode", ["shared", "exclusive"])
@pytest.mark.parametrize("same", [True, False], ids=["one lock", "two locks"])
def test_threads_of_one_process_exclude_each_other(tmp_path: Path, mode: str, same: bool) -> None:
    lock = TargetLock("local", tmp_path)
    other = lock if same else TargetLock("local", tmp_path)
    told: list[str] = []
    ended = threading.Event()

    def ask() -> None:
        with getattr(other, mode)(told.append):
            ended.set()

    thread = threading.Thread(target=ask)
    with lock.exclusive():
        thread.start()
        assert not ended.wait(0.1)
    thread.join(timeout=60)
    assert ended.is_set()
    assert told == [f"waits for another measurement on target local (process {os.getpid()})"]


def test_an_exception_gives_the_lock_back(tmp_path: Path) -> None:
    for mode in ("shared", "exclusive"):
        with pytest.raises(KeyError, match="mine"), getattr(TargetLock("local", tmp_path), mode)():
            raise KeyError("mine")
        assert is_free(tmp_path)


def test_an_exception_in_tell_is_the_callers(tmp_path: Path) -> None:
    def broken(line: str) -> None:
        raise BrokenPipeError(line)

    with (
        TargetLock("local", tmp_path).exclusive(),
        pytest.raises(BrokenPipeError, match="waits for"),
        TargetLock("local", tmp_path).shared(broken),
    ):
        pass
    assert is_free(tmp_path)


@pytest.mark.parametrize("holder", ["exclusive", "shared"])
def test_a_killed_holder_gives_the_lock_back_at_once(tmp_path: Path, holder: str) -> None:
    with held(tmp_path, holder) as process:
        with later(process.kill), TargetLock("local", tmp_path).exclusive() as waited:
            assert 0.02 < waited < 2
        assert process.wait(60) == -signal.SIGKILL


def test_a_killed_waiter_leaves_the_gate_open(tmp_path: Path) -> None:
    with TargetLock("local", tmp_path).shared():
        waiter = start(HOLD.replace('"held"', '"measured"'), tmp_path, "exclusive")
        kill_when(waiter, lambda: (tmp_path / "local.gate").read_text() == str(waiter.pid))
        with TargetLock("local", tmp_path).shared(pytest.fail):
            assert not (tmp_path / "measured").exists()


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from harness.targets.lock import TargetLock

def told(line):
    signal.setitimer(signal.ITIMER_REAL, 0.1)

signal.signal(signal.SIGALRM, signal.default_int_handler)
before = os.listdir("/dev/fd")
try:
    with getattr(TargetLock("local", Path(sys.argv[1])), sys.argv[2])(told):
        print("taken")
except KeyboardInterrupt:
    print("interrupted", os.listdir("/dev/fd") == before)
"""


@pytest.mark.parametrize(
    ("holder", "asked"), [("exclusive", "exclusive"), ("exclusive", "shared"), ("shared", "exclusive")]
)
def test_an_interrupted_wait_leaves_nothing_behind(tmp_path: Path, holder: str, asked: str) -> None:
    with getattr(TargetLock("local", tmp_path), holder)():
        assert finish(start(INTERRUPTED, tmp_path, asked)) == "interrupted True\n"
        if holder == "shared":  # the gate is open again
            with TargetLock("local", tmp_path).shared(pytest.fail):
                pass
    assert is_free(tmp_path)


WITH_CHILDREN = """
import os, subprocess, sys, time
from pathlib import Path
from harness.targets.lock import TargetLock
folder, mode = Path(sys.argv[1]), sys.argv[2]
with getattr(TargetLock("local", folder), mode)():
    executed = subprocess.Popen(["sleep", "60"], close_fds=False).pid
    reader, writer = os.pipe()
    forked = os.fork()
    if forked == 0:
        os.write(writer, b"x")
        time.sleep(60)
        os._exit(0)
    os.read(reader, 1)  # the child runs, and so has closed its copies
    (folder / "part").write_text(f"{executed} {forked}")
    (folder / "part").rename(folder / "children")
    time.sleep(60)
"""


@pytest.mark.parametrize("mode", ["exclusive", "shared"])
def test_children_that_outlive_the_killed_holder_do_not_keep_the_lock(tmp_path: Path, mode: str) -> None:
    holder = start(WITH_CHILDREN, tmp_path, mode)
    until((tmp_path / "children").exists, holder)
    children = [int(pid) for pid in (tmp_path / "children").read_text().split()]
    try:
        holder.kill()
        holder.wait(60)
        with TargetLock("local", tmp_path).exclusive(pytest.fail) as waited:
            assert waited < 0.5
        assert all(alive(child) for child in children)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        holder.communicate(timeout=60)


CHILD_LEAVES_FIRST = """
import fcntl, os, sys
from pathlib import Path
from harness.targets.lock import TargetLock
folder = Path(sys.argv[1])
for mode in ("exclusive", "shared"):
    with getattr(TargetLock("local", folder), mode)():
        child = os.fork()
        if child == 0:
            with (folder / "mine").open("w"):  # gets the number of a descriptor that the fork closed
                sys.exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with (folder / "local.lock").open("a") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(mode, "held")
"""


def test_a_forked_child_that_leaves_the_with_does_not_give_the_lock_back(tmp_path: Path) -> None:
    assert finish(start(CHILD_LEAVES_FIRST, tmp_path)) == "exclusive held\nshared held\n"


def test_a_measurement_gets_its_turn_though_builds_come_and_go(tmp_path: Path) -> None:
    lengths = ("0.05", "0.07", "0.09")  # not in step, so that hardly an instant is free
    builds = [start(COME_AND_GO, tmp_path, seconds) for seconds in lengths]
    try:
        until(lambda: all((tmp_path / seconds).exists() for seconds in lengths), *builds)
        for _ in range(5):
            with TargetLock("local", tmp_path).exclusive() as waited:
                assert waited < 3
    finally:
        (tmp_path / "go").touch()
    for process in builds:
        finish(process)


def dead_process() -> str:
    process = start("pass")
    finish(process)
    return str(process.pid)


@pytest.mark.parametrize(
    ("written", "named"),
    [
        pytest.param(lambda: str(os.getpid()), True, id="alive"),
        pytest.param(lambda: "1", True, id="alive, another user's"),
        pytest.param(dead_process, False, id="dead"),
        pytest.param(lambda: "", False, id="empty"),
        pytest.param(lambda: "0", False, id="the group of the asking process"),
        pytest.param(lambda: "-1", False, id="everybody"),
        pytest.param(lambda: "pytest", False, id="garbage"),
        pytest.param(lambda: "9" * 30, False, id="no such number"),
    ],
)
def test_only_a_living_process_is_named(tmp_path: Path, written: Callable[[], str], named: bool) -> None:
    pid = written()
    told: list[str] = []
    with (tmp_path / "local.gate").open("w") as gate:
        gate.write(pid)
        gate.flush()
        fcntl.flock(gate, fcntl.LOCK_EX)
        with (
            later(lambda: fcntl.flock(gate, fcntl.LOCK_UN), 0.02),
            TargetLock("local", tmp_path).shared(told.append),
        ):
            pass
    other = f"another measurement on target local (process {pid})" if named else "other work on target local"
    assert told == [f"waits for {other}"]


def test_the_users_folder_lies_in_the_temporary_one_and_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with TargetLock("local").shared():
        pass

    assert user_folder() == tmp_path / f"edge-harness-{os.geteuid()}"
    assert stat.S_IMODE(user_folder().stat().st_mode) == 0o700
    assert sorted(os.listdir(user_folder())) == ["local.gate", "local.lock"]


def test_a_used_file_is_young(tmp_path: Path) -> None:
    for ending in ("gate", "lock"):
        (tmp_path / f"local.{ending}").touch()
        os.utime(tmp_path / f"local.{ending}", (0, 0))
    with TargetLock("local", tmp_path).shared():
        assert all((tmp_path / f"local.{ending}").stat().st_mtime > 0 for ending in ("gate", "lock"))


def link(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to("elsewhere")


def linked_file(folder: Path) -> None:
    folder.mkdir()
    (folder.parent / "victim").write_text("precious")
    (folder / "local.lock").symlink_to("../victim")
    (folder / "local.gate").symlink_to("../victim")


def taken(folder: Path) -> None:
    for ending in ("lock", "gate"):
        (folder / f"local.{ending}").mkdir(parents=True)


@pytest.mark.parametrize("mode", ["shared", "exclusive"])
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(link, "locks is a link, not a folder", id="a link"),
        pytest.param(lambda folder: folder.symlink_to("gone"), "locks can't be made (File exists)", id="a dead link"),
        pytest.param(lambda folder: folder.touch(), "locks can't be made (File exists)", id="a file"),
        pytest.param(lambda folder: folder.parent.rmdir(), "locks can't be made (No such file or", id="no parent"),
        pytest.param(linked_file, "can't be opened (Too many levels of symbolic links)", id="a linked file"),
        pytest.param(taken, "can't be opened (Is a directory)", id="a folder in a file's place"),
    ],
)
def test_an_unsafe_folder_is_refused(tmp_path: Path, mode: str, spoil: Callable[[Path], object], why: str) -> None:
    folder = tmp_path / "parent" / "locks"
    folder.parent.mkdir()
    spoil(folder)

    with pytest.raises(LockError) as caught, getattr(TargetLock("local", folder), mode)():
        pass

    told = str(caught.value)
    assert told.startswith(f"the lock of target 'local' can't be taken: {folder}")
    assert why in told
    assert told.endswith("Remove it, or set TMPDIR to a folder that you can write.")
    assert not (folder.parent / "victim").exists() or (folder.parent / "victim").read_text() == "precious"


def test_another_users_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)

    with (
        pytest.raises(LockError, match=rf"belongs to another user \({tmp_path.stat().st_uid}\)"),
        TargetLock("local", tmp_path).shared(),
    ):
        pass
    assert os.listdir(tmp_path) == []


def test_a_folder_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlockable(descriptor: int, mode: int) -> None:
        if mode != fcntl.LOCK_UN:
            raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unlockable)
    with (
        pytest.raises(LockError, match=r"lies where files can't be locked \(No locks available\)"),
        TargetLock("local", tmp_path).exclusive(),
    ):
        pass


def test_a_full_disk_keeps_nobody_from_measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with TargetLock("local", tmp_path).exclusive(pytest.fail):
        assert not is_free(tmp_path)
