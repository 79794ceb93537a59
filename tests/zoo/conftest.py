"""Fixtures for the example models and data sets."""

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
def fashion_data() -> DataSet:
    """The real images; skips only where no folder is given and the system's does not exist."""
    import os

    from harness.zoo.fashion_mnist import DATA_VARIABLE, SYSTEM_FOLDER, fashion_mnist

    if not SYSTEM_FOLDER.is_dir() and not os.environ.get(DATA_VARIABLE):
        pytest.skip(f"{SYSTEM_FOLDER} does not exist and {DATA_VARIABLE} is not set")
    return fashion_mnist().checked("fashion_mnist")


@pytest.fixture(scope="session")
def row_hashes() -> Callable[[Split], set[bytes]]:
    """The hashes of a split's samples."""

    def hashes(split: Split) -> set[bytes]:
        return {hashlib.sha256(np.ascontiguousarray(row).tobytes()).digest() for row in split.inputs}

    return hashes
