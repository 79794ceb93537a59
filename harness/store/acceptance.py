"""Which of a run's figures become baselines, and why others are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.baseline import BaselineFigure, CellBaseline
from harness.core.finding import BUDGET, Finding, Verdict
from harness.core.measurement import Measurement
from harness.core.metrics import METRICS
from harness.core.result import CellResult
from harness.store.baselines import rounded

HIGHER_IS_BETTER = ("accuracy_fraction",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What an update does to one cell: the figures to write, and a line about each."""

    figures: CellBaseline
    lines: tuple[str, ...]


def accept(
    result: CellResult,
    findings: Sequence[Finding],
    held: CellBaseline,
    *,
    reason: str,
    commit: str,
    date: str,
    only_new: bool,
) -> Acceptance:
    """Decide for every figure of *result* that its *findings* hold against a baseline.

    Written: what is new or changed. Refused: a figure whose budget failed or is inconclusive, and a worse one than is
    held, unless a *reason* is given.
    """
    figures: dict[str, BaselineFigure] = {}
    lines: list[str] = []
    for metric in dict.fromkeys(finding.metric for finding in findings):
        change = METRICS[metric].change
        measured = result.measurements.get(change.figure) if change is not None else None
        if change is None or measured is None or change.figure in figures:
            continue
        against = {f.against: f for f in findings if f.metric == metric}
        if change.default is None and "baseline" not in against:
            continue
        budget = against.get(BUDGET)
        before = held.get(change.figure)
        if before is not None and (only_new or _unchanged(change.figure, before, measured, result)):
            continue
        shown = f"{result.cell.id} {change.figure}: {before.value if before else 'none'} -> {rounded(measured.value)}"
        if budget is not None and (budget.verdict.fails or budget.verdict is Verdict.INCONCLUSIVE):
            lines.append(f"refused  {shown} ({budget.reason})")
            continue
        if before is not None and _worse(change.figure, before.value, measured) and not reason:
            lines.append(f"refused  {shown} (worse; give --harness-reason to accept it)")
            continue
        lines.append(f"recorded {shown}")
        figures[change.figure] = BaselineFigure(
            value=measured.value,
            unit=measured.unit,
            n=measured.n,
            interval=measured.interval,
            environment=result.environment,
            artifact_sha256=result.artifact.sha256 if result.artifact else "",
            commit=commit,
            date=date,
            reason=reason or ("first figure" if before is None else "no worse than before"),
            samples=result.samples if change.figure == "accuracy_fraction" else None,
        )
    return Acceptance(figures=figures, lines=tuple(lines))


def _unchanged(figure: str, before: BaselineFigure, now: Measurement, result: CellResult) -> bool:
    sha256 = result.artifact.sha256 if result.artifact else ""
    same = before.value == rounded(now.value) and before.artifact_sha256 == sha256
    if figure == "size_bytes":
        return same
    samples = result.samples if figure == "accuracy_fraction" else None
    return same and before.environment == result.environment and before.samples == samples


def _worse(figure: str, before: float, now: Measurement) -> bool:
    stored = rounded(now.value)
    return stored < before if figure in HIGHER_IS_BETTER else stored > before
