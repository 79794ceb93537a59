"""The console script ``edge-harness``: ``doctor`` and ``report``."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    doctor = commands.add_parser("doctor", help="what can run on this machine, and why the rest can't")
    doctor.add_argument(
        "--require", action="append", default=[], metavar="RUNTIME", help="exit with 1 unless it is available"
    )
    doctor.set_defaults(run=_doctor)
    report = commands.add_parser("report", help="render a run again, from its results.json alone")
    report.add_argument("run_path", type=Path, metavar="RUN", help="a folder of reports/, or a results.json")
    report.add_argument("--format", choices=("terminal", "markdown", "csv"), default="terminal")
    report.add_argument("--out", type=Path, metavar="DIR", help="write report.md, results.json and results.csv there")
    report.set_defaults(run=_report)
    return parser


def _doctor(options: argparse.Namespace) -> int:
    from tabulate import tabulate

    from harness import __version__
    from harness.engine.catalog import load_catalog
    from harness.engine.settings import default_cache
    from harness.runtimes.registry import availability, runtimes
    from harness.targets.local_hardware import local_hardware

    load_catalog()
    for name in options.require:
        runtimes.get(name)
    found = {runtime.name: availability(runtime) for runtime in runtimes}
    print(f"edge-harness {__version__}, Python {platform.python_version()}, {platform.system()}")
    print(f"hardware class: {local_hardware().name}")
    print(f"artifact cache: {default_cache()}\n")
    rows = [
        [
            name,
            "yes" if here.ok else "no",
            ", ".join(f"{package} {version}" for package, version in here.versions) or "-",
            ", ".join(_precisions(name)) if here.ok else here.reason,
        ]
        for name, here in found.items()
    ]
    print(tabulate(rows, headers=["runtime", "available", "versions", "recipes, or why not"], tablefmt="simple"))
    print()
    print(tabulate(_data_rows(), headers=["data set", "usable", "models", "samples, or why not"], tablefmt="simple"))
    missing = [name for name in options.require if not found[name].ok]
    for name in missing:
        print(f"edge-harness: required runtime {name} is unavailable: {found[name].reason}", file=sys.stderr)
    return 1 if missing else 0


def _precisions(engine: str) -> list[str]:
    """The recipes of one step that a runtime lowers to on its default provider."""
    from harness.core.names import RuntimeName
    from harness.recipes.registry import steps
    from harness.runtimes.registry import runtimes

    runtime = runtimes.get(engine)
    wanted = [step for step in steps if step.precision is not None]
    name = RuntimeName(engine=engine)
    return [step.name for step in wanted if step.precision is not None and not runtime.refusal(name, step.precision)]


def _data_rows() -> list[list[str]]:
    from harness.zoo.registry import datasets, models

    rows = []
    for dataset in datasets:
        users = ", ".join(model.name for model in models if model.dataset == dataset.name) or "-"
        try:
            data = dataset.load().checked(dataset.name)
        except HarnessError as err:
            rows.append([dataset.name, "no", users, str(err)])
        except ImportError as err:
            rows.append([dataset.name, "no", users, f"{err} (a package is missing)"])
        else:
            said = f"{len(data.evaluation)} for evaluation, {len(data.calibration)} for calibration"
            rows.append([dataset.name, "yes", users, said])
    return rows


def _report(options: argparse.Namespace) -> int:
    from harness.reporting.files import write_one
    from harness.reporting.markdown import to_markdown
    from harness.reporting.table import frame
    from harness.reporting.terminal import to_text
    from harness.store.results import read_results

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


if __name__ == "__main__":
    sys.exit(main())
