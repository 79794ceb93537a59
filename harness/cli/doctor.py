"""``edge-harness doctor``: what can run on this machine, and why the rest can't."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.contracts import Availability, Runtime, Target
from harness.core.names import LOCAL
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.pipeline.engine_answers import EngineAnswers

NO = "no"
YES = "yes"


def add_command(commands: Any) -> None:
    """Add the command to the parser of ``edge-harness``."""
    doctor = commands.add_parser("doctor", help="what can run on this machine, and why the rest can't")
    doctor.add_argument(
        "--require", action="append", default=[], metavar="RUNTIME", help="exit with 1 unless it is available"
    )
    doctor.add_argument(
        "--run", action="store_true", dest="proves", help="run a small model on each engine, in a process of its own"
    )
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from harness import __version__
    from harness.pipeline.catalog import load_catalog
    from harness.pipeline.engine_answers import EngineAnswers
    from harness.pipeline.settings import default_cache
    from harness.registries import runtimes, targets

    load_catalog()
    for name in options.require:
        runtimes.get(name)
    target = targets.get(LOCAL)
    answers = EngineAnswers(default_cache(), _to_stderr, again=True)
    found = {runtime.name: _available(runtime, target, answers) for runtime in runtimes}
    print(f"edge-harness {__version__}, Python {platform.python_version()}, {platform.system()}")
    print(f"hardware class: {target.hardware().name}")
    print(f"artifact cache: {default_cache()}")
    print(_calibrated(target), end="\n\n")
    _print_table(
        ["runtime", "available", "versions, or why not", "providers", "options"],
        [_runtime_row(runtime, found[runtime.name], target, answers) for runtime in runtimes],
    )
    _print_remedies(found)
    _print_support(runtimes)
    _print_table(["data set", "usable", "models", "samples, or why not"], _data_rows())
    missing = [name for name in options.require if not found[name].ok]
    for name in missing:
        print(f"edge-harness: required runtime {name} is unavailable: {found[name].reason}", file=sys.stderr)
    broken = _proved() if options.proves else False
    return 1 if missing or broken else 0


def _to_stderr(line: str) -> None:
    print(f"edge-harness: {line}", file=sys.stderr)


def _available(runtime: Runtime, target: Target, answers: EngineAnswers) -> Availability:
    """Whether *runtime* can build here, and run on its default provider, by the engine's own word where that is needed."""
    from harness.runtimes.availability import availability

    here = availability(runtime, target)
    answer = answers.of(runtime, runtime.providers[0], target) if here.ok else None
    return replace(here, ok=False, reason=answer.reason) if answer is not None and answer.reason else here


def _print_table(headers: list[str], rows: list[list[str]]) -> None:
    from harness.reporting.screen import terminal_width
    from harness.reporting.text_table import TextTable, wrapped

    table = TextTable(headers=tuple(headers), rows=tuple(map(tuple, rows)), left=range(len(headers)))
    print(wrapped(table, terminal_width()), end="\n\n")


def _print_remedies(found: Mapping[str, Availability]) -> None:
    """How to install what is missing, each command whole on its line."""
    remedies = {name: here.reason.partition("; pip install")[2] for name, here in found.items() if not here.ok}
    lines = [f"  {name}: pip install{remedy}" for name, remedy in remedies.items() if remedy]
    if lines:
        print("\n".join(["to install what is missing:", *lines]), end="\n\n")


def _wrapped(reason: str) -> list[str]:
    """*reason* as lines that fit the terminal, the first less indented."""
    from textwrap import wrap

    from harness.reporting.screen import terminal_width

    return wrap(reason, terminal_width(), initial_indent="  ", subsequent_indent="    ")


def _runtime_row(runtime: Runtime, here: Availability, target: Target, answers: EngineAnswers) -> list[str]:
    from harness.runtimes.tested_versions import known_versions, untested

    wrong = {sentence.split(" ", 1)[0] for sentence in untested(here.versions, known_versions())}
    versions = [f"{name} {version}{' (untested)' if name in wrong else ''}" for name, version in here.versions]
    options = [f"{one.name}={'|'.join(one.values)} ({one.default})" for one in runtime.options]
    return [
        runtime.name,
        YES if here.ok else NO,
        ", ".join(versions) if here.ok else here.reason.partition("; pip install")[0],
        ", ".join(_providers(runtime, target, answers)),
        "; ".join(options) or "-",
    ]


def _providers(runtime: Runtime, target: Target, answers: EngineAnswers) -> Iterable[str]:
    from harness.pipeline.engine_answers import Answer
    from harness.runtimes.availability import can_run

    for provider in runtime.providers:
        here = can_run(runtime, provider, target)
        answer = answers.of(runtime, provider, target) if here.ok else Answer(reason=here.reason.partition(";")[0])
        notes = [answer.reason] if answer.reason else []
        notes += [f"gave no answer: {answer.doubt}"] if answer.doubt else []
        notes += ["not timed"] if provider.untimed else []
        said = f" ({', '.join(notes)})" if notes else ""
        yield provider.name + said


def _calibrated(target: Target) -> str:
    """What latency verdicts are worth on *target*, by the calibration below the current folder."""
    from harness.store.noise_profiles import read_noise

    found = read_noise(Path("baselines"), target.hardware())
    return f"latency: {found.words}" if found is not None else "latency: not calibrated (edge-harness calibrate)"


def _print_support(runtimes: Iterable[Runtime]) -> None:
    """Which number formats every runtime lowers every framework's models to on its default provider, and why not."""
    from harness.core.names import RuntimeName
    from harness.registries import exporters, frameworks, steps
    from harness.runtimes.options import choice_of

    wanted = [steps.step(family.plain_name) for family in steps if "{" not in family.plain_name]
    formats = [step for step in wanted if step.transform is None and step.precision is not None]
    rows, reasons = [], []
    for runtime in runtimes:
        choice = choice_of(RuntimeName(runtime=runtime.name), runtime)
        for framework in frameworks:
            if exporters.find(framework.name, runtime.interchanges) is None:
                continue
            told = []
            for step in formats:
                assert step.precision is not None
                refused = runtime.refusal(framework.name, step.precision, choice)
                told.append(NO if refused else YES)
                reasons += [f"{step.name} of {framework.name} models on {runtime.name}: {refused}"] if refused else []
            rows.append([runtime.name, framework.name, *told])
    _print_table(["runtime", "models of", *(step.name for step in formats)], rows)
    lines = [line for reason in dict.fromkeys(reasons) for line in _wrapped(reason)]
    print("\n".join(["why not:", *lines]), end="\n\n")


def _data_rows() -> list[list[str]]:
    from harness.registries import datasets, models

    rows = []
    for dataset in datasets:
        users = ", ".join(model.name for model in models if model.dataset == dataset.name) or "-"
        try:
            data = dataset.loaded()
        except HarnessError as err:
            rows.append([dataset.name, NO, users, str(err)])
        except ImportError as err:
            rows.append([dataset.name, NO, users, f"{err} (a package is missing)"])
        else:
            said = f"{len(data.evaluation)} for evaluation, {len(data.calibration)} for calibration"
            rows.append([dataset.name, YES, users, said])
    return rows


def _proved() -> bool:
    """Build and run a small model on every provider of every runtime, and print what came of it; whether one broke."""
    from harness.pipeline.proof import prove_all

    rows, broken = [], False
    for proof in prove_all(_to_stderr):
        rows.append([proof.cell.runtime, proof.cell.model, proof.status, proof.detail])
        broken |= proof.broken
    _print_table(["runtime", "model", "status", "largest output error, placement, or why not"], rows)
    return broken
