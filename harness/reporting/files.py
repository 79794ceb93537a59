"""The report folder of a run: ``report.md``, ``results.json``, ``results.csv``, in ``<run>/`` and ``latest/``."""

from __future__ import annotations

from pathlib import Path

from harness.core.run_record import RunRecord
from harness.errors import ResultsError
from harness.reporting.markdown import to_markdown
from harness.reporting.table import frame
from harness.store.atomic import write_text
from harness.store.results import write_results

LATEST = "latest"


def write_reports(record: RunRecord, folder: Path) -> Path:
    """Write all files of *record* below *folder*; returns the run's own folder.

    Raises:
        ResultsError: the folder can't be written.
    """
    own = folder / record.run.id
    try:
        for place in (own, folder / LATEST):
            write_one(record, place)
    except OSError as err:
        raise ResultsError(
            f"reports can't be written to {folder}: {err}. Choose another folder: --harness-reports DIR"
        ) from err
    return own


def write_one(record: RunRecord, place: Path) -> None:
    """Write the three files of *record* into *place*."""
    write_results(record, place / "results.json")
    write_text(place / "results.csv", _encodable(frame(record).to_csv(index=False)))
    write_text(place / "report.md", _encodable(to_markdown(record)))


def _encodable(text: str) -> str:
    """*text* with ``?`` for what UTF-8 can't hold: a reason may name a file whose name is no text."""
    return text.encode("utf-8", "replace").decode("utf-8")
