"""Fixtures for models and data sets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from harness.core.data import DataSet, Split


@pytest.fixture
def one_thread() -> Iterator[None]:
    """torch on one thread, as the harness runs it."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def digits_data() -> DataSet:
    from harness.zoo.digits import digits

    return digits().checked("digits")


@pytest.fixture(scope="session")
def row_hashes() -> Callable[[Split], set[bytes]]:
    """The hashes of a split's samples."""

    def hashes(split: Split) -> set[bytes]:
        return {hashlib.sha256(np.ascontiguousarray(row).tobytes()).digest() for row in split.inputs}

    return hashes
