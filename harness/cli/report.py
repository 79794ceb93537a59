"""``edge-harness report``: a run rendered again, from its results alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_command(commands: Any) -> None:
    """Add the command to the parser of ``edge-harness``."""
    from harness.reporting.writers import WRITERS

    report = commands.add_parser("report", help="render a run again, from its results.json alone")
    report.add_argument("run_path", type=Path, metavar="RUN", help="a folder of reports/, or a results.json")
    report.add_argument("--format", choices=tuple(WRITERS), default="terminal")
    report.add_argument(
        "--columns", default="", metavar="NAMES", help="figures of the terminal's table: titles or names, or all"
    )
    report.add_argument("--out", type=Path, metavar="DIR", help="write report.md, results.json and results.csv there")
    report.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    from harness.pipeline.catalog import load_catalog
    from harness.reporting.document import Document
    from harness.reporting.files import rendered, write_files
    from harness.reporting.terminal import to_text
    from harness.reporting.writers import WRITERS
    from harness.store.results import read_results

    load_catalog()  # runtimes say which versions were tested
    document = Document.of(read_results(options.run_path))
    if options.format == "terminal":
        print(to_text(document, options.columns))
    else:
        print(WRITERS[options.format](document))
    if options.out is not None:
        try:
            write_files(rendered(document), options.out)
        except OSError as err:
            print(f"edge-harness: error: can't write to {options.out}: {err}", file=sys.stderr)
            return 2
        print(f"written to {options.out}", file=sys.stderr)
    return 0
