"""What pages about a suite's run are made from: the figures of its cells, kept in a small file."""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.store.results_upgrade import upgraded

SCHEMA = 1
Document = dict[str, Any]


def recorded(results: Document, command: str, keep: Callable[[Document], bool]) -> Document:
    """What a page needs of a run's ``results.json``, with the findings that *keep* lets through."""
    results = upgraded(results)
    run = results["run"]
    cells = [
        {
            **{key: cell[key] for key in ("model", "recipe", "runtime", "status", "reason")},
            "measurements": {one["name"]: [one["value"], one["n"], one["interval"]] for one in cell["measurements"]},
            "steps": ((cell["artifact"] or {}).get("provenance") or {}).get("steps", []),
            "placement": _placement(cell),
        }
        for cell in results["cells"]
    ]
    findings = [
        {key: finding[key] for key in ("cell", "metric", "verdict", "reason")}
        for finding in results["findings"]
        if keep(finding)
    ]
    return {
        "schema": SCHEMA,
        "command": command,
        "hardware": next(iter(run["hardware"].values())),
        "versions": run["versions"],
        "started": run["started"],
        "cells": cells,
        "findings": findings,
    }


def _placement(cell: Document) -> Document:
    """As recorded files have it since their first version."""
    placement = cell["placement"]
    return {"asked": placement["provider"], "operators": placement["operators"]} if placement else {}


def run_commands(
    prog: str,
    description: str,
    record: Callable[[Document], Document],
    page: Callable[[Sequence[Document]], list[str]],
) -> int:
    """The command line of a page: ``record`` a run's results, print the ``table``; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog=prog, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="keep what the page needs of a run")
    recording.add_argument("results", type=Path)
    recording.add_argument("--out", type=Path, required=True)
    table = commands.add_parser("table", help="print the page")
    table.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    if options.command == "record":
        document = record(json.loads(options.results.read_text(encoding="utf-8")))
        options.out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        options.out.write_bytes(gzip.compress(text.encode(), mtime=0))
        return 0
    print("\n".join(page([read(path) for path in sorted(options.files)])))
    return 0


def read(path: Path) -> Document:
    """The document that was recorded in *path*."""
    document: Document = json.loads(gzip.decompress(path.read_bytes()))
    return document
