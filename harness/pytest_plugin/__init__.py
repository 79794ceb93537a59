"""The pytest plugin: options, collection, items, reports. Found through the ``pytest11`` entry point."""

from __future__ import annotations

from harness.pytest_plugin.collection import pytest_collection_modifyitems, pytest_generate_tests
from harness.pytest_plugin.configure import pytest_configure, pytest_unconfigure
from harness.pytest_plugin.items import case, pytest_runtest_makereport, pytest_runtestloop
from harness.pytest_plugin.on_request import pytest_report_collectionfinish
from harness.pytest_plugin.options import pytest_addoption

__all__ = [
    "case",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_report_collectionfinish",
    "pytest_runtest_makereport",
    "pytest_runtestloop",
    "pytest_unconfigure",
]
