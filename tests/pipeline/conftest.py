"""A lab per test: the engine with fakes in place of engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.lab import Lab
from fakes.lab import lab as open_lab
from fakes.own_locks import use_own_locks


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab that registered nothing yet."""
    use_own_locks(monkeypatch, tmp_path_factory)
    with open_lab(tmp_path) as opened:
        yield opened
