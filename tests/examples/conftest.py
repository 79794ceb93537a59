"""Fixtures for the example models and data sets."""

from __future__ import annotations

import pytest

from harness.core.data import DataSet
from tests.zoo.conftest import digits_data, one_thread, row_hashes  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def fashion_data() -> DataSet:
    """The real images; skips only where no folder is given and the system's does not exist."""
    import os

    from examples.zoo.fashion_mnist import DATA_VARIABLE, SYSTEM_FOLDER, fashion_mnist

    if not SYSTEM_FOLDER.is_dir() and not os.environ.get(DATA_VARIABLE):
        pytest.skip(f"{SYSTEM_FOLDER} does not exist and {DATA_VARIABLE} is not set")
    return fashion_mnist().checked("fashion_mnist")
