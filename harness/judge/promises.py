"""What holds for a cell whatever a suite demands: the promises of its recipe, and the provider that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.core.finding import PLACEMENT as AGAINST_PLACEMENT
from harness.core.finding import PROMISE, Finding, Verdict
from harness.core.limits import Limit
from harness.core.matrix import Case
from harness.core.metric import Metric, Stage
from harness.core.metrics import PLACEMENT
from harness.core.recipe import Promise
from harness.core.result import CellResult
from harness.judge.budget import judge_budget


def broken_promises(case: Case, result: CellResult, promises: Sequence[Promise]) -> list[Finding]:
    """A finding for each of *promises* that the artifact of the case's cell does not keep, or that can't be looked at.

    Such an artifact is not what its recipe says, so that no other figure of it means what its name says: every case of
    the cell gets these findings. A row of the suite's table for the same metric replaces the promised limit; the case
    of that metric then judges it by itself.
    """
    findings = []
    for promise in promises:
        limit = case.rows.get(promise.metric.name, promise.limit)
        if limit is None or (promise.metric.name in case.rows and promise.metric == case.metric):
            continue
        findings.append(_broken(case, result, promise.metric, limit, PROMISE))
    return [finding for finding in findings if finding is not None]


def fallback(case: Case, result: CellResult) -> list[Finding]:
    """A finding when the provider that the case's cell names did not take the share of operators that it should have.

    What was measured of such a cell is not that provider's. Figures of the artifact alone don't depend on it.
    """
    if case.placement is None or case.metric == PLACEMENT or case.metric.stage is Stage.ARTIFACT:
        return []
    found = _broken(case, result, PLACEMENT, case.placement, AGAINST_PLACEMENT)
    return [] if found is None else [found]


def _broken(case: Case, result: CellResult, metric: Metric, limit: Limit, what: str) -> Finding | None:
    finding = judge_budget(replace(case, metric=metric, limit=limit, change_limit=None), result)
    if finding.verdict is Verdict.PASS:
        return None
    verdict = finding.verdict if finding.verdict is Verdict.OVER_BUDGET else Verdict.ERROR
    return replace(finding, against=what, verdict=verdict, reason=f"{verdict}({what}): {finding.reason}", phase=what)
