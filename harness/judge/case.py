"""All findings of one case, and which of them an outcome shows."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.baseline import CellBaseline
from harness.core.finding import CELL, Finding, Verdict
from harness.core.matrix import Case
from harness.core.problem import CellProblem
from harness.core.result import CellResult
from harness.judge.budget import judge_budget
from harness.judge.drift import judge_drift
from harness.judge.latency import Look

SEVERITY = (
    Verdict.ERROR,
    Verdict.OVER_BUDGET,
    Verdict.REGRESSED,
    Verdict.NO_BASELINE,
    Verdict.INCONCLUSIVE,
    Verdict.INCOMPARABLE,
    Verdict.UNAVAILABLE,
    Verdict.UNSUPPORTED,
    Verdict.PASS,
    Verdict.REPORTED,
)


def judge_case(case: Case, result: CellResult, baseline: CellBaseline, look: Look | None) -> list[Finding]:
    """Every finding of a measured *case*: against its budget, and against its baseline where it has one."""
    findings = [judge_budget(case, result, look)]
    drift = judge_drift(case, result, baseline)
    return findings if drift is None else [*findings, drift]


def judge_problem(case: Case, problem: CellProblem) -> list[Finding]:
    """The finding of a cell that could not be measured; unavailable is an error where the runtime is required."""
    verdict, reason, stage = problem.verdict, problem.reason, problem.stage
    if verdict is Verdict.UNAVAILABLE and case.required:
        verdict, reason, stage = (
            Verdict.ERROR,
            f"the suite requires this runtime, and it is unavailable: {reason}",
            "load",
        )
    what = f"error({stage})" if verdict is Verdict.ERROR else str(verdict)
    return [
        Finding(
            cell=case.cell.id,
            metric=case.metric.name,
            against=CELL,
            verdict=verdict,
            reason=f"{what}: {reason}",
            unit=case.metric.unit,
            stage=stage,
        )
    ]


def worst(findings: Sequence[Finding]) -> Finding:
    """The finding that decides what is shown of a case.

    Raises:
        ValueError: there is none, which is never a pass.
    """
    return min(findings, key=lambda finding: SEVERITY.index(finding.verdict))
