"""Which of a run's figures become baselines, and why others are refused."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.baseline import BaselineFigure, CellBaseline
from harness.core.figure import Better, Figure
from harness.core.finding import BASELINE, BUDGET, Finding, Rung, Verdict
from harness.core.measurement import Measurement
from harness.core.metric import Change, ChangeRule, Stage
from harness.core.metrics import CHANGES, METRICS
from harness.core.result import CellResult
from harness.store.baselines import rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is stored with a figure, and what makes another one of it."""

    samples: bool = False
    """Whether what became of every sample is stored."""
    artifact_key: bool = False
    """Whether the artifact can be timed again."""
    anywhere: bool = False
    """Whether the figure is the same on every machine."""
    judged: bool = False
    """Whether its finding says if it is worse; else the plain value does."""


KEPT: Mapping[ChangeRule, Kept] = {
    ChangeRule.EXACT: Kept(anywhere=True),
    ChangeRule.MEASURED: Kept(),
    ChangeRule.OUTCOME: Kept(samples=True),
    ChangeRule.QUALITY: Kept(samples=True),
    ChangeRule.TIMED: Kept(artifact_key=True, judged=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What an update does to one cell: the figures to write, and a line about each."""

    figures: CellBaseline
    recorded: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    changes: frozenset[str] = frozenset()
    """Names of the changes whose figure is written."""

    @property
    def lines(self) -> tuple[str, ...]:
        """All of them, refused ones last."""
        return (*self.recorded, *self.refused)


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

    Written: what is new or changed. Refused: NaN, a figure that failed a budget, a latency that is inconclusive, and a
    worse figure than is stored, unless a *reason* is given.
    """
    figures: dict[str, BaselineFigure] = {}
    recorded: list[str] = []
    refused: list[str] = []
    changes: set[str] = set()
    for key, judged in _by_change(findings).items():
        change = CHANGES[key]
        name = change.figure.name
        measured = result.measurements.get(name)
        if measured is None or not any(finding.against == BASELINE for finding in judged):
            continue
        before = held.get(name)
        if before is not None and (only_new or _unchanged(change, before, measured, result, judged)):
            continue
        shown = f"{result.cell.id} {name}: {before.value if before else 'none'} -> {rounded(measured.value)}"
        refusal = _refusal(change, judged, before, measured, reason)
        if refusal:
            refused.append(f"refused  {shown} ({refusal})")
            continue
        recorded.append(f"recorded {shown}")
        changes.add(key)
        why = reason or ("first figure" if before is None else "no worse than before")
        for one in (change.figure, change.ratio):
            if one is not None and one.name in result.measurements:
                figures[one.name] = _stored(one, change, result, commit=commit, date=date, reason=why)
    return Acceptance(figures=figures, recorded=tuple(recorded), refused=tuple(refused), changes=frozenset(changes))


def _stored(
    figure: Figure, change: Change, result: CellResult, *, commit: str, date: str, reason: str
) -> BaselineFigure:
    measured, artifact = result.measurements[figure.name], result.artifact
    kept = KEPT[change.rule] if figure == change.figure else Kept()
    return BaselineFigure(
        value=measured.value,
        unit=measured.unit,
        n=measured.n,
        interval=measured.interval,
        environment=result.environment,
        artifact_sha256=artifact.sha256 if artifact else "",
        artifact_key=artifact.key if artifact and kept.artifact_key else "",
        commit=commit,
        date=date,
        reason=reason,
        samples=result.samples if kept.samples else None,
        condition=measured.condition,
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
    change: Change, judged: Sequence[Finding], before: BaselineFigure | None, measured: Measurement, reason: str
) -> str:
    """Why *measured* must not become a baseline; empty when it may."""
    if not math.isfinite(measured.value):
        return "not a number"
    for finding in judged:
        # An accuracy whose budget can't be decided is still exact on these samples; an undecided latency is not known.
        unknown = finding.verdict is Verdict.INCONCLUSIVE and METRICS[finding.metric].stage is Stage.TIMING
        if finding.against == BUDGET and (finding.verdict.fails or unknown):
            return finding.reason
    if before is not None and _worse(change, before.value, measured, judged) and not reason:
        return "worse; give --harness-reason to accept it"
    return ""


def _unchanged(
    change: Change, before: BaselineFigure, now: Measurement, result: CellResult, judged: Sequence[Finding]
) -> bool:
    if any(finding.rung == Rung.SAME_ARTIFACT for finding in judged):
        return True  # a time that is another is noise
    sha256 = result.artifact.sha256 if result.artifact else ""
    same = before.value == rounded(now.value) and before.artifact_sha256 == sha256
    kept = KEPT[change.rule]
    if kept.anywhere:
        return same
    samples = result.samples if kept.samples else None
    return same and before.environment == result.environment and before.samples == samples


def _worse(change: Change, before: float, now: Measurement, judged: Sequence[Finding]) -> bool:
    if KEPT[change.rule].judged:
        drifts = [finding for finding in judged if finding.against == BASELINE]
        return any(finding.verdict is Verdict.REGRESSED or "changed" in finding.notes for finding in drifts)
    stored = rounded(now.value)
    return stored < before if change.figure.better is Better.HIGHER else stored > before
