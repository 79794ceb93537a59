"""The console script ``edge-harness``: one subcommand per file of this folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from harness import __version__
from harness.cli import cache, calibrate, doctor, listing, report
from harness.errors import HarnessError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what was asked, 1 when doctor found a required runtime missing, 2 for wrong use."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except HarnessError as err:
        print(f"edge-harness: error: {err}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0  # whoever read the output, such as head, has seen enough


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="edge-harness", description="Benchmark and regression tests for compressed edge models."
    )
    parser.add_argument("--version", action="version", version=f"edge-harness {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (doctor, report, listing, cache, calibrate):
        command.add_command(commands)
    return parser
