"""What a terminal says below the table: counts, reasons told once, and what to do next."""

from __future__ import annotations

import pytest

from harness.core.finding import BASELINE, CELL, Finding, Verdict
from harness.reporting.document import Document
from harness.reporting.terminal import FAILING, MOST_LINES, OPEN, next_steps, remarks, table_lines, to_text
from tests.core.records import cell, finding, measurement, result, run_record

MEASURED = result(measurement("size_bytes", 250_000, "bytes"), environment=None)
BARE = [finding(Verdict.NO_BASELINE, metric, against=BASELINE) for metric in ("size", "accuracy_drop")]


def document_of(*findings: Finding, recorded: set[tuple[str, str]] | None = None) -> Document:
    return Document.of(run_record(MEASURED, findings=findings), recorded or set())


def test_the_table_ends_with_the_counts() -> None:
    *_, blank, last = table_lines(document_of(finding(Verdict.PASS), finding(Verdict.PASS, "accuracy")))

    assert (blank, last) == ("", "1 cell; 2 pass")


def test_a_record_without_cells_has_counts_alone() -> None:
    assert to_text(Document.of(run_record())) == "0 cells; no findings"


def test_chosen_columns_are_shown() -> None:
    assert table_lines(document_of(), "size")[0].split() == ["cell", "size", "verdict"]


def test_thirty_figures_without_a_baseline_are_one_line_that_says_what_to_do() -> None:
    bare = [finding(Verdict.NO_BASELINE, cell=cell(f"r{n}").id, against=BASELINE) for n in range(30)]
    document = document_of(*bare)

    assert remarks(document) == []
    assert list(next_steps(document)) == ["edge-harness: 30 figures have no baseline: --harness-update records them"]


def test_what_the_run_recorded_is_no_next_step() -> None:
    written = {(cell().id, "size")}
    assert list(next_steps(document_of(*BARE, recorded=written))) == [
        "edge-harness: 1 figure has no baseline: --harness-update records it"
    ]
    assert list(next_steps(document_of(*BARE, recorded=written | {(cell().id, "accuracy_drop")}))) == []


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.INCOMPARABLE, "1 figure has a baseline that can't be compared with today's"),
        (Verdict.UNAVAILABLE, "edge-harness doctor"),
    ],
)
def test_what_is_open_has_its_next_step(verdict: Verdict, words: str) -> None:
    (step,) = next_steps(document_of(finding(verdict)))

    assert words in step


@pytest.mark.parametrize("verdict", list(Verdict))
def test_reasons_that_pytest_prints_are_not_told_again(verdict: Verdict) -> None:
    document = document_of(finding(verdict, reason="the reason", against=CELL))

    assert remarks(document) == ([f"{cell().id}: the reason"] if verdict in OPEN else [])
    assert ("the reason" in to_text(document)) is (verdict in OPEN or verdict in FAILING)


def test_many_different_sentences_are_cut_and_counted() -> None:
    many = [finding(Verdict.INCONCLUSIVE, reason=f"reason {n}") for n in range(MOST_LINES + 5)]

    lines = remarks(document_of(*many))

    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "and 5 more sentences about inconclusive: see report.md"
