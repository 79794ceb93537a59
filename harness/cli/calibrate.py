"""``edge-harness calibrate``: what latency verdicts are worth on this machine, measured and stored."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.names import LOCAL
from harness.errors import CalibrationError

if TYPE_CHECKING:
    from harness.core.names import Cell
    from harness.core.noise import NoiseProfile

DEFAULT_MODEL = "digits_cnn"
PREFERRED_RUNTIMES = ("onnxruntime", "litert", "torch")


def add_command(commands: Any) -> None:
    """Add the command to the parser of ``edge-harness``."""
    command = commands.add_parser(
        "calibrate",
        help="false alarms, power and noise of latency verdicts on this machine",
        description="Times one artifact against itself, and against itself really slowed down, in fresh processes, as a gate does; "
        "prints how often the verdict is wrong and what it sees, and stores that for this hardware class beside the baselines.",
    )
    command.add_argument(
        "cell",
        nargs="?",
        metavar="MODEL/RECIPE/RUNTIME",
        help=f"what to time (default: {DEFAULT_MODEL}/fp32 on the first of {', '.join(PREFERRED_RUNTIMES)} that is here)",
    )
    command.add_argument("--quick", action="store_true", help="under 3 minutes; coarse")
    command.add_argument("--limit", type=float, default=1.05, help="the ratio that the trials are judged against")
    command.add_argument("--trials", type=int, metavar="N", help="trials of equal artifacts; the others in proportion")
    command.add_argument("--threads", type=int, default=1, help="threads of the engine")
    command.add_argument(
        "--baselines",
        type=Path,
        default=Path("baselines"),
        metavar="DIR",
        help="where it is stored (default: baselines)",
    )
    command.add_argument("--dry-run", action="store_true", help="store nothing")
    command.set_defaults(run=_calibrate)


def _calibrate(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from harness.judge.noise import summarize
    from harness.pipeline import noise_trials
    from harness.pipeline.catalog import load_catalog
    from harness.pipeline.settings import Settings, default_cache
    from harness.registries import targets
    from harness.store.noise_profiles import calibration_path, write_noise
    from harness.store.scratch import scratch_folder

    if not options.limit > 1:
        raise CalibrationError(f"--limit {options.limit:g}: equal artifacts are tried, so that it must be above 1.")
    if options.threads < 1 or (options.trials is not None and options.trials < 1):
        raise CalibrationError("--threads and --trials must be at least 1.")
    load_catalog()
    cell = cell_named(options.cell)
    counts = dict(noise_trials.QUICK if options.quick else noise_trials.FULL)
    ratios = noise_trials.QUICK_RATIOS if options.quick else noise_trials.FULL_RATIOS
    if options.trials is not None:
        scale = options.trials / counts[0.0]
        counts = {slowdown: max(1, round(count * scale)) for slowdown, count in counts.items()}
        ratios = max(1, round(ratios * scale))
    target = targets.get(cell.target)
    hardware = target.hardware()
    if not options.dry_run:
        _check_writable(calibration_path(options.baselines, hardware).parent)
    print(f"hardware class: {hardware.name}\ncalibrating with {cell.id}, limit {options.limit:g} x")
    begun = time.monotonic()
    with scratch_folder() as scratch:
        settings = Settings(cache=default_cache(), scratch=scratch, threads=options.threads)
        tell = _tell
        bench = noise_trials.set_up(cell, settings, tell)
        order = noise_trials.planned(counts, ratios if bench.other is not None else 0, seed=0)
        seconds = noise_trials.QUICK_SECONDS if options.quick and options.trials is None else float("inf")
        trials = []
        with tqdm(total=len(order), unit="trial", file=sys.stderr, mininterval=0.5) as bar:
            for trial in noise_trials.run_trials(bench, order, options.limit, settings, tell, seconds=seconds):
                trials.append(trial)
                bar.update()
    found = summarize(
        trials,
        hardware=hardware,
        cell=cell.id,
        limit=options.limit,
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        minutes=round((time.monotonic() - begun) / 60, 1),
        quick=options.quick,
        versions=bench.versions,
    )
    target.close()
    print("\n".join(to_lines(found)))
    if not options.dry_run:
        print(f"stored: {write_noise(options.baselines, found)}")
    return 0


def to_lines(found: NoiseProfile) -> list[str]:
    """The calibration for a terminal."""
    from tabulate import tabulate

    from harness.judge.words import say

    equal = found.power[0]
    low, high = found.false_alarms
    seen = found.smallest_seen()
    rows = [
        [
            f"+{100 * p.slowdown:g} %" if p.slowdown else "none (A/A)",
            p.trials,
            p.failed,
            p.passed,
            p.inconclusive,
            f"{p.fail_share:.0%}",
            f"{p.seconds_median:.1f} s",
        ]
        for p in found.power
    ]
    headers = ["slow-down", "trials", "over budget", "pass", "inconclusive", "failed", "median time to verdict"]
    smallest = f"+{100 * seen:g} %" if seen is not None else "none of those tried"
    quiet = (
        "quiet: absolute times can be compared" if found.quiet else "not quiet: absolute times of other runs say little"
    )
    return [
        "",
        tabulate(rows, headers=headers, tablefmt="simple"),
        "",
        f"false alarms at {found.limit:g} x: {equal.failed} of {equal.trials} ({low:.1%} to {high:.1%} at 95 %)",
        f"smallest slow-down seen in 90 % of trials: {smallest}",
        f"noise floor: limits may allow no less than {found.noise_floor:.1%}",
        f"fresh processes of one artifact differ by up to {found.absolute_spread:.3f} x ({quiet})",
        f"ratios of two artifacts differ between runs by up to {found.ratio_spread:.3f} x",
        f"p50 {say(found.p50_ns, 'ns')}; {found.context or 'context not readable'}",
        f"took {found.minutes:g} minutes",
    ]


def cell_named(text: str | None) -> Cell:
    """The cell that is meant; without a name a small model on the first runtime that is here.

    Raises:
        HarnessError: it does not exist or can't run here.
    """
    from harness.core.matrix import Matrix
    from harness.core.names import Cell
    from harness.pipeline.plan import check_names, obstacle
    from harness.pipeline.resolved import resolve
    from harness.registries import runtimes, targets
    from harness.runtimes.availability import availability

    if text is None:
        here = [name for name in PREFERRED_RUNTIMES if availability(runtimes.get(name), targets.get(LOCAL)).ok]
        if not here:
            raise CalibrationError(
                f"none of {', '.join(PREFERRED_RUNTIMES)} is installed; edge-harness doctor says why."
            )
        text = f"{DEFAULT_MODEL}/fp32/{here[0]}"
    parts = text.split("/")
    if len(parts) not in (3, 4):
        raise CalibrationError(f"{text!r} is no cell: write MODEL/RECIPE/RUNTIME, such as digits_cnn/fp32/onnxruntime.")
    model, recipe, runtime = parts[:3]
    target = parts[3] if len(parts) == 4 else LOCAL
    check_names(Matrix.parse(models=[model], recipes=[recipe], runtimes=[runtime], targets=[target]))
    cell = Cell(model=model, recipe=recipe, runtime=runtime, target=target)
    problem = obstacle(resolve(cell))
    if problem is not None:
        raise CalibrationError(f"{cell.id} can't be calibrated with, it is {problem.status}: {problem.reason}")
    return cell


def _check_writable(folder: Path) -> None:
    """Refuse before, not after, half an hour of trials."""
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as err:
        raise CalibrationError(
            f"calibrations can't be written to {folder}: {err}. Choose another folder: --baselines DIR, or --dry-run."
        ) from err


def _tell(line: str) -> None:
    print(f"edge-harness: {line}", file=sys.stderr)
