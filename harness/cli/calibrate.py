"""``edge-harness calibrate``: what latency verdicts are worth on this machine, measured and stored."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.names import LOCAL
from harness.core.noise import Share
from harness.errors import CalibrationError

if TYPE_CHECKING:
    from harness.core.names import Cell
    from harness.core.noise import NoiseProfile

DEFAULT_MODEL = "digits_cnn"
RUNTIMES = ("onnxruntime", "litert", "openvino", "executorch", "torch")
"""Those that are tried where they are installed; engines differ in how steady they are."""
STRICT_CASES = 20
"""Latency cases of the strict run that false reds are told for."""


def add_command(commands: Any) -> None:
    """Add the command to the parser of ``edge-harness``."""
    command = commands.add_parser(
        "calibrate",
        help="false alarms, power and noise of latency verdicts on this machine",
        description="Times an artifact against itself, and against itself really slowed down, in fresh processes, as a gate does; "
        "prints how often the verdict is wrong and what it sees, and stores that for this hardware class beside the baselines.",
    )
    command.add_argument(
        "cells",
        nargs="*",
        metavar="MODEL/RECIPE/RUNTIME",
        help=f"what to time (default: {DEFAULT_MODEL}/fp32 on each of {', '.join(RUNTIMES)} that is here)",
    )
    command.add_argument("--quick", action="store_true", help="under 3 minutes; coarse")
    command.add_argument("--limit", type=float, default=1.05, help="the ratio that the trials are judged against")
    command.add_argument("--trials", type=int, metavar="N", help="trials of equal artifacts; the others in proportion")
    command.add_argument(
        "--neighbours", type=int, default=0, metavar="N", help="let N processes compute in bursts in every second spell"
    )
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
    if options.neighbours < 0:
        raise CalibrationError("--neighbours must be at least 0.")
    load_catalog()
    cells = [cell_named(text) for text in dict.fromkeys(options.cells)] or default_cells()
    counts = dict(noise_trials.QUICK if options.quick else noise_trials.FULL)
    ratios = noise_trials.QUICK_RATIOS if options.quick else noise_trials.FULL_RATIOS
    if options.trials is not None:
        scale = options.trials / counts[0.0]
        counts = {slowdown: max(1, round(count * scale)) for slowdown, count in counts.items()}
        ratios = max(1, round(ratios * scale))
    if len({cell.target for cell in cells}) > 1:
        raise CalibrationError("the cells are on several targets: calibrate one at a time.")
    if options.neighbours and cells[0].target != LOCAL:
        raise CalibrationError("--neighbours makes its load on this machine: it is for cells that are timed here.")
    target = targets.get(cells[0].target)
    hardware = target.hardware()
    if not options.dry_run:
        _check_writable(calibration_path(options.baselines, hardware).parent)
    print(
        f"hardware class: {hardware.name}\ncalibrating with {', '.join(cell.id for cell in cells)}, limit {options.limit:g} x"
    )
    begun = time.monotonic()
    with scratch_folder() as scratch:
        settings = Settings(cache=default_cache(), scratch=scratch, threads=options.threads)
        tell = _tell
        benches = noise_trials.set_up(cells, settings, tell)
        plan = noise_trials.planned(benches, counts, ratios, seed=0)
        seconds = noise_trials.QUICK_SECONDS if options.quick and options.trials is None else float("inf")
        trials = []
        with tqdm(total=len(plan), unit="trial", file=sys.stderr, mininterval=0.5) as bar:
            for trial in noise_trials.run_trials(
                plan, options.limit, settings, tell, load=options.neighbours, seconds=seconds
            ):
                trials.append(trial)
                bar.update()
    found = summarize(
        trials,
        hardware=hardware,
        cell=", ".join(cell.id for cell in cells),
        limit=options.limit,
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        minutes=round((time.monotonic() - begun) / 60, 1),
        quick=options.quick,
        versions=tuple(sorted({version for bench in benches for version in bench.versions})),
        neighbours=options.neighbours,
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
    alarms = Share(count=equal.failed, trials=equal.trials, interval=found.false_alarms)
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
        *_by_cell(found),
        f"at {found.limit:g} x, of equal artifacts: {alarms.words} over budget"
        + (f", {found.inconclusive.words} inconclusive" if found.inconclusive else ""),
        *(
            [f"of slow-downs of {200 * (found.limit - 1):g} % and more: {found.false_passes.words} passed"]
            if found.false_passes
            else []
        ),
        *_strict(found),
        f"smallest slow-down seen in 90 % of trials: {smallest}",
        f"noise floor: limits may allow no less than {found.noise_floor:.1%}",
        f"fresh processes of one artifact differ by up to {found.absolute_spread:.3f} x ({quiet})",
        f"ratios of two artifacts differ between runs by up to {found.ratio_spread:.3f} x",
        f"p50 {say(found.p50_ns, 'ns')}; {found.context or 'context not readable'}",
        f"took {found.minutes:g} minutes",
    ]


def _by_cell(found: NoiseProfile) -> list[str]:
    """A table of what was timed, quiet and loaded spells apart; nothing where that is one row."""
    from tabulate import tabulate

    from harness.judge.words import say

    if len(found.cells) < 2:
        return []
    rows = [
        [
            cell.cell + (f" beside {found.neighbours}" if cell.loaded else ""),
            f"{cell.false_alarms} of {cell.equal}",
            f"{cell.inconclusive} of {cell.equal}",
            f"{cell.false_passes} of {cell.slower}",
            f"{cell.seen} of {cell.slower}",
            say(cell.p50_ns, "ns"),
        ]
        for cell in found.cells
    ]
    headers = ["cell", "false alarms", "inconclusive", "false passes", "slow-downs seen", "p50"]
    return [tabulate(rows, headers=headers, tablefmt="simple"), ""]


def _strict(found: NoiseProfile) -> list[str]:
    """What inconclusive and false verdicts mean for a strict run, where it is known."""
    runs = found.strict_runs_per_false_red(STRICT_CASES)
    if runs is None:
        return []
    seen, worst = runs
    of_runs = f"one false red in {seen:.1f} strict runs" if seen < float("inf") else "no false red was seen"
    return [f"{STRICT_CASES} latency cases within their limits: {of_runs}, at worst (95 %) one in {worst:.1f}"]


def default_cells() -> list[Cell]:
    """A small model on each of the usual runtimes that is here.

    Raises:
        CalibrationError: none is.
    """
    from harness.registries import runtimes, targets
    from harness.runtimes.availability import availability

    here = [name for name in RUNTIMES if availability(runtimes.get(name), targets.get(LOCAL)).ok]
    if not here:
        raise CalibrationError(f"none of {', '.join(RUNTIMES)} is installed; edge-harness doctor says why.")
    return [cell_named(f"{DEFAULT_MODEL}/fp32/{name}") for name in here]


def cell_named(text: str) -> Cell:
    """The cell that is meant.

    Raises:
        HarnessError: it does not exist or can't run here.
    """
    from harness.core.matrix import Matrix
    from harness.core.names import Cell
    from harness.pipeline.plan import check_names, obstacle
    from harness.pipeline.resolved import resolve

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
