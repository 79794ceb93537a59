"""``edge-harness report``: a run rendered again, from its results alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_command(commands: Any) -> None:
    """Add the command to the parser of ``edge-harness``."""
    report = commands.add_parser("report", help="render a run again, from its results.json alone")
    report.add_argument("run_path", type=Path, metavar="RUN", help="a folder of reports/, or a results.json")
    report.add_argument("--format", choices=("terminal", "markdown", "csv"), default="terminal")
    report.add_argument("--out", type=Path, metavar="DIR", help="write report.md, results.json and results.csv there")
    report.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    from harness.pipeline.catalog import load_catalog
    from harness.reporting.files import write_one
    from harness.reporting.markdown import to_markdown
    from harness.reporting.table import frame
    from harness.reporting.terminal import to_text
    from harness.store.results import read_results

    load_catalog()  # runtimes say which versions were tested
    record = read_results(options.run_path)
    if options.format == "csv":
        print(frame(record).to_csv(index=False))
    else:
        print(to_markdown(record) if options.format == "markdown" else to_text(record))
    if options.out is not None:
        try:
            write_one(record, options.out)
        except OSError as err:
            print(f"edge-harness: error: can't write to {options.out}: {err}", file=sys.stderr)
            return 2
        print(f"written to {options.out}", file=sys.stderr)
    return 0
