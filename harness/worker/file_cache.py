"""The system's cache of files: an artifact's files are dropped from it, and whether they are gone is looked up, not assumed.

It is sent to the worker as text: the standard library and numpy only.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence

import numpy as np

COLD, CACHED, UNKNOWN = "cold", "cached", "unknown"
MOUNTS = "/proc/self/mountinfo"


def drop(main: str, names: Sequence[str]) -> dict[str, str]:
    """Drop the files *names*, paths seen from the folder of *main*, from the system's cache; no privileges are needed.

    ``files`` is ``cold`` when none of their pages is cached any more, ``cached`` when some are (a file system that lives in
    memory, a file that a process maps), ``unknown`` when that can't be known; ``why`` says why they are not cold.
    """
    paths = [os.path.join(os.path.dirname(main), name) for name in names]
    if not paths:
        return _not_cold(UNKNOWN, "no file was named")
    try:
        for path in paths:
            _drop(path)
        hidden = [path for path in paths if not _is_told(path)]
        if hidden:
            return _not_cold(UNKNOWN, f"the system tells only its owner what it has cached of {hidden[0]}")
        counts = [_cached_pages(path) for path in paths]
    except AttributeError as err:
        return _not_cold(UNKNOWN, f"this system has no call to drop a file from its cache ({err})")
    except OSError as err:
        return _not_cold(UNKNOWN, f"{type(err).__name__}: {err}")
    cached, pages = (sum(column) for column in zip(*counts, strict=True))
    if cached:
        return _not_cold(CACHED, f"the system keeps {cached} of {pages} pages{_on_file_system(paths[0])}")
    return {"files": COLD, "why": ""}


def _not_cold(state: str, why: str) -> dict[str, str]:
    return {"files": state, "why": why}


def _drop(path: str) -> None:
    """Ask the system to drop *path*, written out first: pages that the disk does not have yet stay.

    Raises:
        OSError: it can't be read or written out.
        AttributeError: this system can't be asked.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def _is_told(path: str) -> bool:
    """Whether the system tells this process what it has cached of *path*: of others' files Linux calls every page cached."""
    return os.stat(path).st_uid == os.geteuid() or os.access(path, os.W_OK)


def _cached_pages(path: str) -> tuple[int, int]:
    """How many pages of *path* are cached, and how many there are.

    Looked up without touching one: a read with ``RWF_NOWAIT`` lets Linux read ahead, which would warm the file.

    Raises:
        OSError: it can't be looked up.
        AttributeError: this system has no ``mincore``.
    """
    size = os.stat(path).st_size
    if not size:
        return 0, 0
    mincore = ctypes.CDLL(None, use_errno=True).mincore
    pages = np.zeros(-(-size // mmap.PAGESIZE), dtype=np.uint8)
    with open(path, "rb") as handle, mmap.mmap(handle.fileno(), size, access=mmap.ACCESS_READ) as mapped:
        content = np.frombuffer(mapped, dtype=np.uint8)
        addresses = (ctypes.c_void_p(content.ctypes.data), ctypes.c_size_t(size), ctypes.c_void_p(pages.ctypes.data))
        failed = mincore(*addresses)
        del content  # a mapping that an array looks into can't be closed
    if failed:
        raise OSError(ctypes.get_errno(), "mincore", path)
    return int(np.count_nonzero(pages & 1)), len(pages)


def _on_file_system(path: str) -> str:
    """`` on tmpfs``: the kind of file system that *path* lies on; empty where the system does not tell."""
    device = os.stat(path).st_dev
    try:
        with open(MOUNTS, encoding="utf-8", errors="replace") as mounts:
            for line in mounts:
                fields = line.split()
                if fields[2] == f"{os.major(device)}:{os.minor(device)}":
                    return f" on {fields[fields.index('-') + 1]}"
    except (OSError, ValueError, IndexError):
        pass
    return ""
