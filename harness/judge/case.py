"""All findings of one case, and which of them an outcome shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.core.baseline import CellBaseline
from harness.core.figures import ACCURACY, ACCURACY_DROP, CORRELATION
from harness.core.finding import BUDGET, CELL, Finding, Verdict
from harness.core.matrix import Case
from harness.core.metric import Stage
from harness.core.noise import NoiseProfile
from harness.core.problem import CellProblem, Phase
from harness.core.recipe import FLOAT, Precision, Promise
from harness.core.result import CellResult
from harness.core.timing import NOT_TIMED, Timings
from harness.judge.budget import judge_budget
from harness.judge.drift import judge_drift
from harness.judge.facts import Facts
from harness.judge.lint import lint
from harness.judge.promises import broken_promises, fallback

SEVERITY = (
    Verdict.ERROR,
    Verdict.OVER_BUDGET,
    Verdict.REGRESSED,
    Verdict.NO_BASELINE,
    Verdict.INCONCLUSIVE,
    Verdict.BELOW_NOISE_FLOOR,
    Verdict.INCOMPARABLE,
    Verdict.UNAVAILABLE,
    Verdict.UNSUPPORTED,
    Verdict.PASS,
    Verdict.REPORTED,
)


def judge_case(
    case: Case,
    result: CellResult,
    baseline: CellBaseline,
    *,
    promises: Sequence[Promise] = (),
    precision: Precision = FLOAT,
    sane: float | None = None,
    timed: Timings = NOT_TIMED,
    noise: NoiseProfile | None = None,
) -> list[Finding]:
    """Every finding of a measured *case*: against its budget, the recipe's *promises*, the provider it
    names, and its baseline where it has one.

    A limit that can't be held on this evaluation set is an error, whatever the figure is: a data set whose size was not
    declared is known only now. *sane* is what the outputs must correlate with the reference's, which was held when the cell was probed.
    """
    wrong = lint(case, _facts(case, result), noise)
    if wrong:
        reason = f"{case.metric.title} error(lint): {'; '.join(wrong)}"
        unusable = Finding(
            cell=case.cell.id,
            metric=case.metric.name,
            against=BUDGET,
            verdict=Verdict.ERROR,
            reason=reason,
            unit=case.metric.unit,
            limit=case.limit.value if case.limit else None,
            phase=Phase.LINT,
        )
        return [unusable]
    findings = [
        judge_budget(case, result, timed=timed, baseline=baseline, noise=noise),
        *broken_promises(case, result, promises),
        *fallback(case, result),
    ]
    drift = judge_drift(case, result, baseline, precision=precision, timed=timed, noise=noise)
    found = findings if drift is None else [*findings, drift]
    correlation = result.measurements.get(CORRELATION.name)
    if correlation is None:
        return found
    return [replace(one, correlation=correlation.value, least_correlation=sane) for one in found]


def _facts(case: Case, result: CellResult) -> Facts:
    """What the measured cell tells of its evaluation set; nothing where the metric has nothing to do with it."""
    if case.metric.stage is not Stage.PROBE:
        return Facts()
    accuracy, drop = (result.measurements.get(one.name) for one in (ACCURACY, ACCURACY_DROP))
    if accuracy is None or drop is None:
        return Facts()
    smallest = min((one.n for one in result.classes), default=None)
    return Facts(
        samples=accuracy.n,
        smallest_class=smallest,
        reference_accuracy=accuracy.value + drop.value,
        per_sample=result.samples is None or result.samples.per_sample,
    )


def judge_problem(case: Case, problem: CellProblem) -> list[Finding]:
    """The finding of a cell that could not be measured; unavailable is an error where the runtime is required."""
    verdict, reason, phase = problem.verdict, problem.reason, problem.phase
    if verdict is Verdict.UNAVAILABLE and case.required:
        verdict, reason, phase = (
            Verdict.ERROR,
            f"the suite requires this runtime, and it is unavailable: {reason}",
            Phase.LOAD,
        )
    what = f"error({phase})" if verdict is Verdict.ERROR else str(verdict)
    return [
        Finding(
            cell=case.cell.id,
            metric=case.metric.name,
            against=CELL,
            verdict=verdict,
            reason=f"{what}: {reason}",
            unit=case.metric.unit,
            phase=phase or "",
        )
    ]


def worst(findings: Sequence[Finding]) -> Finding:
    """The finding that decides what is shown of a case.

    Raises:
        ValueError: there is none, which is never a pass.
    """
    return min(findings, key=lambda finding: SEVERITY.index(finding.verdict))
