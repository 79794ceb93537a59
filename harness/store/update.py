"""The update of baselines: what a run found goes to the files of its suites, and what is refused is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.baseline import CellBaseline
from harness.core.finding import Finding
from harness.core.metrics import METRICS
from harness.core.result import CellResult
from harness.core.run_record import RunInfo
from harness.store.acceptance import Acceptance, accept
from harness.store.baselines import baseline_path, read_baselines, update_baselines


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePolicy:
    """How figures are accepted."""

    reason: str = ""
    """Why worse figures are accepted; empty: they are refused."""
    only_new: bool = False
    """Whether figures that have a baseline stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What became of the figures of one baseline file or of several."""

    recorded: tuple[str, ...] = ()
    """A line about each figure that was written."""
    files: tuple[str, ...] = ()
    """A line about each file."""
    refused: tuple[str, ...] = ()
    """A line about each figure that was not written, and why."""
    judged: frozenset[tuple[str, str]] = frozenset()
    """Cell and metric of the findings whose figure was written."""

    def __add__(self, other: Update) -> Update:
        return Update(
            recorded=self.recorded + other.recorded,
            files=self.files + other.files,
            refused=self.refused + other.refused,
            judged=self.judged | other.judged,
        )


def update_suite(
    folder: Path,
    suite: str,
    findings: Iterable[Finding],
    cells: Mapping[str, CellResult],
    run: RunInfo,
    policy: UpdatePolicy,
) -> Iterable[Update]:
    """Write what *findings* of *suite* accept of the *cells*, by id, below *folder*; an update for each file, once it is written.

    Raises:
        BaselineError: a file can't be read or written; those before it are written.
    """
    by_model: dict[str, dict[str, list[Finding]]] = {}
    for finding in findings:
        model = cells[finding.cell].cell.model
        by_model.setdefault(model, {}).setdefault(finding.cell, []).append(finding)
    for model, by_cell in sorted(by_model.items()):
        path = baseline_path(folder, suite, model)
        before = read_baselines(path)
        accepted = {
            cell: accept(
                cells[cell],
                by_cell[cell],
                before.get(cell, {}),
                reason=policy.reason,
                commit=run.commit,
                date=run.finished[:10],
                only_new=policy.only_new,
            )
            for cell in sorted(by_cell)
        }
        changed = {cell: one.figures for cell, one in accepted.items() if one.figures}
        if changed:
            update_baselines(path, suite, model, changed)
        yield _told(path, accepted, by_cell, changed)


def _told(
    path: Path,
    accepted: Mapping[str, Acceptance],
    findings: Mapping[str, Sequence[Finding]],
    changed: Mapping[str, CellBaseline],
) -> Update:
    return Update(
        recorded=tuple(line for one in accepted.values() for line in one.recorded),
        refused=tuple(line for one in accepted.values() for line in one.refused),
        files=(f"baselines: {path}: {sum(map(len, changed.values()))} figures recorded",),
        judged=frozenset(
            (cell, finding.metric)
            for cell, one in accepted.items()
            for finding in findings[cell]
            if (change := METRICS[finding.metric].change) is not None and change.name in one.changes
        ),
    )
