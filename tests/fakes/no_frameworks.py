"""Processes in which no training framework is found, as where none is installed: what judges files must not need one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SITE = """
import os, sys

FORBIDDEN = ("torch", "tensorflow", "keras")
HERE = os.path.dirname(os.path.abspath(__file__))


def note(file, line):
    with open(os.path.join(HERE, file), "a", encoding="utf-8") as told:
        told.write(line + "\\n")


class Hiding:
    def __init__(self, finder):
        self._finder = finder

    def find_spec(self, name, *places):
        if name in FORBIDDEN:
            note("asked", name)
            return None
        return self._finder.find_spec(name, *places)

    def __getattr__(self, name):  # what finds the metadata of distributions, where a finder does
        return getattr(self._finder, name)


sys.meta_path[:] = [Hiding(finder) for finder in sys.meta_path]
note("started", str(os.getpid()))
"""


class NoFrameworks:
    """What child processes that were started under it did."""

    def __init__(self, folder: Path) -> None:
        """Write into *folder* what hides them from every Python process that has the folder on its path."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sitecustomize.py").write_text(SITE, encoding="utf-8")
        self._folder = folder

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put it in force for the processes that are started from now on."""
        path = os.pathsep.join([str(self._folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        monkeypatch.setenv("PYTHONPATH", path)

    @property
    def started(self) -> int:
        """How many processes began under it."""
        return len(self._lines("started"))

    @property
    def asked(self) -> list[str]:
        """What they looked for."""
        return self._lines("asked")

    def _lines(self, name: str) -> list[str]:
        path = self._folder / name
        return path.read_text(encoding="utf-8").split() if path.exists() else []
