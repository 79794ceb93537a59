"""Which of a run's figures become baselines, and why others are refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.baseline import BaselineFigure, CellBaseline
from harness.core.finding import BASELINE, BUDGET, Finding, Rung, Verdict
from harness.core.measurement import Measurement
from harness.core.metrics import CHANGES, LATENCY_CHANGE, METRICS, Stage
from harness.core.result import CellResult
from harness.store.baselines import rounded

HIGHER_IS_BETTER = {change.figure for change in CHANGES.values() if change.higher_is_better}


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

    Written: what is new or changed. Refused: a figure that is no number, one of which any budget failed, a latency
    that is inconclusive, and a worse one than is held, unless a *reason* is given.
    """
    figures: dict[str, BaselineFigure] = {}
    lines: list[str] = []
    for change, judged in _by_change(findings).items():
        name = CHANGES[change].figure
        measured = result.measurements.get(name)
        if measured is None or not any(finding.against == BASELINE for finding in judged):
            continue
        before = held.get(name)
        if before is not None and (only_new or _unchanged(name, before, measured, result, judged)):
            continue
        shown = f"{result.cell.id} {name}: {before.value if before else 'none'} -> {rounded(measured.value)}"
        refusal = _refusal(name, judged, before, measured, reason)
        if refusal:
            lines.append(f"refused  {shown} ({refusal})")
            continue
        lines.append(f"recorded {shown}")
        why = reason or ("first figure" if before is None else "no worse than before")
        for one in (name, *CHANGES[change].beside):
            if one in result.measurements:
                figures[one] = _figure(one, result, commit=commit, date=date, reason=why)
    return Acceptance(figures=figures, lines=tuple(lines))


def _figure(name: str, result: CellResult, *, commit: str, date: str, reason: str) -> BaselineFigure:
    measured, artifact = result.measurements[name], result.artifact
    timed = name == LATENCY_CHANGE.figure
    return BaselineFigure(
        value=measured.value,
        unit=measured.unit,
        n=measured.n,
        interval=measured.interval,
        environment=result.environment,
        artifact_sha256=artifact.sha256 if artifact else "",
        artifact_key=artifact.key if artifact and timed else "",
        commit=commit,
        date=date,
        reason=reason,
        samples=result.samples if name == "accuracy_fraction" else None,
    )


def _by_change(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """*findings* by what their metric holds against a baseline; several metrics can share one."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        change = METRICS[finding.metric].change
        if change is not None:
            found.setdefault(change.name, []).append(finding)
    return found


def _refusal(
    name: str, judged: Sequence[Finding], before: BaselineFigure | None, measured: Measurement, reason: str
) -> str:
    """Why *measured* must not become a baseline; empty when it may."""
    if not math.isfinite(measured.value):
        return "not a number"
    for finding in judged:
        # An accuracy whose budget can't be decided is still exact on these samples; an undecided latency is not known.
        unknown = finding.verdict is Verdict.INCONCLUSIVE and METRICS[finding.metric].stage is Stage.TIMING
        if finding.against == BUDGET and (finding.verdict.fails or unknown):
            return finding.reason
    if before is not None and _worse(name, before.value, measured, judged) and not reason:
        return "worse; give --harness-reason to accept it"
    return ""


def _unchanged(
    figure: str, before: BaselineFigure, now: Measurement, result: CellResult, judged: Sequence[Finding]
) -> bool:
    if any(finding.rung == Rung.SAME_ARTIFACT for finding in judged):
        return True  # a time that is another is noise
    sha256 = result.artifact.sha256 if result.artifact else ""
    same = before.value == rounded(now.value) and before.artifact_sha256 == sha256
    if figure == "size_bytes":
        return same
    samples = result.samples if figure == "accuracy_fraction" else None
    return same and before.environment == result.environment and before.samples == samples


def _worse(figure: str, before: float, now: Measurement, judged: Sequence[Finding]) -> bool:
    if figure == LATENCY_CHANGE.figure:
        held = [finding for finding in judged if finding.against == BASELINE]
        return any(finding.verdict is Verdict.REGRESSED or "changed" in finding.notes for finding in held)
    stored = rounded(now.value)
    return stored < before if figure in HIGHER_IS_BETTER else stored > before
