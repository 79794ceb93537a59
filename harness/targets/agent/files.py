"""Artifacts on this machine: whether files are already here, unchanged, and where those that were sent are kept.

Standard library only: it is sent to other machines as text.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping

CHUNK = 1 << 20


def hashes(folder: str) -> dict[str, str]:
    """SHA-256 of every file below *folder*, by its path there; empty when it can't be read."""
    try:
        return {name: _sha256(os.path.join(folder, name)) for name in _names(folder)}
    except OSError:
        return {}


class Depot:
    """A folder of artifacts by their hash, each complete or not there."""

    def __init__(self, root: str) -> None:
        self._root = root

    def find(self, folder: str, key: str, wanted: Mapping[str, str]) -> str:
        """A folder that holds just *wanted* (hashes by name): *folder* itself, or the one kept under *key*; else empty."""
        for place in (folder, self._place(key)):
            if wanted and hashes(place) == wanted:
                return place
        return ""

    def begin(self, key: str) -> str:
        """An empty folder to write the files of *key* into."""
        staged = f"{self._place(key)}.part"
        shutil.rmtree(staged, ignore_errors=True)
        os.makedirs(staged)
        return staged

    def write(self, staged: str, name: str, content: bytes) -> None:
        """Append *content* to the file *name* in *staged*.

        Raises:
            OSError: it can't be written.
            ValueError: *name* leads out of *staged*.
        """
        path = os.path.normpath(os.path.join(staged, name))
        if not path.startswith(staged + os.sep):
            raise ValueError(f"{name!r} leads out of the folder")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "ab") as handle:
            handle.write(content)

    def commit(self, staged: str, key: str, wanted: Mapping[str, str]) -> str:
        """Keep *staged* under *key*; the folder.

        Raises:
            OSError: it can't be kept.
            ValueError: what was written is not *wanted*.
        """
        if hashes(staged) != wanted:
            shutil.rmtree(staged, ignore_errors=True)
            raise ValueError("the files that arrived are not those that were sent")
        place = self._place(key)
        shutil.rmtree(place, ignore_errors=True)  # it was damaged: otherwise it had been found
        os.rename(staged, place)
        return place

    def _place(self, key: str) -> str:
        return os.path.join(self._root, key)


def _names(folder: str) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise error

    for parent, _, files in os.walk(folder, onerror=fail):
        for name in files:
            yield os.path.relpath(os.path.join(parent, name), folder)


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
