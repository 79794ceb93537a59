"""A lab per test: the engine with fakes in place of engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.lab import Lab
from fakes.lab import lab as open_lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab that registered nothing yet."""
    with open_lab(tmp_path) as opened:
        yield opened
