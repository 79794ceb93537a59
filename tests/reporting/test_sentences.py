"""Sentences that say the same: one line with a count."""

from __future__ import annotations

from harness.core.finding import Finding, Verdict
from harness.reporting.sentences import told_once
from tests.core.records import cell, finding


def apart(recipe: str, reason: str) -> Finding:
    of = cell(recipe)
    return finding(Verdict.INCOMPARABLE, cell=of.id, reason=reason.format(cell=f"{of.recipe} on {of.runtime}"))


def test_what_differs_in_nothing_but_the_cell_is_one_line() -> None:
    same = [apart(f"int8_{n}", "accuracy incomparable: {cell} can't be compared") for n in range(30)]

    assert told_once(same) == [
        "accuracy incomparable: 30 cells can't be compared (digits_cnn/int8_0/onnxruntime/local and 29 more)"
    ]


def test_what_differs_in_a_figure_stays_apart() -> None:
    lines = told_once([apart("fp16", "size: {cell} has 1 kB"), apart("fp32", "size: {cell} has 2 kB")])

    assert lines == [
        "digits_cnn/fp16/onnxruntime/local: size: fp16 on onnxruntime has 1 kB",
        "digits_cnn/fp32/onnxruntime/local: size: fp32 on onnxruntime has 2 kB",
    ]


def test_one_cell_that_says_it_for_several_metrics_is_one_cell() -> None:
    assert told_once([apart("fp16", "not installed: {{x}}")] * 3) == [
        "digits_cnn/fp16/onnxruntime/local: not installed: {x}"
    ]


def test_braces_in_a_reason_are_only_text() -> None:
    (line,) = told_once([apart("fp16", "odd {{cells}} {{0}}"), apart("fp32", "odd {{cells}} {{0}}")])

    assert line.startswith("odd {cells} {0} (digits_cnn/fp16")
