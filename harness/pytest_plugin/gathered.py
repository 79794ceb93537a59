"""What the processes of a run have told so far: cells, findings, and which planned items are still open."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from harness.core.finding import Finding
from harness.core.matrix import Case
from harness.core.metrics import METRICS
from harness.core.result import CellResult

CELL_ID = re.compile(r"\[([^/\]]+(?:/[^/\]]+){3})\]$")
"""The end of a case's node id: model/recipe/runtime/target, perhaps with a metric and a dash in front."""


def cell_of(nodeid: str) -> str:
    """The id of the cell that the item *nodeid* is about; empty where it is no case of ours."""
    found = CELL_ID.search(nodeid)
    if found is None:
        return ""
    metric, _, cell = found[1].partition("-")
    return cell if metric in METRICS else found[1]


class Gathered:
    """Cells and findings from the reports of all items, in the order in which they came."""

    def __init__(self) -> None:
        self.cells: dict[str, CellResult] = {}
        self.findings: list[Finding] = []
        self.by_suite: dict[str, list[Finding]] = {}
        """Findings of the suites that keep baselines."""
        self.planned: set[str] = set()
        self._received: set[str] = set()
        self._open: dict[str, set[str]] = {}

    def plan(self, nodeid: str, case: Case) -> None:
        """Note an item that this process is going to run."""
        self.cells.setdefault(case.cell.id, CellResult(cell=case.cell))
        self.plan_names([nodeid])

    def plan_names(self, nodeids: Iterable[str]) -> None:
        """Note items of ours that other processes are going to run."""
        for nodeid in nodeids:
            self.planned.add(nodeid)
            self._open.setdefault(cell_of(nodeid), set()).add(nodeid)

    def receive(self, report: pytest.TestReport) -> str:
        """Take one report of an item; returns the cell that has no item left open now, or an empty text."""
        if report.when == "call" or report.outcome != "passed":
            self._received.add(report.nodeid)
        judged: dict[str, Any] | None = getattr(report, "harness", None)
        if judged is not None:
            self._take(judged)
        cell = cell_of(report.nodeid)
        still_open = self._open.get(cell)
        if not still_open or report.nodeid not in self._received:
            return ""
        still_open.discard(report.nodeid)
        return "" if still_open else cell

    @property
    def missing(self) -> list[str]:
        """Planned items that never ran."""
        return sorted(self.planned - self._received)

    @property
    def progress(self) -> str:
        """How many of the planned cells have no item left open."""
        return f"{sum(not nodeids for nodeids in self._open.values())}/{len(self._open)}"

    def _take(self, judged: dict[str, Any]) -> None:
        from harness.store.results import cell_from_plain, finding_from_plain, merged

        findings = [finding_from_plain(plain) for plain in judged["findings"]]
        self.findings += findings
        if judged["baseline"]:
            self.by_suite.setdefault(judged["suite"], []).extend(findings)
        if judged["cell"] is not None:
            result = cell_from_plain(judged["cell"])
            before = self.cells.get(result.cell.id)
            self.cells[result.cell.id] = result if before is None else merged(before, result)
