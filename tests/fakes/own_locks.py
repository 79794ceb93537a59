"""Target locks for one test process alone.

Tests with fake engines take times by the clock, which other processes' builds don't change: they need not wait for those.
"""

from __future__ import annotations

import tempfile

import pytest


def use_own_locks(monkeypatch: pytest.MonkeyPatch, folders: pytest.TempPathFactory) -> None:
    """Let this process and its children keep their locks, with all else that is temporary, in a folder of their own."""
    own = folders.getbasetemp() / "own"
    own.mkdir(exist_ok=True)
    monkeypatch.setenv("TMPDIR", str(own))
    monkeypatch.setattr(tempfile, "tempdir", str(own))
