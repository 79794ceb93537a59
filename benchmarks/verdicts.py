"""Compares latency rules on the same trials: ours, and those of pytest-benchmark, benchstat, pyperf and asv.

One trial measures twice what is known beforehand, equal artifacts or one that is really slowed down (a spin inside the
timed call): *one after the other*, as those tools compare a run with a saved one, and *in alternation*, as a gate does.

    python -m benchmarks.verdicts record --trials 0:100,0.05:40,0.10:60 --neighbours 2 --out FILE.json.gz
    python -m benchmarks.verdicts table FILE.json.gz ... > docs/verdicts-compared.md
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.verdicts_page import LIMIT, SCHEMA, page, read
from harness.cli.calibrate import cell_named, default_cells
from harness.core.context import Context
from harness.core.timing import Timing
from harness.judge.latency import ROUNDS_PER_PAIR, evidence_of, look
from harness.meters.latency import LEAST_WARM_ITERATIONS, LEAST_WARM_NS, iterations_for
from harness.pipeline.catalog import load_catalog
from harness.pipeline.neighbours import neighbours
from harness.pipeline.noise_trials import Bench, Slowed, planned, set_up
from harness.pipeline.resolved import resolve
from harness.pipeline.settings import Settings, default_cache
from harness.pipeline.timed_pairs import TimedSide, time_pair
from harness.pipeline.workers import open_worker
from harness.targets.local import Local
from harness.targets.lock import TargetLock

EPOCHS = 3 * ROUNDS_PER_PAIR
"""Of a run by itself: somewhat more than an alternating one usually has."""


def record(options: argparse.Namespace) -> None:
    """Measure trials and write them."""
    from tqdm import tqdm

    load_catalog()
    cell = cell_named(options.cell) if options.cell else default_cells()[0]
    counts = {float(k): int(v) for k, v in (pair.split(":") for pair in options.trials.split(","))}
    trials = []
    with tempfile.TemporaryDirectory() as scratch, neighbours(options.neighbours):
        settings = Settings(cache=default_cache(), scratch=Path(scratch))
        (bench,) = set_up([cell], settings, _tell)
        before = Local().moment()
        for number, (_, slowdown) in enumerate(tqdm(planned([bench], counts, 0, seed=options.seed), file=sys.stderr)):
            assert slowdown is not None, "no trial of two artifacts was planned"
            trials.append(
                _trial(bench, slowdown, settings, options.seed + number, alone=not options.in_alternation_only)
            )
        context = Context.between(before, Local().moment())
    document = {
        "schema": SCHEMA,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "hardware": Local().hardware().name,
        "cell": cell.id,
        "versions": dict(bench.versions),
        "neighbours": options.neighbours,
        "context": context.words,
        "command": " ".join(["python", "-m", "benchmarks.verdicts", *sys.argv[1:]]),
        "trials": trials,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    packed = gzip.compress(json.dumps(document, separators=(",", ":")).encode(), 9, mtime=0)
    options.out.write_bytes(packed)


def _trial(bench: Bench, slowdown: float, settings: Settings, seed: int, *, alone: bool) -> dict[str, Any]:
    with TargetLock(bench.cell.target).exclusive(_tell):
        begun = time.monotonic()
        one_after_the_other = None
        if alone:
            one_after_the_other = {"saved": _alone(bench, 0.0, settings), "current": _alone(bench, slowdown, settings)}
        alone_s = time.monotonic() - begun

        def enough(timing: Timing) -> bool:
            return look(evidence_of(timing), LIMIT).finished

        timing = time_pair(
            [(resolve(bench.cell), bench.artifact, ""), (resolve(bench.cell), bench.artifact, "the other side")],
            bench.sample,
            enough,
            seed=seed,
            settings=settings,
            wrap=(lambda worker: Slowed(worker, slowdown)) if slowdown else (lambda worker: worker),
        )
        alternating_s = time.monotonic() - begun - alone_s
    return {
        "slowdown": slowdown,
        "alone": one_after_the_other,
        "placing": str(timing.placing),
        "alternating": [[[_short(side) for side in sides] for sides in rounds] for rounds in timing.pairs],
        "alone_s": round(alone_s, 2),
        "alternating_s": round(alternating_s, 2),
    }


def _alone(bench: Bench, slowdown: float, settings: Settings) -> list[list[float]]:
    """One run by itself: mean, median and least inference of every epoch."""
    worker, _ = open_worker(resolve(bench.cell), bench.artifact, settings)
    with worker:
        worker.prepare(bench.sample)
        side = Slowed(TimedSide(worker, bench.sample), slowdown) if slowdown else worker
        warm = side.ask("warm_up", least_iterations=LEAST_WARM_ITERATIONS, least_ns=LEAST_WARM_NS)
        iterations = iterations_for(int(warm["p50_ns"]))
        epochs = [side.time(iterations) for _ in range(EPOCHS)]
    return [[_short(float(np.mean(e))), _short(float(np.median(e))), int(e.min())] for e in epochs]


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def table(options: argparse.Namespace) -> None:
    """Print the page that the documentation shows."""
    print("\n".join(page([read(path) for path in sorted(options.files)])))


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    commands = parser.add_subparsers(required=True)
    recording = commands.add_parser("record", help="measure trials")
    recording.add_argument("--trials", default="0:100,0.05:40,0.10:60", help="slow-down:count, ...")
    recording.add_argument("--neighbours", type=int, default=0, help="processes that compute in bursts meanwhile")
    recording.add_argument(
        "--in-alternation-only", action="store_true", help="leave out what the other tools' rules compare"
    )
    recording.add_argument("--cell", help="MODEL/RECIPE/RUNTIME (default: as edge-harness calibrate)")
    recording.add_argument("--seed", type=int, default=0)
    recording.add_argument("--out", type=Path, required=True)
    recording.set_defaults(run=record)
    showing = commands.add_parser("table", help="print the page that compares the rules")
    showing.add_argument("files", type=Path, nargs="+")
    showing.set_defaults(run=table)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
