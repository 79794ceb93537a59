"""Which of a dead process's lines are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.worker.last_lines import LAST_LINES, LogTail, last_lines

STACKS = [
    "Fatal Python error: Segmentation fault",
    "",
    "Thread 0x01 (most recent call first):",
    *[f'  File "other.py", line {n}' for n in range(9)],
    "",
    "Current thread 0x02 (most recent call first):",
    *[f'  File "mine.py", line {n}' for n in range(9)],
    "",
    "Extension modules: numpy (total: 1)",
]


@pytest.mark.parametrize(("lines", "told"), [([], ""), (["", "  "], "")])
def test_nothing_said_is_nothing_told(lines: list[str], told: str) -> None:
    assert last_lines(lines) == told


def test_the_last_lines_are_indented_below_a_heading() -> None:
    assert last_lines(["a", "", "b  "]) == "; its last lines:\n    a\n    b"
    assert last_lines([str(n) for n in range(99)]).splitlines()[1:] == [f"    {n}" for n in range(99 - LAST_LINES, 99)]


def test_the_stacks_of_a_fatal_signal_do_not_push_out_the_engines_words() -> None:
    told = last_lines(["engine: out of tensors", *STACKS])
    assert "engine: out of tensors" in told
    assert "Segmentation fault" in told
    assert "mine.py" in told
    assert "other.py" not in told
    assert "Extension modules" not in told


def test_a_log_is_told_from_where_it_stood(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert LogTail(log).last_lines() == ""
    log.write_text("before\n", encoding="utf-8")
    tail = LogTail(log)
    with log.open("ab") as handle:
        handle.write(b"after \xff\n")
    assert tail.last_lines(["stray"]) == "; its last lines:\n    after \ufffd\n    stray"
