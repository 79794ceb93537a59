"""What lies in the cache folder, how old it is, and its removal: never of what a run at work may use."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CARD = "artifact.json"
IN_USE = "in-use"
"""Held shared by every process that works with the cache."""
HELD_SECONDS = 24 * 3600
"""While a run is at work, what was used since then stays: no run lasts longer."""
MADE_ANEW = ("compiled", "logs", "tallies")
"""Folders below the cache whose contents are made again where they are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """One artifact, or one file or folder of those that runs leave beside."""

    path: Path
    what: str
    """``model/recipe/runtime`` of an artifact; else the folder and the name."""
    size_bytes: int
    used_s: float
    """Unix time of the last use."""


def cache_entries(root: Path) -> list[CacheEntry]:
    """Everything in the cache *root* that can be removed, the longest unused first."""
    artifacts = [_entry(folder, _title(folder)) for folder in (root / "artifacts").glob("*/*") if folder.is_dir()]
    others = [_entry(path, f"{name}/{path.name}") for name in MADE_ANEW for path in (root / name).glob("*")]
    return sorted([*artifacts, *others], key=lambda entry: (entry.used_s, entry.what))


def clean(root: Path, unused_s: float) -> tuple[list[CacheEntry], list[CacheEntry]]:
    """Remove what was not used for *unused_s* seconds; returns what went, and what stays for a run at work."""
    now = time.time()
    due = [entry for entry in cache_entries(root) if now - entry.used_s >= unused_s]
    with _alone(root) as alone:
        held = [] if alone else [entry for entry in due if now - entry.used_s < HELD_SECONDS]
        gone = [entry for entry in due if entry not in held]
        for entry in gone:
            _remove(entry.path, root / "staging")
    return gone, held


def open_in_use(root: Path) -> int:
    """A descriptor that says, while it is open, that this process works with the cache *root*."""
    descriptor = os.open(root / IN_USE, os.O_RDWR | os.O_CREAT, 0o666)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


@contextmanager
def _alone(root: Path) -> Iterator[bool]:
    """Whether nobody works with the cache; who wants to begin waits until the block ends."""
    root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root / IN_USE, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _entry(path: Path, what: str) -> CacheEntry:
    files = [path, *(path.rglob("*") if path.is_dir() else ())]
    facts = [found for file in files if (found := _facts(file)) is not None]
    size = sum(one.st_size for one, file in zip(facts, files, strict=False) if not file.is_dir())
    return CacheEntry(path=path, what=what, size_bytes=size, used_s=max((one.st_mtime for one in facts), default=0.0))


def _facts(path: Path) -> os.stat_result | None:
    """What the system knows of *path*; None when somebody just removed it."""
    with suppress(OSError):
        return path.lstat()
    return None


def _title(folder: Path) -> str:
    """``model/recipe/runtime`` by the card of an artifact; its key when the card can't be read."""
    try:
        provenance = json.loads((folder / CARD).read_text(encoding="utf-8"))["provenance"]
        names = [provenance[name] for name in ("model", "recipe", "runtime") if provenance.get(name)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        names = []
    return "/".join(map(str, names)) or folder.name[:12]


def _remove(path: Path, staging: Path) -> None:
    """Remove *path* so that no reader ever sees half of it."""
    staging.mkdir(parents=True, exist_ok=True)
    aside = staging / f"discarded-{uuid.uuid4().hex}"
    try:
        path.rename(aside)
    except OSError:
        return
    if aside.is_dir() and not aside.is_symlink():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.unlink(missing_ok=True)


def total_bytes(entries: Iterable[CacheEntry]) -> int:
    """The size of *entries* together."""
    return sum(entry.size_bytes for entry in entries)
