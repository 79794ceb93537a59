"""The artifact cache: content-addressed, atomic, safe under several processes."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import time
import uuid
import weakref
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zstandard

from harness.core.artifact import Artifact, Provenance
from harness.core.weights import Weights
from harness.errors import CacheError
from harness.store.atomic import sync_folder
from harness.store.cleaning import CARD, open_in_use
from harness.store.provenance import provenance_from_plain, provenance_to_plain

SCHEMA = 4
"""1 (2026-11): first version. 2 (2026-11): the card carries its own hash. 3 (2026-11): what the weights are, zstd.
4 (2026-11): the runtime's own values of the provenance stand under ``details``; 3 is still read."""
READABLE = (3, SCHEMA)
KEYS = 3
"""Part of every key; raised when older entries must not be found any more."""
ZSTD_LEVEL = 10
STALE_SECONDS = 24 * 3600


def key_of(parts: Mapping[str, Any]) -> str:
    """The address of whatever is made from *parts*: SHA-256 of their canonical JSON."""
    text = json.dumps({"cache_schema": KEYS, **parts}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class ArtifactStore:
    """A folder of artifacts by key: ``<root>/artifacts/<2 digits>/<key>/`` with the files and a card."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notices: list[str] = []
        """Sentences for the user, such as about a corrupt entry."""
        self._shelves = root / "artifacts"
        self._staging = root / "staging"
        self._locks = root / "locks"
        try:
            for folder in (self._shelves, self._staging, self._locks):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise CacheError(
                f"artifact cache {root} can't be written: {err}. Choose another folder: --harness-cache DIR, or "
                "EDGE_HARNESS_CACHE."
            ) from None
        # For as long as this store lives, or its process: see ``cleaning``.
        weakref.finalize(self, os.close, open_in_use(root))
        self._sweep()

    def find(self, key: str) -> Artifact | None:
        """The artifact under *key*, verified byte by byte; a corrupt entry is removed, said, and not found."""
        folder = self._folder(key)
        if not folder.is_dir():
            return None
        try:
            artifact = _read(folder, key)
            os.utime(folder)  # the time of its last use
            return artifact
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
            self.notices.append(f"cache entry {key[:12]} was corrupt and is built again: {err}")
            self._discard(folder)
            return None

    def evict(self, key: str) -> None:
        """Remove the entry *key*, if it is there."""
        self._discard(self._folder(key))

    @contextmanager
    def building(self, key: str) -> Iterator[Path]:
        """Hold the lock of *key* and give an empty folder to build in; removed afterwards unless committed."""
        from filelock import FileLock

        staged = self._staging / f"{key[:12]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        with FileLock(str(self._locks / f"{key}.lock")):
            staged.mkdir()
            try:
                yield staged
            finally:
                shutil.rmtree(staged, ignore_errors=True)

    def commit(
        self,
        key: str,
        staged: Path,
        main: str,
        weights: Weights,
        provenance: Provenance,
        unshipped: Collection[str] = (),
    ) -> Artifact:
        """Put the files of *staged* under *key*, at once and for good: an entry that is whole stays, it may be in use.

        Files in *unshipped* are kept and hashed, but no size counts them.

        Raises:
            OSError: the cache can't be written.
            ValueError: *main* is missing or empty.
        """
        if not (staged / main).is_file() or (staged / main).stat().st_size == 0:
            raise ValueError(f"the build left no file {main!r}")
        existing = self.find(key)
        if existing is not None:
            return existing
        files = {name: _sha256(staged / name) for name in _files(staged)}
        shipped = [staged / name for name in files if name not in unshipped]
        contents = [path.read_bytes() for path in shipped]
        card = {
            "schema": SCHEMA,
            "key": key,
            "main": main,
            "files": files,
            "size_bytes": sum(map(len, contents)),
            "gzip_bytes": sum(len(gzip.compress(content, compresslevel=6, mtime=0)) for content in contents),
            "zstd_bytes": sum(len(zstandard.compress(content, ZSTD_LEVEL)) for content in contents),
            "weights": weights.plain(),
            "provenance": provenance_to_plain(provenance),
        }
        card["check"] = _check(card)
        (staged / CARD).write_text(json.dumps(card, sort_keys=True, indent=1), encoding="utf-8")
        for name in (*files, CARD):
            _sync(staged / name)
        folder = self._folder(key)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            self._discard(folder)
        os.rename(staged, folder)
        sync_folder(folder.parent)
        return _read(folder, key)

    def _folder(self, key: str) -> Path:
        return self._shelves / key[:2] / key

    def _discard(self, folder: Path) -> None:
        """Remove an entry so that no reader ever sees half of it."""
        aside = self._staging / f"discarded-{uuid.uuid4().hex}"
        try:
            os.rename(folder, aside)
        except FileNotFoundError:
            return
        _remove(aside)

    def _sweep(self) -> None:
        """Remove what a killed build left behind."""
        for left in self._staging.iterdir():
            try:
                if time.time() - left.stat().st_mtime > STALE_SECONDS:
                    _remove(left)
            except FileNotFoundError:
                continue


def _files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p != folder / CARD)


def _sync(path: Path) -> None:
    """Wait until the content of *path* is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    """Remove a folder or a file; what resists stays for a later sweep."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _check(card: Mapping[str, Any]) -> str:
    """The hash of all of *card* but its own."""
    text = json.dumps({name: value for name, value in card.items() if name != "check"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _read(folder: Path, key: str) -> Artifact:
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    if card["schema"] not in READABLE or card["key"] != key:
        raise ValueError(f"its card says schema {card['schema']!r}, key {str(card['key'])[:12]!r}")
    if card["check"] != _check(card):
        raise ValueError("its card was changed")
    hashes = {name: _sha256(folder / name) for name in _files(folder)}
    if hashes != card["files"]:
        wrong = sorted(
            name for name in hashes.keys() | card["files"].keys() if hashes.get(name) != card["files"].get(name)
        )
        raise ValueError(f"content differs from its card: {', '.join(wrong)}")
    whole = hashlib.sha256("".join(f"{name}\0{hashes[name]}\n" for name in sorted(hashes)).encode()).hexdigest()
    return Artifact(
        key=key,
        folder=folder,
        main=card["main"],
        sha256=hashes[card["main"]] if len(hashes) == 1 else whole,
        size_bytes=int(card["size_bytes"]),
        gzip_bytes=int(card["gzip_bytes"]),
        zstd_bytes=int(card["zstd_bytes"]),
        weights=Weights.read(card["weights"]),
        provenance=provenance_from_plain(card["provenance"]),
    )
