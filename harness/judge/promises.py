"""What holds for a cell whatever a suite demands: the promises of its recipe, and the provider that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.core import finding as against
from harness.core.finding import Finding, Verdict
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
    the cell gets these findings.
    """
    found = [_broken(case, result, promise.metric, promise.limit, against.PROMISE) for promise in promises]
    return [one for one in found if one is not None]


def fallback(case: Case, result: CellResult) -> list[Finding]:
    """A finding when the provider that the case's cell names did not take the share of operators that it should have.

    What was measured of such a cell is not that provider's. Figures of the artifact alone don't depend on it.
    """
    if case.placement is None or case.metric == PLACEMENT or case.metric.stage is Stage.ARTIFACT:
        return []
    found = _broken(case, result, PLACEMENT, case.placement, against.PLACEMENT)
    return [] if found is None else [found]


def _broken(case: Case, result: CellResult, metric: Metric, limit: Limit, what: str) -> Finding | None:
    finding = judge_budget(replace(case, metric=metric, limit=limit, change_limit=None), result)
    if finding.verdict is Verdict.PASS:
        return None
    verdict = finding.verdict if finding.verdict is Verdict.OVER_BUDGET else Verdict.ERROR
    return replace(finding, against=what, verdict=verdict, reason=f"{verdict}({what}): {finding.reason}", phase=what)
