"""Folders for one process alone; one that a killed process left behind is removed when the next begins."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "edge-harness-run-"
"""The owner's process id comes next, for people; a lock in the folder says whether it still lives, in whatever container."""
UNNAMED = "edge-harness-new-"
"""Of a folder that its owner has not locked yet."""
LOCK = ".owner"
STALE_SECONDS = 24 * 3600
"""After which a folder without a lock, of an older version or half made, is swept."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder, removed afterwards; first what dead processes left is removed."""
    root = Path(tempfile.gettempdir())
    sweep(root)
    # It gets its name when it is locked: a sweep never sees it without.
    unnamed = Path(tempfile.mkdtemp(prefix=UNNAMED, dir=root))
    folder = root / unnamed.name.replace(UNNAMED, f"{PREFIX}{os.getpid()}-")
    descriptor = os.open(unnamed / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        unnamed.rename(folder)
        yield folder
    finally:
        for left in (unnamed, folder):
            shutil.rmtree(left, ignore_errors=True)
        os.close(descriptor)


def sweep(root: Path) -> list[Path]:
    """Remove this user's folders in *root* whose owner is gone; returns them."""
    return [folder for folder in sorted(root.glob("edge-harness-*-*")) if _is_ours(folder) and _removed(folder)]


def _is_ours(folder: Path) -> bool:
    try:
        facts = folder.lstat()
    except OSError:
        return False
    return folder.name.startswith((PREFIX, UNNAMED)) and facts.st_uid == os.geteuid() and not folder.is_symlink()


def _removed(folder: Path) -> bool:
    """Remove *folder* if nobody holds its lock; whether that was done."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return _removed_stale(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False  # its owner lives
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    finally:
        os.close(descriptor)


def _removed_stale(folder: Path) -> bool:
    try:
        stale = time.time() - folder.stat().st_mtime > STALE_SECONDS
    except OSError:
        return False
    if stale:
        shutil.rmtree(folder, ignore_errors=True)
    return stale
