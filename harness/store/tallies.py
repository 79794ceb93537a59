"""Tallies of earlier runs on this machine: what outputs came to, by everything that decides it."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from harness.core.tally import Tally

FOLDER = "tallies"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptTally:
    """A tally and how old it is."""

    tally: Tally
    age_s: float
    folder: Path


class TallyStore:
    """A folder of tallies by key: ``<root>/tallies/<key>/``."""

    def __init__(self, root: Path, longest_s: float) -> None:
        """Keep them below *root*; none older than *longest_s* seconds is found."""
        self._root = root / FOLDER
        self._longest_s = longest_s

    def find(self, key: str) -> KeptTally | None:
        """The tally under *key*; None where there is none, it is too old, or not as it was written."""
        folder = self._root / key
        try:
            age_s = max(0.0, time.time() - folder.stat().st_mtime)
            if age_s >= self._longest_s:
                return None
            return KeptTally(tally=Tally.load(folder), age_s=age_s, folder=folder)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            shutil.rmtree(folder, ignore_errors=True)
            return None

    def keep(self, key: str, tally: Tally) -> None:
        """Put *tally* under *key*, whole or not at all, in place of an older one; a full disk keeps nothing."""
        staged = self._root / f"new-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        try:
            tally.save(staged)
            os.utime(staged)
            shutil.rmtree(self._root / key, ignore_errors=True)
            staged.rename(self._root / key)
        except OSError:
            shutil.rmtree(staged, ignore_errors=True)
