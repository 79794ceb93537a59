"""What a recipe promises of its artifact, whatever a suite demands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.core.finding import PROMISE, Finding, Verdict
from harness.core.matrix import Case
from harness.core.recipe import Promise
from harness.core.result import CellResult
from harness.judge.budget import judge_budget


def broken_promises(case: Case, result: CellResult, promises: Sequence[Promise]) -> list[Finding]:
    """A finding for each of *promises* that the artifact of the case's cell does not keep, or that can't be looked at.

    Such an artifact is not what its recipe says, so that no other figure of it means what its name says: every case of
    the cell gets these findings.
    """
    found = []
    for promise in promises:
        asked = replace(case, metric=promise.metric, limit=promise.limit, change_limit=None)
        finding = judge_budget(asked, result)
        if finding.verdict is Verdict.PASS:
            continue
        verdict = finding.verdict if finding.verdict is Verdict.OVER_BUDGET else Verdict.ERROR
        found.append(
            replace(
                finding,
                against=PROMISE,
                verdict=verdict,
                reason=f"{verdict}(promise): {finding.reason}",
                stage="promise",
            )
        )
    return found
