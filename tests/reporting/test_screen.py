"""The first screen: it fits, shows what gates ask for beside the limits, and what fails comes first."""

from __future__ import annotations

import pytest

from harness.core.figures import ACCURACY_DROP, LATENCY_RATIO, LOAD, SIZE_RATIO, WEIGHTS_RATIO
from harness.core.finding import Finding, Verdict
from harness.core.names import Cell
from harness.core.result import CellResult
from harness.core.run_record import RunRecord
from harness.errors import UnknownName
from harness.reporting.document import Document
from harness.reporting.screen import MOST_ROWS, screen, terminal_width
from tests.core.records import cell, finding, result, run_record

FIGURES = (ACCURACY_DROP, SIZE_RATIO, WEIGHTS_RATIO, LATENCY_RATIO)
METRICS = ("accuracy_drop", "size_ratio", "weights_ratio", "latency_ratio")
LONG = "prune_channels30_finetune+int8_static"


def judged(of: Cell, metric: str, verdict: Verdict = Verdict.PASS, limit: float | None = 0.5) -> Finding:
    return finding(verdict, metric, cell=of.id, value=0.25, limit=limit)


def a_run(*recipes: str, failing: str = "", over: str = "") -> RunRecord:
    cells = [cell(recipe) for recipe in recipes]
    results = [result(*(figure.measured(0.25) for figure in (*FIGURES, LOAD)), of=of) for of in cells]
    verdicts = {of: Verdict.OVER_BUDGET if of.recipe == failing else Verdict.PASS for of in cells}
    findings = [
        judged(of, name, verdicts[of] if name in ("size_ratio", over) else Verdict.PASS)
        for of in cells
        for name in METRICS
    ]
    return run_record(*results, findings=tuple(findings))


def lines_of(record: RunRecord, columns: str = "", width: int = 100) -> list[str]:
    return screen(Document.of(record), columns, width)


def test_the_screen_shows_gated_figures_beside_their_limits_and_what_fails_first() -> None:
    assert lines_of(a_run("fp16", LONG, failing=LONG), width=80) == [
        "cell                                             drop     size/fp32  verdict",
        "---------------------------------------  ------------  ------------  -----------",
        "digits_cnn/prune_ch…_static/onnxruntime  25.00<=50 pp  0.250>0.5 x   over_budget",
        "digits_cnn/fp16/onnxruntime              25.00<=50 pp  0.250<=0.5 x  pass",
        "limits: <= and >= hold, > and < don't, ~ is open",
        "also judged: time/fp32, weights/fp32 (--harness-columns NAMES or all; report.md)",
    ]


@pytest.mark.parametrize("width", [80, 90, 100, 110, 120])
def test_it_fits_the_terminal_and_is_wide_where_it_can_be(width: int) -> None:
    lines = lines_of(a_run("fp32", "fp16", LONG, "int8_static"), width=width)

    assert max(map(len, lines)) <= width
    titles = [title for title in ("drop", "size/fp32", "weights/fp32", "time/fp32") if title in lines[0]]
    assert len(titles) == {80: 3, 90: 3, 100: 4, 110: 4, 120: 4}[width]


def test_a_failing_figure_has_its_column_before_others() -> None:
    lines = lines_of(a_run("fp16", LONG, failing=LONG, over="latency_ratio"), width=80)

    assert "time/fp32" in lines[0]
    assert "0.250>0.5 x" in lines[2]


def test_one_figure_of_every_kind_comes_before_the_second_of_any() -> None:
    shown = {80: {"drop", "size/fp32", "time/fp32"}, 110: {"drop", "size/fp32", "weights/fp32", "time/fp32"}}
    for width, titles in shown.items():
        head, *_ = lines_of(a_run("fp16"), width=width)

        assert set(head.split()) == titles | {"cell", "verdict"}


def test_figures_that_are_only_reported_come_after_those_with_limits() -> None:
    of = cell("fp16")
    measured = result(*(figure.measured(0.25) for figure in FIGURES), of=of)
    findings = (judged(of, "latency_ratio"), judged(of, "size_ratio", Verdict.REPORTED, None))
    head, _, row, *_ = lines_of(run_record(measured, findings=findings))

    assert head.split() == ["cell", "size/fp32", "time/fp32", "verdict"]
    assert row.split() == ["digits_cnn/fp16/onnxruntime", "0.250", "x", "0.250<=0.5", "x", "pass"]


def test_columns_can_be_chosen_and_are_never_left_out() -> None:
    head, _, row, *_ = lines_of(a_run("fp16"), "load_ns,drop", width=80)
    assert head.split() == ["cell", LOAD.title, "drop", "verdict"]
    assert "25.00<=50 pp" in row

    head, *_ = lines_of(a_run("fp16"), "all", width=80)
    assert head.split() == ["cell", "drop", "size/fp32", "weights/fp32", "time/fp32", LOAD.title, "verdict"]


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(UnknownName, match="unknown column 'drap'; did you mean 'drop'"):
        lines_of(a_run("fp16"), "drap")


def test_cells_that_were_not_measured_have_no_figures() -> None:
    absent = CellResult(cell=cell("fp16"), status="unavailable", reason="not installed: x")
    record = run_record(absent, findings=(judged(cell("fp16"), "size_ratio", Verdict.UNAVAILABLE, None),))

    assert lines_of(record)[2].split() == ["digits_cnn/fp16/onnxruntime", "unavailable"]


def test_targets_are_named_where_there_are_several() -> None:
    record = run_record(result(of=cell("fp16")), result(of=cell("fp16", target="board")))

    assert [line.split()[0].rpartition("/")[2] for line in lines_of(record)[2:]] == ["local", "board"]


def test_of_many_cells_the_failing_ones_are_shown_and_the_rest_counted() -> None:
    recipes = [f"r{number}" for number in range(MOST_ROWS + 20)]
    lines = lines_of(a_run(*recipes, failing=recipes[-1]))

    assert lines[2].startswith(f"digits_cnn/{recipes[-1]}/")
    assert "and 20 more cells: see report.md" in lines
    assert sum(line.startswith("digits_cnn/") for line in lines) == MOST_ROWS


def test_no_cells_have_no_table() -> None:
    assert lines_of(run_record()) == []


@pytest.mark.parametrize(("columns", "width"), [("60", 80), ("80", 80), ("100", 100), ("120", 120), ("250", 120)])
def test_the_width_is_the_terminals_within_sense(monkeypatch: pytest.MonkeyPatch, columns: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    assert terminal_width() == width
