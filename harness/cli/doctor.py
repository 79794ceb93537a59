"""``edge-harness doctor``: what can run on this machine, and why the rest can't."""

from __future__ import annotations

import argparse
import platform
import sys
from pathlib import Path
from typing import Any

from harness.errors import HarnessError


def add_command(commands: Any) -> None:
    """Add the command to the parser of ``edge-harness``."""
    doctor = commands.add_parser("doctor", help="what can run on this machine, and why the rest can't")
    doctor.add_argument(
        "--require", action="append", default=[], metavar="RUNTIME", help="exit with 1 unless it is available"
    )
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from tabulate import tabulate

    from harness import __version__
    from harness.engine.catalog import load_catalog
    from harness.engine.settings import default_cache
    from harness.runtimes.registry import availability, runtimes
    from harness.targets.local_hardware import local_devices, local_hardware

    load_catalog()
    for name in options.require:
        runtimes.get(name)
    found = {runtime.name: availability(runtime, local_devices()) for runtime in runtimes}
    print(f"edge-harness {__version__}, Python {platform.python_version()}, {platform.system()}")
    print(f"hardware class: {local_hardware().name}")
    print(f"artifact cache: {default_cache()}")
    print(_calibrated(), end="\n\n")
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


def _calibrated() -> str:
    """What latency verdicts are worth here, by the calibration below the current folder."""
    from harness.store.calibrations import read_calibration
    from harness.targets.local_hardware import local_hardware

    found = read_calibration(Path("baselines"), local_hardware())
    return f"latency: {found.words}" if found is not None else "latency: not calibrated (edge-harness calibrate)"


def _precisions(engine: str) -> list[str]:
    """The recipes of one step that a runtime lowers to on its default provider."""
    from harness.core.names import RuntimeName
    from harness.recipes.registry import steps
    from harness.runtimes.options import choice_of
    from harness.runtimes.registry import runtimes

    runtime = runtimes.get(engine)
    wanted = [steps.step(family.plain_name) for family in steps if "{" not in family.plain_name]
    choice = choice_of(RuntimeName(engine=engine), runtime)
    return [
        step.name
        for step in wanted
        if step.transform is None
        and step.precision is not None
        and not runtime.refusal("torch", step.precision, choice)
    ]


def _data_rows() -> list[list[str]]:
    from harness.zoo.registry import datasets, models

    rows = []
    for dataset in datasets:
        users = ", ".join(model.name for model in models if model.dataset == dataset.name) or "-"
        try:
            data = dataset.loaded()
        except HarnessError as err:
            rows.append([dataset.name, "no", users, str(err)])
        except ImportError as err:
            rows.append([dataset.name, "no", users, f"{err} (a package is missing)"])
        else:
            said = f"{len(data.evaluation)} for evaluation, {len(data.calibration)} for calibration"
            rows.append([dataset.name, "yes", users, said])
    return rows
