"""One measurement at a time per target: builds and predictions share it, a measurement has it alone.

By ``flock``: the kernel gives it back when its holder dies, however it dies, and whoever waits sleeps in the kernel.
filelock's ``ReadWriteLock`` is given back by a crash too, but it is a transaction on a SQLite file: its waiters wake and
try again ten times a second beside the measurement that they wait for, and a thread that asks for the other mode of
its process's lock gets an error instead of a turn.

``flock`` lets in new shared holders as long as there is one, so that a measurement could wait for ever. Therefore every
request passes a second file, the *gate*: a shared one on its way in, an exclusive one shuts it from when it begins to
wait until it is done.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.core.progress import Tell
from harness.errors import LockError

REMIND_S = 10.0
"""Whoever waits says so again after so many seconds."""
_open_here: set[int] = set()
"""Descriptors of this process. A forked child closes its copies: they would keep the lock of a holder that died."""


def _close_copies() -> None:
    while _open_here:
        os.close(_open_here.pop())


os.register_at_fork(after_in_child=_close_copies)


def user_folder() -> Path:
    """Where this user's locks lie on this machine."""
    return Path(tempfile.gettempdir()) / f"edge-harness-{os.geteuid()}"


class TargetLock:
    """The right to work on a target, between all processes and threads of one user on this machine.

    Not re-entrant: who holds it and asks again, by this object or another, waits for itself.

    Args:
        name: the target's.
        folder: where the lock's files lie; made where it is missing.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self._name = name
        self._folder = user_folder() if folder is None else folder

    @contextmanager
    def shared(self, tell: Tell = lambda line: None) -> Iterator[float]:
        """Build or predict beside others that do, while nobody measures; gives the seconds waited.

        Args:
            tell: called with a line for people when the lock is not free at once, and again while that stays so.

        Raises:
            LockError: the folder or its files can't be made, or are not this user's.
        """
        start = time.monotonic()
        with self._opened("lock") as lock:
            with self._opened("gate") as gate:
                waited = self._take(gate, fcntl.LOCK_SH, tell, lambda: self._by_the_gate(gate))
                line = f"waits for a measurement on target {self._name}"
                self._take(lock, fcntl.LOCK_SH, tell, lambda: line, at_once=not waited)
            yield time.monotonic() - start

    @contextmanager
    def exclusive(self, tell: Tell = lambda line: None) -> Iterator[float]:
        """Measure alone; gives the seconds waited. Arguments and errors are those of ``shared``."""
        start = time.monotonic()
        with self._opened("gate") as gate, self._opened("lock") as lock:
            waited = self._take(gate, fcntl.LOCK_EX, tell, lambda: self._by_the_gate(gate))
            _sign(gate)
            line = f"waits for builds and predictions on target {self._name}"
            self._take(lock, fcntl.LOCK_EX, tell, lambda: line, at_once=not waited)
            yield time.monotonic() - start

    @contextmanager
    def _opened(self, ending: str) -> Iterator[int]:
        self._check_folder()
        path = self._folder / f"{self._name}.{ending}"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as err:
            raise self._error(path, f"can't be opened ({err.strerror})") from err
        _open_here.add(descriptor)
        try:
            os.utime(descriptor)  # what cleans up temporary folders goes by age
            yield descriptor
        finally:
            if descriptor in _open_here:  # not in a child that was forked in between
                _open_here.discard(descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # also where a fork has not yet closed its copy
                os.close(descriptor)

    def _take(
        self, descriptor: int, mode: int, tell: Tell, line_of: Callable[[], str], *, at_once: bool = True
    ) -> bool:
        """Lock *descriptor*; whether that took waiting, which *tell* is told: *at_once*, and from time to time."""
        if self._flock(descriptor, mode | fcntl.LOCK_NB):
            return False
        line = line_of()
        if at_once:
            tell(line)
        with _reminding(tell, line):
            return self._flock(descriptor, mode)

    def _flock(self, descriptor: int, mode: int) -> bool:
        try:
            fcntl.flock(descriptor, mode)
        except BlockingIOError:
            return False
        except OSError as err:
            raise self._error(self._folder, f"lies where files can't be locked ({err.strerror})") from err
        return True

    def _by_the_gate(self, gate: int) -> str:
        pid = _living(os.pread(gate, 32, 0))
        if pid is None:  # just now being written, left by a dead process, or a build is on its way in
            return f"waits for other work on target {self._name}"
        return f"waits for another measurement on target {self._name} (process {pid})"

    def _check_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            status = self._folder.lstat()
        except OSError as err:
            raise self._error(self._folder, f"can't be made ({err.strerror})") from err
        if not stat.S_ISDIR(status.st_mode):
            raise self._error(self._folder, "is a link, not a folder")
        if status.st_uid != os.geteuid():
            raise self._error(self._folder, f"belongs to another user ({status.st_uid})")

    def _error(self, path: Path, why: str) -> LockError:
        return LockError(
            f"the lock of target {self._name!r} can't be taken: {path} {why}. "
            "Remove it, or set TMPDIR to a folder that you can write."
        )


@contextmanager
def _reminding(tell: Tell, line: str) -> Iterator[None]:
    """Tell *line* again every ``REMIND_S`` with the time since the block began, until it ends."""
    start, ended = time.monotonic(), threading.Event()

    def remind() -> None:
        while not ended.wait(REMIND_S):
            tell(f"{line}, {time.monotonic() - start:.0f} s so far")

    thread = threading.Thread(target=remind, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _sign(gate: int) -> None:
    """Write this process's number, for those who will wait for it."""
    with suppress(OSError):  # a full disk keeps nobody from measuring
        os.ftruncate(gate, 0)
        os.pwrite(gate, str(os.getpid()).encode(), 0)


def _living(written: bytes) -> int | None:
    """The process whose number was *written*, if it lives."""
    if not written.isdigit() or (pid := int(written)) == 0:
        return None
    try:
        os.kill(pid, 0)
    except PermissionError:
        return pid
    except (ProcessLookupError, OverflowError):
        return None
    return pid
