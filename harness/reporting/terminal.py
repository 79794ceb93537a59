"""What a terminal shows of a run: the first screen, the counts, what is open and why, and what to do next."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.core.finding import Finding, Verdict
from harness.reporting.document import Document
from harness.reporting.screen import screen
from harness.reporting.sentences import told_once

OPEN = (
    Verdict.REGRESSED,
    Verdict.INCONCLUSIVE,
    Verdict.INCOMPARABLE,
    Verdict.BELOW_NOISE_FLOOR,
    Verdict.UNAVAILABLE,
    Verdict.UNSUPPORTED,
)
"""Verdicts whose reasons pytest does not print; those of failing tests it does."""
FAILING = (Verdict.ERROR, Verdict.OVER_BUDGET)
MOST_LINES = 20
"""Of different sentences of one verdict; all are in report.md."""


def to_text(document: Document, columns: str = "") -> str:
    """Everything, for who reads a stored run: also why cells fail.

    Raises:
        UnknownName: one of *columns* is no figure.
    """
    lines = [*table_lines(document, columns), *remarks(document, (*FAILING, *OPEN)), *next_steps(document)]
    return "\n".join(lines)


def table_lines(document: Document, columns: str = "", width: int = 0) -> list[str]:
    """The table, warnings, and one line of counts; see ``screen`` for *columns* and *width*.

    Raises:
        UnknownName: one of *columns* is no figure.
    """
    table = screen(document, columns, width)
    remarks = [f"{name}: {text}" for name, text in document.facts if name in ("warning", "reused")]
    return [*table, *([""] if table else []), *remarks, f"{document.cells}; {document.counts}"]


def remarks(document: Document, verdicts: Collection[Verdict] = OPEN) -> list[str]:
    """A line for each different reason of *verdicts*, with the number of cells that it holds for."""
    lines: list[str] = []
    for verdict in (*FAILING, *OPEN):
        if verdict in verdicts:
            of_verdict = told_once(finding for finding in document.record.findings if finding.verdict is verdict)
            lines += of_verdict[:MOST_LINES]
            if len(of_verdict) > MOST_LINES:
                lines.append(f"and {len(of_verdict) - MOST_LINES} more sentences about {verdict}: see report.md")
    return lines


def next_steps(document: Document) -> Iterable[str]:
    """What to do about what is open, the most useful last."""
    findings = document.record.findings
    if any(finding.verdict is Verdict.UNAVAILABLE for finding in findings):
        yield "edge-harness: `edge-harness doctor` says what is missing here, and how to get it"
    incomparable = _figures(findings, Verdict.INCOMPARABLE)
    if incomparable:
        can_not = _counted(incomparable, "has a baseline", "have baselines")
        yield f"edge-harness: {can_not} that can't be compared with today's: --harness-update replaces what it can"
    lacking = _figures(findings, Verdict.NO_BASELINE) - document.recorded
    if lacking:
        them = "it" if len(lacking) == 1 else "them"
        yield f"edge-harness: {_counted(lacking, 'has', 'have')} no baseline: --harness-update records {them}"


def _figures(findings: Iterable[Finding], verdict: Verdict) -> set[tuple[str, str]]:
    return {(finding.cell, finding.metric) for finding in findings if finding.verdict is verdict}


def _counted(figures: Collection[object], one: str, several: str) -> str:
    return f"{len(figures)} figure {one}" if len(figures) == 1 else f"{len(figures)} figures {several}"
