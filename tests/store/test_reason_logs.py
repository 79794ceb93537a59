"""Shortened reasons: one sentence, and a file with all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.finding import Verdict
from harness.core.problem import CellProblem, Phase
from harness.store.reason_logs import ReasonLogs
from tests.core.records import cell

LONG = "onnx: \x1b[91mIt broke.\x1b[0m Next steps:\n- read pages\nValueError: bad shape"


def test_a_long_reason_becomes_a_sentence_and_a_file(tmp_path: Path) -> None:
    problem = ReasonLogs(tmp_path / "logs").shortened(cell(), CellProblem.error(Phase.CONVERT, LONG))

    path = tmp_path / "logs" / "digits_cnn~int8_static~onnxruntime~local.log"
    assert problem.reason == f"onnx: It broke.; ValueError: bad shape (all of it: {path})"
    assert (problem.verdict, problem.phase) == (Verdict.ERROR, Phase.CONVERT)
    assert path.read_text(encoding="utf-8") == f"{LONG}\n"


@pytest.mark.parametrize(
    "problem",
    [
        CellProblem.error(Phase.LOAD, "load failed: RuntimeError: no"),
        CellProblem(Verdict.UNAVAILABLE, "not installed: x"),
        CellProblem.error(Phase.COMPRESS, "conftest.py:3: KeyError\n    the user's step"),
        CellProblem.error(Phase.MODEL, "conftest.py:3: KeyError\n    the user's line"),
    ],
)
def test_what_is_a_sentence_or_the_users_own_stays(tmp_path: Path, problem: CellProblem) -> None:
    assert ReasonLogs(tmp_path).shortened(cell(), problem) is problem
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_changes_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file, not a folder")

    problem = ReasonLogs(tmp_path / "logs").shortened(cell(), CellProblem.error(Phase.CONVERT, LONG))

    assert problem.reason == "onnx: It broke.; ValueError: bad shape"
