"""Compares latency rules on the same trials: ours, and those of pytest-benchmark, benchstat, pyperf and asv.

One trial measures twice what is known beforehand, equal artifacts or one that is really slowed down (a spin inside the
timed call): *one after the other*, as those tools compare a run with a saved one, and *in alternation*, as a gate does.

    python benchmarks/verdicts.py record --trials 0:100,0.05:40,0.10:60 --neighbours 2 --out FILE.json.gz
    python benchmarks/verdicts.py table FILE.json.gz ... > docs/verdicts-compared.md
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu, ttest_ind

from harness.cli.calibrate import cell_named
from harness.core.context import Context
from harness.core.finding import Verdict
from harness.core.timing import Timing
from harness.judge.latency import MAX_PAIRS, ROUNDS_PER_PAIR, look, ratio_evidence
from harness.meters.latency import LEAST_WARM_ITERATIONS, LEAST_WARM_NS, iterations_for
from harness.pipeline.catalog import load_catalog
from harness.pipeline.measure import open_worker, time_pair
from harness.pipeline.noise_trials import Bench, Slowed, planned, set_up
from harness.pipeline.resolved import resolve
from harness.pipeline.settings import Settings, default_cache
from harness.stats.intervals import proportion_interval
from harness.targets.local import Local
from harness.targets.lock import TargetLock

LIMIT = 1.05
EPOCHS = MAX_PAIRS * ROUNDS_PER_PAIR
"""Of a run by itself: as many as the alternating one has at most."""
SCHEMA = 1
MEAN, MEDIAN, LEAST = 0, 1, 2
"""What is kept of an epoch."""

Run = Sequence[Sequence[float]]
Rule = Callable[[dict[str, Any]], bool]


def _slower(trial: dict[str, Any], statistic: Callable[[Sequence[float]], float], factor: float) -> bool:
    saved, current = ([epoch[MEAN] for epoch in trial["alone"][side]] for side in ("saved", "current"))
    return statistic(current) > factor * statistic(saved)


def _significant(trial: dict[str, Any], test: Callable[..., Any], alpha: float) -> bool:
    saved, current = ([epoch[MEAN] for epoch in trial["alone"][side]] for side in ("saved", "current"))
    return bool(test(current, saved).pvalue < alpha) and _slower(trial, median, 1.0)


def ours(trial: dict[str, Any]) -> Verdict:
    """The verdict of the gate on the alternating rounds."""
    pairs = [[(c, o) for c, o in rounds] for rounds in trial["alternating"]]
    for count in range(1, len(pairs) + 1):
        taken = look(ratio_evidence(pairs[:count]), LIMIT)
        if taken.finished:
            return taken.verdict
    raise ValueError("the rounds end before the verdict")


RULES: dict[str, Rule] = {
    "pytest-benchmark `median:5%`": lambda trial: _slower(trial, median, 1.05),
    "pytest-benchmark `min:5%`": lambda trial: _slower(trial, min, 1.05),
    "benchstat: Mann-Whitney p < .05": lambda trial: _significant(trial, mannwhitneyu, 0.05),
    "pyperf: t-test p < .05": lambda trial: _significant(trial, ttest_ind, 0.05),
    "asv: Mann-Whitney p < .002 and median + 10 %": lambda trial: (
        _significant(trial, mannwhitneyu, 0.002) and _slower(trial, median, 1.1)
    ),
    "**Edge Harness: in alternation, limit 1.05 x**": lambda trial: ours(trial) is Verdict.OVER_BUDGET,
}


def record(options: argparse.Namespace) -> None:
    """Measure trials and write them."""
    from tqdm import tqdm

    load_catalog()
    cell = cell_named(options.cell)
    counts = {float(k): int(v) for k, v in (pair.split(":") for pair in options.trials.split(","))}
    trials = []
    with tempfile.TemporaryDirectory() as scratch, neighbours(options.neighbours):
        settings = Settings(cache=default_cache(), scratch=Path(scratch))
        bench = set_up(cell, settings, _tell)
        before = Local().moment()
        for number, slowdown in enumerate(tqdm(planned(counts, 0, seed=options.seed), file=sys.stderr)):
            assert slowdown is not None
            trials.append(_trial(bench, slowdown, settings, options.seed + number))
        context = Context.between(before, Local().moment())
    document = {
        "schema": SCHEMA,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "hardware": Local().hardware().name,
        "cell": cell.id,
        "versions": dict(bench.versions),
        "neighbours": options.neighbours,
        "context": context.words,
        "command": " ".join(["python", "benchmarks/verdicts.py", *sys.argv[1:]]),
        "trials": trials,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    packed = gzip.compress(json.dumps(document, separators=(",", ":")).encode(), 9, mtime=0)
    options.out.write_bytes(packed)


def _trial(bench: Bench, slowdown: float, settings: Settings, seed: int) -> dict[str, Any]:
    with TargetLock(bench.cell.target).exclusive(_tell):
        begun = time.monotonic()
        alone = {"saved": _alone(bench, 0.0, settings), "current": _alone(bench, slowdown, settings)}
        alone_s = time.monotonic() - begun

        def enough(timing: Timing) -> bool:
            return look(ratio_evidence(timing.pairs), LIMIT).finished

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
        "alone": alone,
        "alternating": [[[_short(side) for side in sides] for sides in rounds] for rounds in timing.pairs],
        "alone_s": round(alone_s, 2),
        "alternating_s": round(alternating_s, 2),
    }


def _alone(bench: Bench, slowdown: float, settings: Settings) -> list[list[float]]:
    """One run by itself: mean, median and least inference of every epoch."""
    worker, _ = open_worker(resolve(bench.cell), bench.artifact, settings)
    with worker:
        worker.prepare(bench.sample)
        side = Slowed(worker, slowdown) if slowdown else worker
        warm = side.ask("warm_up", least_iterations=LEAST_WARM_ITERATIONS, least_ns=LEAST_WARM_NS)
        iterations = iterations_for(int(warm["p50_ns"]))
        epochs = [side.time(iterations) for _ in range(EPOCHS)]
    return [[_short(float(np.mean(e))), _short(float(np.median(e))), int(e.min())] for e in epochs]


def _short(value: float) -> float:
    return float(f"{value:.6g}")


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Other work on the machine while the block runs: processes that compute in bursts."""
    processes = [
        multiprocessing.get_context("spawn").Process(target=_burst, args=(n,), daemon=True) for n in range(count)
    ]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()


def _burst(seed: int) -> None:
    """Bursts of 20 to 400 ms, pauses of 50 ms to 1 s."""
    draw = random.Random(seed)
    while True:
        end = time.monotonic() + draw.uniform(0.02, 0.4)
        while time.monotonic() < end:
            np.sort(np.random.default_rng(0).random(20_000))
        time.sleep(draw.uniform(0.05, 1.0))


def table(options: argparse.Namespace) -> None:
    """Print the page that the documentation shows."""
    documents = [json.loads(gzip.decompress(path.read_bytes())) for path in options.files]
    for document in documents:
        if document["schema"] != SCHEMA:
            raise SystemExit(f"recorded with schema {document['schema']}, this script reads {SCHEMA}")
    print("\n".join(page(documents)))


def page(documents: Sequence[dict[str, Any]]) -> list[str]:
    """The lines of the page."""
    lines = [
        "# Latency rules compared",
        "",
        "Made by `benchmarks/verdicts.py table` from recorded trials; don't edit. Every rule sees the same trials. In one the",
        "artifact is timed *one after the other* in two fresh processes, as tools do that compare with a saved run, and *in",
        "alternation*, as a gate does. A slow-down is real: a spin inside the timed call.",
    ]
    for document in documents:
        trials = document["trials"]
        slowdowns = sorted({trial["slowdown"] for trial in trials})
        count = document["neighbours"]
        busy = f"with {count} neighbours that compute in bursts" if count else "as found"
        lines += [
            "",
            f"## {document['hardware']}, {busy}",
            "",
            f"`{document['cell']}` ({', '.join(f'{k} {v}' for k, v in document['versions'].items())}), {document['date']}; {document['context']}.",
            "",
            "| rule | " + " | ".join(_heading(s, trials) for s in slowdowns) + " |",
            "|---" * (1 + len(slowdowns)) + "|",
            *(_row(name, rule, trials, slowdowns) for name, rule in RULES.items()),
            "",
            *_remarks(trials),
            "",
            f"Recorded by `{document['command']}`.",
        ]
    return lines


def _heading(slowdown: float, trials: Sequence[dict[str, Any]]) -> str:
    count = sum(trial["slowdown"] == slowdown for trial in trials)
    return f"false alarms ({count} A/A)" if slowdown == 0 else f"fails at +{100 * slowdown:g} % ({count})"


def _row(name: str, rule: Rule, trials: Sequence[dict[str, Any]], slowdowns: Sequence[float]) -> str:
    cells = []
    for slowdown in slowdowns:
        found = [rule(trial) for trial in trials if trial["slowdown"] == slowdown]
        low, high = proportion_interval(sum(found), len(found), 0.95)
        cells.append(f"{sum(found) / len(found):.3f} [{low:.3f}, {high:.3f}]")
    return f"| {name} | " + " | ".join(cells) + " |"


def _remarks(trials: Sequence[dict[str, Any]]) -> list[str]:
    verdicts = [(trial["slowdown"], ours(trial)) for trial in trials]
    told = []
    for slowdown in sorted({s for s, _ in verdicts}):
        of_it = [verdict for s, verdict in verdicts if s == slowdown]
        shares = ", ".join(f"{of_it.count(v)} {v}" for v in (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.OVER_BUDGET))
        told.append(f"{'A/A' if slowdown == 0 else f'+{100 * slowdown:g} %'}: {shares}")
    clear = [
        trial["alternating_s"] for trial, (_, v) in zip(trials, verdicts, strict=True) if v is not Verdict.INCONCLUSIVE
    ]
    equal = [trial for trial in trials if trial["slowdown"] == 0]
    apart = [
        median(e[MEDIAN] for e in t["alone"]["current"]) / median(e[MEDIAN] for e in t["alone"]["saved"]) for t in equal
    ]
    together = [ratio_evidence([[(c, o) for c, o in rounds] for rounds in t["alternating"]]).ratio for t in equal]
    return [
        f"Edge Harness said: {'; '.join(told)}. Median time to a clear verdict, start of the processes included: "
        f"{median(clear):.1f} s.",
        "",
        *_seen(trials),
        f"SD of the A/A ratio: {100 * np.std(np.log(together)):.1f} % in alternation, {100 * np.std(np.log(apart)):.1f} % one after the other.",
    ]


def _seen(trials: Sequence[dict[str, Any]]) -> list[str]:
    """How far the slow-downs really were from their names: the spin is a share of what the process took while it warmed up."""
    told = []
    for slowdown in sorted({trial["slowdown"] for trial in trials} - {0.0}):
        chosen = [trial["alternating"] for trial in trials if trial["slowdown"] == slowdown]
        ratios = [ratio_evidence([[(c, o) for c, o in rounds] for rounds in pairs]).ratio for pairs in chosen]
        low, middle, high = np.quantile(ratios, [0.1, 0.5, 0.9])
        told.append(f"+{100 * slowdown:g} % was {middle:.3f} x ({low:.3f} to {high:.3f} in four of five trials)")
    if not told:
        return []
    return [f"A spin is a share of what its process took while it warmed up; in alternation, {', '.join(told)}.", ""]


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    commands = parser.add_subparsers(required=True)
    recording = commands.add_parser("record", help="measure trials")
    recording.add_argument("--trials", default="0:100,0.05:40,0.10:60", help="slow-down:count, ...")
    recording.add_argument("--neighbours", type=int, default=0, help="processes that compute in bursts meanwhile")
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
