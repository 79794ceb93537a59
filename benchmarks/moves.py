"""What it costs to move a worker to another CPU: how long its next inferences take until the caches are warm again.

    python -m benchmarks.moves run --out benchmarks/recorded/moves/NAME.json
    python -m benchmarks.moves table benchmarks/recorded/moves/*.json > docs/moves.md

For each runtime that is here: the time of the move itself, and the first inferences after it as multiples of what an
inference takes on a CPU that it has been on for a while.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tabulate import tabulate

from harness.cli.calibrate import default_cells
from harness.judge.words import say
from harness.meters.cpu_turns import SETTLING_INFERENCES
from harness.meters.latency import LEAST_WARM_ITERATIONS, LEAST_WARM_NS
from harness.pipeline.catalog import load_catalog
from harness.pipeline.noise_trials import Bench, set_up
from harness.pipeline.resolved import resolve
from harness.pipeline.settings import Settings, default_cache
from harness.pipeline.workers import open_worker
from harness.targets.local import Local
from harness.targets.lock import TargetLock

SHOWN = (1, 2, 3, 4, 5, 8, 16)
"""Inferences after a move, counted from 1."""
STEADY_AFTER = 64
"""Inferences after which a worker counts as at home."""
Document = dict[str, Any]


def measured(moves: int) -> Document:
    """The times of so many *moves* on every runtime that is here.

    Raises:
        SystemExit: there is only one CPU.
    """
    load_catalog()
    target = Local()
    cpus = target.cpus()
    if len(cpus) < 2:
        raise SystemExit("there is no other CPU to move to")
    with tempfile.TemporaryDirectory(prefix="edge-harness-moves-") as folder:
        settings = Settings(cache=default_cache(), scratch=Path(folder))
        benches = set_up(default_cells(), settings, _tell)
        with TargetLock(target.name).exclusive(_tell):
            rows = [_moved(bench, settings, list(cpus), moves) for bench in benches]
    return {
        "command": f"python -m benchmarks.moves run --moves {moves}",
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": target.hardware().name,
        "runtimes": rows,
    }


def _moved(bench: Bench, settings: Settings, cpus: list[int], moves: int) -> Document:
    draw = random.Random(0)
    worker, _ = open_worker(resolve(bench.cell), bench.artifact, settings)
    took, after = [], []
    with worker:
        worker.prepare(bench.sample)
        worker.ask("move", cpus=[cpus[0]], settle=0)
        worker.ask("warm_up", least_iterations=LEAST_WARM_ITERATIONS, least_ns=LEAST_WARM_NS)
        here = cpus[0]
        for _ in range(moves):
            here = draw.choice([cpu for cpu in cpus if cpu != here])
            begun = time.perf_counter_ns()
            worker.ask("move", cpus=[here], settle=0)
            took.append(time.perf_counter_ns() - begun)
            times = worker.time(2 * STEADY_AFTER)
            steady = median(times[STEADY_AFTER:].tolist())
            after.append([round(float(times[number - 1] / steady), 3) for number in SHOWN])
    return {"cell": bench.cell.id, "move_ns": median(took), "steady_ns": steady, "after": after}


def page(documents: Sequence[Document]) -> list[str]:
    """The lines of the page; medians over the moves."""
    lines = [
        "# What moving a worker to another CPU costs",
        "",
        "Made by `python -m benchmarks.moves table` from recorded runs; don't edit. After a move the first inferences find cold",
        "caches: their times as multiples of an inference on a CPU that the worker has been on for a while, medians over many",
        f"moves. A gate lets {SETTLING_INFERENCES} inferences go by before it times ([how verdicts are reached](statistics.md#latency)).",
    ]
    headers = ["cell", "move", "inference", *(f"{number}." for number in SHOWN)]
    for document in documents:
        rows = [
            [
                row["cell"],
                say(row["move_ns"], "ns"),
                say(row["steady_ns"], "ns"),
                *(f"{median(ratios):.2f} x" for ratios in zip(*row["after"], strict=True)),
            ]
            for row in document["runtimes"]
        ]
        lines += ["", f"## {document['hardware']}, {document['date']}", ""]
        lines += [tabulate(rows, headers=headers, tablefmt="github"), "", f"Recorded by `{document['command']}`."]
    return lines


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="measure moves, and print their page")
    running.add_argument("--moves", type=int, default=100)
    running.add_argument("--out", type=Path)
    showing = commands.add_parser("table", help="print the page of what was recorded")
    showing.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    if options.command == "table":
        print("\n".join(page([json.loads(path.read_text(encoding="utf-8")) for path in sorted(options.files)])))
        return
    document = measured(options.moves)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    print("\n".join(page([document])))


if __name__ == "__main__":
    main()
