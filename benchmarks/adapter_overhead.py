"""How much the harness adds to an engine's own call: a worker's timing against a bare loop in the same process.

python -m benchmarks.adapter_overhead run --out benchmarks/recorded/adapter-overhead/NAME.json
python -m benchmarks.adapter_overhead table benchmarks/recorded/adapter-overhead/*.json

``run`` measures (on a quiet machine: it takes the target's lock), prints the table and keeps what it was made from.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tabulate import tabulate

from harness.core.names import Cell, RuntimeName
from harness.core.offer import CUDA
from harness.judge.words import say
from harness.pipeline.catalog import load_catalog
from harness.pipeline.run import Run
from harness.pipeline.settings import Settings, default_cache
from harness.registries import exporters, runtimes
from harness.runtimes.options import choice_of
from harness.targets.local import Local
from harness.targets.lock import TargetLock

MODELS = {"torch": "digits_cnn", "keras": "digits_keras_cnn"}
"""The smallest model of each framework: the shorter the call, the more an overhead weighs."""
COMPARISON = """
import importlib, json, statistics, sys, time
from pathlib import Path
import numpy as np
from harness.core.tensors import Tensors
from harness.worker import program
path, side, inputs, options, bare_module = sys.argv[1:6]
sample = {name: np.array(values) for name, values in Tensors.load(Path(inputs)).typical().items()}
run_side = program.load_module(open(side).read(), side)
step = run_side.open_session(path, json.loads(options)).prepare(sample)
(only,) = sample.values()
bare = importlib.import_module(bare_module).bare_call(path, only)
def bare_epoch(iterations):
    times = []
    for _ in range(iterations):
        start = time.perf_counter_ns()
        bare()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times)
for call in (step, bare):
    for _ in range(200): call()
rounds = []
for round_ in range(60):
    if round_ % 2:
        ours = statistics.median(program.time_epoch(step, 60)); theirs = bare_epoch(60)
    else:
        theirs = bare_epoch(60); ours = statistics.median(program.time_epoch(step, 60))
    rounds.append([ours, theirs])
print(json.dumps(rounds))
"""
"""Sixty rounds in one process: the median of an epoch of ours, and of the bare loop, in ns."""
Document = dict[str, Any]


def measured(processes: int) -> Document:
    """Rounds of every runtime here, *processes* times anew."""
    load_catalog()
    with tempfile.TemporaryDirectory(prefix="edge-harness-overhead-") as folder:
        run = Run(Settings(cache=default_cache(), scratch=Path(folder)), lambda case: {}, _tell)
        cells = list(_cells())
        run.prepare_cells(cells)
        with TargetLock("local").exclusive(_tell):
            rows = [
                {
                    "runtime": cell.runtime,
                    "model": cell.model,
                    "rounds": [_compared(run, cell) for _ in range(processes)],
                }
                for cell in cells
                if cell in run.artifacts
            ]
    missing = sorted({cell.runtime for cell in cells} - {str(row["runtime"]) for row in rows})
    return {
        "schema": 1,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": Local().hardware().name,
        "missing": missing,
        "rows": rows,
    }


def _tell(line: str) -> None:
    print(f"adapter_overhead: {line}", file=sys.stderr)


def _cells() -> Iterator[Cell]:
    """The float model on each runtime that needs no GPU, of the first framework that it takes."""
    for runtime in runtimes:
        models = [
            model for framework, model in MODELS.items() if exporters.find(framework, runtime.interchanges) is not None
        ]
        if models and runtime.providers[0].device != CUDA:
            yield Cell(model=models[0], recipe="fp32", runtime=runtime.name)


def _compared(run: Run, cell: Cell) -> list[list[float]]:
    runtime = runtimes.get(cell.runtime)
    choice = choice_of(RuntimeName(runtime=cell.runtime), runtime)
    signature = run.references[cell.model].signature
    options = {
        **choice.options,
        "threads": 1,
        "provider": choice.provider.name,
        "inputs": signature.input_names,
        "outputs": signature.outputs,
    }
    _tell(f"times {cell.id}")
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            COMPARISON,
            str(run.artifacts[cell].path),
            str(runtime.run_side),
            str(run.references[cell.model].folder / "inputs"),
            json.dumps(options),
            runtime.source.module.rpartition(".")[0] + ".bare_call",
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    if ended.returncode:
        raise SystemExit(f"{cell.id}: {ended.stderr[-2000:]}")
    rounds: list[list[float]] = json.loads(ended.stdout.splitlines()[-1])
    return rounds


def page(documents: Sequence[Document]) -> list[str]:
    """A table per document, as lines of Markdown."""
    lines: list[str] = []
    for document in documents:
        rows = [_row(row["runtime"], row["model"], row["rounds"]) for row in document["rows"]]
        headers = ["runtime", "model", "bare loop", "added", "ratio", "ratio of each process"]
        lines += [f"{document['hardware']} ({document['started'][:10]})", ""]
        lines += [*tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True).splitlines(), ""]
        lines += [f"Not there: {', '.join(document['missing'])}", ""] if document["missing"] else []
    return lines


def _row(runtime: str, model: str, processes: Sequence[Sequence[Sequence[float]]]) -> list[str]:
    """Medians: of all rounds, and of the rounds of each process."""
    rounds = [round_ for process in processes for round_ in process]
    ratios = [statistics.median(ours / theirs for ours, theirs in process) for process in processes]
    return [
        runtime,
        model,
        say(statistics.median(theirs for _, theirs in rounds), "ns"),
        say(statistics.median(ours - theirs for ours, theirs in rounds), "ns"),
        f"{statistics.median(ours / theirs for ours, theirs in rounds):.3f}",
        " ".join(f"{ratio:.3f}" for ratio in ratios),
    ]


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.adapter_overhead",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure and print the table")
    run.add_argument("--out", type=Path, help="keep the rounds in this file")
    run.add_argument("--processes", type=int, default=3, help="processes for each runtime (default: 3)")
    table = commands.add_parser("table", help="print the tables of recorded runs")
    table.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    if options.command == "table":
        documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(options.files)]
    else:
        documents = [measured(options.processes)]
        if options.out is not None:
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps(documents[0], sort_keys=True) + "\n", encoding="utf-8")
    print("\n".join(page(documents)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
