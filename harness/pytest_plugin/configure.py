"""The beginning and the end of a pytest process: options are checked, and what the session left is removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.pytest_plugin import options
from harness.pytest_plugin.on_request import MEANINGS
from harness.pytest_plugin.reports import Reports
from harness.pytest_plugin.session import SESSION_KEY, HarnessSession


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, and set up the session and, in the controlling process, the reports."""
    options.check(config)
    config.addinivalue_line(
        "markers", "harness_suite(matrix): a test of every metric that its budgets name; write harness.suite(...)"
    )
    config.addinivalue_line(
        "markers", "harness_matrix(matrix): the cells and limits of a suite; write harness.matrix(...)"
    )
    config.addinivalue_line(
        "markers", "harness_gate(metric): what a test gates on; write @harness.gate('accuracy_drop')"
    )
    config.addinivalue_line(
        "markers",
        "harness_policy(outcomes): what open verdicts do to a test; write harness.policy(inconclusive='fail')",
    )
    for mark, meaning in MEANINGS.items():
        config.addinivalue_line("markers", f"{mark}: {meaning}")
    data = config.getoption("--harness-data")
    if data:
        os.environ["EDGE_HARNESS_DATA"] = str(Path(data).resolve())
    config.stash[SESSION_KEY] = HarnessSession(config)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reports(config), "edge-harness-reports")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the session left."""
    session = config.stash.get(SESSION_KEY, None)
    if session is not None:
        session.close()
