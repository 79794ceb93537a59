"""The document: each cell with its findings and its words, and sections in the order of how grave they are."""

from __future__ import annotations

import pytest

from harness.core.finding import BASELINE, PROMISE, Finding, Verdict
from harness.core.result import CellResult
from harness.reporting.document import HEADINGS, Document
from tests.core.records import cell, finding, measurement, result, run_record

MEASURED = result(measurement("size_bytes", 250_000, "bytes"))
REFERENCE = result(of=cell("fp32"))
ABSENT = CellResult(cell=cell("fp16"), status="unavailable", reason="not installed: x")
BARE = finding(Verdict.NO_BASELINE, against=BASELINE)
APART = finding(Verdict.INCOMPARABLE, against=BASELINE)
PASS = finding(Verdict.PASS)


@pytest.mark.parametrize(
    ("one", "findings", "word"),
    [
        pytest.param(MEASURED, [], "compared with", id="measured, nobody asked"),
        pytest.param(REFERENCE, [], "reference", id="the reference, nobody asked"),
        pytest.param(ABSENT, [], "unavailable", id="not measured, nobody asked"),
        pytest.param(CellResult(cell=cell()), [], "not_run", id="never run"),
        pytest.param(CellResult(cell=cell(), status="error(run)"), [], "error(run)", id="broken reference"),
        pytest.param(MEASURED, [PASS], "pass", id="pass"),
        pytest.param(MEASURED, [PASS, finding(Verdict.REGRESSED, against=BASELINE)], "regressed", id="the worst"),
        pytest.param(MEASURED, [finding(Verdict.ERROR, phase="load")], "error(load)", id="error with its phase"),
        pytest.param(
            MEASURED, [finding(Verdict.OVER_BUDGET, against=PROMISE)], "over_budget(promise)", id="a broken promise"
        ),
        pytest.param(MEASURED, [finding(Verdict.ERROR)], "error", id="error without a phase"),
        pytest.param(MEASURED, [PASS, BARE], "no_baseline", id="one word, whatever the budgets said"),
    ],
)
def test_the_verdict_of_a_row(one: CellResult, findings: list[Finding], word: str) -> None:
    mine = [Finding(**{**as_fields(each), "cell": one.cell.id}) for each in findings]
    (row,) = Document.of(run_record(one, findings=tuple(mine))).rows

    assert row.verdict == word


def as_fields(one: Finding) -> dict[str, object]:
    return {name: getattr(one, name) for name in Finding.__slots__}


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        pytest.param([PASS], "pass", id="nothing of a baseline"),
        pytest.param([PASS, BARE], "pass; no baseline", id="budgets first"),
        pytest.param([PASS, APART], "pass; incomparable", id="another machine's baseline"),
        pytest.param([PASS, BARE, APART], "pass; no baseline", id="both"),
        pytest.param([finding(Verdict.REPORTED), BARE], "reported; no baseline", id="nothing demanded"),
        pytest.param([finding(Verdict.OVER_BUDGET), BARE], "over_budget; no baseline", id="red all the same"),
        pytest.param([BARE], "no_baseline", id="nothing else was judged"),
        pytest.param([PASS, finding(Verdict.PASS, against=BASELINE)], "pass", id="held to its baseline"),
    ],
)
def test_what_budgets_said_comes_before_what_is_open_of_a_baseline(findings: list[Finding], words: str) -> None:
    (row,) = Document.of(run_record(MEASURED, findings=tuple(findings))).rows

    assert row.words == words


@pytest.mark.parametrize(
    ("recorded", "words"),
    [
        (set(), "pass; no baseline"),
        ({(cell().id, "size")}, "pass; no baseline"),
        ({(cell().id, "size"), (cell().id, "accuracy_drop")}, "pass; recorded"),
    ],
)
def test_a_baseline_that_the_run_wrote_is_missing_no_more(recorded: set[tuple[str, str]], words: str) -> None:
    bare = [finding(Verdict.NO_BASELINE, metric, against=BASELINE) for metric in ("size", "accuracy_drop")]
    (row,) = Document.of(run_record(MEASURED, findings=(PASS, *bare)), recorded).rows

    assert row.words == words


@pytest.mark.parametrize(
    ("one", "findings", "fails"),
    [
        (MEASURED, [PASS, BARE], False),
        (MEASURED, [PASS, finding(Verdict.OVER_BUDGET)], True),
        (MEASURED, [finding(Verdict.REGRESSED, against=BASELINE)], True),
        (MEASURED, [finding(Verdict.INCONCLUSIVE)], False),
        (CellResult(cell=cell(), status="error(run)"), [], True),
        (ABSENT, [], False),
    ],
)
def test_which_rows_fail(one: CellResult, findings: list[Finding], fails: bool) -> None:
    (row,) = Document.of(run_record(one, findings=tuple(findings))).rows

    assert row.fails is fails


def test_findings_of_other_cells_don_t_count() -> None:
    record = run_record(MEASURED, REFERENCE, findings=(finding(Verdict.OVER_BUDGET, cell=cell("fp32").id),))

    assert [row.verdict for row in Document.of(record).rows] == ["compared with", "over_budget"]


@pytest.mark.parametrize(("verdict", "title"), HEADINGS, ids=[str(verdict) for verdict, _ in HEADINGS])
def test_what_is_no_pass_has_its_section(verdict: Verdict, title: str) -> None:
    (section,) = Document.of(run_record(MEASURED, findings=(PASS, finding(verdict, reason="the reason")))).sections

    assert (section.title, [(entry.cell, entry.text) for entry in section.entries]) == (
        title,
        [(cell().id, "the reason")],
    )


def test_every_verdict_but_two_has_a_section() -> None:
    assert {verdict for verdict, _ in HEADINGS} == set(Verdict) - {Verdict.PASS, Verdict.REPORTED}


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        pytest.param([], "no findings", id="none"),
        pytest.param([Verdict.PASS], "1 pass", id="one"),
        pytest.param([Verdict.ERROR, Verdict.PASS, Verdict.PASS], "2 pass, 1 error", id="most frequent first"),
    ],
)
def test_counts(verdicts: list[Verdict], words: str) -> None:
    assert Document.of(run_record(findings=tuple(map(finding, verdicts)))).counts == words
