"""The report folder of a run: ``report.md``, ``results.json``, ``results.csv``, in ``<run>/`` and ``latest/``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import ResultsError
from harness.reporting.document import Document
from harness.reporting.writers import FILES, WRITERS
from harness.store.atomic import write_text

LATEST = "latest"


def write_reports(document: Document, folder: Path) -> Path:
    """Write all files of *document* below *folder*; returns the run's own folder.

    Raises:
        ResultsError: the folder can't be written, or a figure is not a number.
    """
    own = folder / document.record.run.id
    contents = rendered(document)
    try:
        for place in (own, folder / LATEST):
            write_files(contents, place)
    except OSError as err:
        raise ResultsError(
            f"reports can't be written to {folder}: {err}. Choose another folder: --harness-reports DIR"
        ) from err
    return own


def write_benchmarks(document: Document, path: Path) -> None:
    """Write the latencies of *document* to *path*, in pytest-benchmark's format.

    Raises:
        ResultsError: *path* can't be written.
    """
    try:
        write_text(path, _encodable(WRITERS["benchmark"](document)))
    except OSError as err:
        raise ResultsError(f"latencies can't be written to {path}: {err}") from err


def rendered(document: Document) -> dict[str, str]:
    """The content of each file of a report folder.

    Raises:
        ResultsError: a figure is not a number.
    """
    return {name: _encodable(WRITERS[form](document)) for name, form in FILES.items()}


def write_files(contents: Mapping[str, str], place: Path) -> None:
    """Write *contents*, by file name, into the folder *place*, each whole or not at all.

    Raises:
        OSError: the place can't be written.
    """
    for name, content in contents.items():
        write_text(place / name, content)


def _encodable(text: str) -> str:
    """*text* with ``?`` for what UTF-8 can't hold: a reason may name a file whose name is no text."""
    return text.encode("utf-8", "replace").decode("utf-8")
