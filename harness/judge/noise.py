"""From calibration trials to what is stored of a hardware class."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from harness.core.context import Context
from harness.core.environment import Hardware
from harness.core.finding import Verdict
from harness.core.noise import CellNoise, NoiseProfile, PowerPoint, Share, Trial
from harness.stats.intervals import proportion_interval

CONFIDENCE = 0.95
FLOOR_SHARE = 0.95
TRIM = 0.025


def summarize(
    trials: Sequence[Trial],
    *,
    hardware: Hardware,
    cell: str,
    limit: float,
    date: str,
    minutes: float,
    quick: bool,
    versions: tuple[tuple[str, str], ...],
    neighbours: int = 0,
) -> NoiseProfile:
    """What *trials* tell.

    Raises:
        ValueError: there is no trial of equal artifacts among them, without which nothing is known.
    """
    equal = [trial for trial in trials if trial.slowdown == 0 and not trial.different]
    if not equal:
        raise ValueError("no trial of equal artifacts was made")
    slowdowns = sorted({trial.slowdown for trial in trials if not trial.different})
    slower = [trial for trial in trials if _is_slower(trial, limit)]
    by_cell = [[trial for trial in trials if trial.cell == cell] for cell in sorted({trial.cell for trial in trials})]
    contexts = [trial.context for trial in trials if trial.context is not None]
    return NoiseProfile(
        hardware=hardware,
        cell=cell,
        limit=limit,
        power=tuple(_point(slowdown, trials) for slowdown in slowdowns),
        false_alarms=_share(equal, Verdict.OVER_BUDGET).interval,
        noise_floor=_noise_floor(equal),
        absolute_spread=max(_spread(_processes(of_cell)) for of_cell in by_cell),
        ratio_spread=max(_spread(_ratios(of_cell)) for of_cell in by_cell),
        inconclusive=_share(equal, Verdict.INCONCLUSIVE),
        false_reds=_share(equal, Verdict.OVER_BUDGET, Verdict.INCONCLUSIVE),
        false_passes=_share(slower, Verdict.PASS) if slower else None,
        cells=tuple(_cell_noise(spell, limit) for of_cell in by_cell for spell in _spells(of_cell)),
        neighbours=neighbours,
        minutes=minutes,
        date=date,
        quick=quick,
        p50_ns=median(_processes(by_cell[0])),
        context=Context.merged(contexts).words if contexts else "",
        versions=versions,
    )


def _is_slower(trial: Trial, limit: float) -> bool:
    """Whether the slow-down is twice of what *limit* allows, or more; a float's rounding aside."""
    return not trial.different and trial.slowdown >= 2 * (limit - 1) - 1e-9


def _share(trials: Sequence[Trial], *verdicts: Verdict) -> Share:
    count = sum(trial.verdict in verdicts for trial in trials)
    return Share(count=count, trials=len(trials), interval=proportion_interval(count, len(trials), CONFIDENCE))


def _spells(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Those of quiet spells, and those of loaded ones, where there are any."""
    spells = [[trial for trial in trials if trial.loaded is loaded] for loaded in (False, True)]
    return [spell for spell in spells if spell]


def _processes(trials: Sequence[Trial]) -> list[float]:
    return [ns for trial in trials for ns in trial.process_ns]


def _ratios(trials: Sequence[Trial]) -> list[float]:
    """Of two artifacts where there were trials of them, else of equal ones."""
    different = [trial.ratio for trial in trials if trial.different]
    return different or [ratio for trial in trials if trial.slowdown == 0 for ratio in trial.pair_ratios] or [1.0]


def _cell_noise(trials: Sequence[Trial], limit: float) -> CellNoise:
    equal = [trial.verdict for trial in trials if trial.slowdown == 0 and not trial.different]
    slower = [trial.verdict for trial in trials if _is_slower(trial, limit)]
    return CellNoise(
        cell=trials[0].cell,
        loaded=trials[0].loaded,
        equal=len(equal),
        false_alarms=equal.count(Verdict.OVER_BUDGET),
        inconclusive=equal.count(Verdict.INCONCLUSIVE),
        slower=len(slower),
        false_passes=slower.count(Verdict.PASS),
        seen=slower.count(Verdict.OVER_BUDGET),
        p50_ns=median(_processes(trials)),
    )


def _point(slowdown: float, trials: Sequence[Trial]) -> PowerPoint:
    chosen = [trial for trial in trials if trial.slowdown == slowdown and not trial.different]
    verdicts = [trial.verdict for trial in chosen]
    return PowerPoint(
        slowdown=slowdown,
        trials=len(chosen),
        failed=verdicts.count(Verdict.OVER_BUDGET),
        passed=verdicts.count(Verdict.PASS),
        inconclusive=verdicts.count(Verdict.INCONCLUSIVE),
        seconds_median=median(trial.seconds for trial in chosen),
    )


def _noise_floor(equal: Sequence[Trial]) -> float:
    """What a limit has to allow so that nearly all trials of equal artifacts that were decided stay within it.

    A trial that ended inconclusive turned nothing red or green: how often that happens is told beside, and does not
    count here unless nothing was decided at all.
    """
    decided = [trial for trial in equal if trial.verdict != Verdict.INCONCLUSIVE]
    return _quantile([trial.interval[1] - 1 for trial in decided or equal])


def _quantile(values: Sequence[float]) -> float:
    """The upper quantile, never between two values: few trials shall not look better than they were."""
    return float(np.quantile(values, FLOOR_SHARE, method="higher"))


def _spread(values: Sequence[float]) -> float:
    """Largest over smallest with 2.5 % trimmed at either end."""
    low, high = np.quantile(values, [TRIM, 1 - TRIM], method="nearest")
    return float(high / low)
