"""Baselines that a suite left behind when its file was moved or renamed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from harness.errors import BaselineError
from harness.store.baselines import baseline_path, read_baselines


def abandoned_baselines(folder: Path, root: Path, suite: str, model: str, cells: Collection[str]) -> list[Path]:
    """Files below *folder* that hold figures of *cells* for a suite whose file is no longer there.

    Args:
        folder: of the baselines.
        root: where suites' paths begin.
        suite: the path below *root* of the suite that has no baselines, without ``test_`` and ``.py``.
        model: that the cells are of.
        cells: ids of its cells that have no baseline.
    """
    own = baseline_path(folder, suite, model)
    return [path for path in _of_other_suites(folder, root, model) if path != own and _holds(path, cells)]


def _of_other_suites(folder: Path, root: Path, model: str) -> Iterator[Path]:
    for path in sorted(folder.glob(f"**/{model}.json")):
        suite = path.parent.relative_to(folder)
        files = [root / suite.parent / name for name in (f"test_{suite.name}.py", f"{suite.name}.py")]
        if not any(file.is_file() for file in files):
            yield path


def _holds(path: Path, cells: Collection[str]) -> bool:
    try:
        return not read_baselines(path).keys().isdisjoint(cells)
    except BaselineError:  # not this run's: whoever reads it is told
        return False
