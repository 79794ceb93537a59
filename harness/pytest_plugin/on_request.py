"""Cells that run only when somebody asks for them: those marked ``nightly`` or ``gpu``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

MEANINGS = {
    "nightly": "slow; cells of a suite run with -m nightly, --harness-nightly, or when their file is named",
    "gpu": "needs an accelerator; cells of a suite run with -m gpu, or when their file is named",
}
REMEDIES = {"nightly": "-m nightly or --harness-nightly", "gpu": "-m gpu"}
LEFT_OUT_KEY = pytest.StashKey[Counter[str]]()
"""How many cells were left out, by mark."""


def asked_marks(expression: str, nightly: bool) -> frozenset[str]:
    """The marks that a run asks for, by its ``-m`` *expression*, which may also say ``not gpu``, and ``--harness-nightly``."""
    words = set(re.findall(r"\w+", expression))
    return frozenset(mark for mark in MEANINGS if mark in words or (mark == "nightly" and nightly))


def mark_in_the_way(marks: Iterable[str], asked: frozenset[str]) -> str:
    """The first of *marks* that a run must ask for and did not; empty when the cell runs."""
    held = set(marks)
    return next((mark for mark in MEANINGS if mark in held and mark not in asked), "")


def is_named(path: Path, arguments: Iterable[str], folder: Path) -> bool:
    """Whether one of pytest's *arguments*, typed in *folder*, is the file *path* or an item in it."""
    return any((folder / argument.partition("::")[0]).resolve() == path for argument in arguments)


def leave_out(config: pytest.Config, cells: Iterable[pytest.Item], items: list[pytest.Item]) -> None:
    """Deselect from *items* those of *cells* that nobody asked for."""
    asked = asked_marks(config.option.markexpr, config.getoption("--harness-nightly"))
    named = {path: is_named(path, config.args, config.invocation_params.dir) for path in {item.path for item in items}}
    marks = {
        item: mark_in_the_way((mark.name for mark in item.iter_markers()), asked)
        for item in cells
        if not named[item.path]
    }
    unasked = [item for item in items if marks.get(item)]
    if unasked:
        config.hook.pytest_deselected(items=unasked)
        items[:] = [item for item in items if not marks.get(item)]
    config.stash[LEFT_OUT_KEY] = Counter(marks[item] for item in unasked)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say what was left out, and how to run it."""
    return [
        f"edge-harness: {count} {'case' if count == 1 else 'cases'} marked {mark} left out; {REMEDIES[mark]} runs them"
        for mark, count in sorted(config.stash.get(LEFT_OUT_KEY, Counter()).items())
    ]
