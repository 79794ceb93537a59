"""Sentences that say the same of several cells, told once with their number."""

from __future__ import annotations

from collections.abc import Iterable

from harness.core.finding import Finding


def told_once(findings: Iterable[Finding]) -> list[str]:
    """A line for each different sentence of *findings*: of one cell as it is, of several with their number and the first."""
    cells_by_sentence: dict[str, dict[str, Finding]] = {}
    for finding in findings:
        cells_by_sentence.setdefault(_without_names(finding), {})[finding.cell] = finding
    return [_line(sentence, list(of_cells.values())) for sentence, of_cells in cells_by_sentence.items()]


def _line(sentence: str, findings: list[Finding]) -> str:
    first = findings[0]
    if len(findings) == 1:
        return f"{first.cell}: {first.reason}"
    return f"{sentence.format(cells=f'{len(findings)} cells')} ({first.cell} and {len(findings) - 1} more)"


def _without_names(finding: Finding) -> str:
    """The sentence with ``{cells}`` where it names recipe and runtime of the cell."""
    text = finding.reason.replace("{", "{{").replace("}", "}}")
    parts = finding.cell.split("/")
    if len(parts) < 3:
        return text
    recipe, runtime = parts[1], parts[2]
    return text.replace(f"{recipe} on {runtime}", "{cells}").replace(finding.cell, "{cells}")
