"""From calibration trials to what is stored of a hardware class."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from harness.core.context import Context
from harness.core.environment import Hardware
from harness.core.finding import Verdict
from harness.core.noise import NoiseProfile, PowerPoint, Trial
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
) -> NoiseProfile:
    """What *trials* tell.

    Raises:
        ValueError: there is no trial of equal artifacts among them, without which nothing is known.
    """
    equal = [trial for trial in trials if trial.slowdown == 0 and not trial.different]
    if not equal:
        raise ValueError("no trial of equal artifacts was made")
    slowdowns = sorted({trial.slowdown for trial in trials if not trial.different})
    failed = sum(trial.verdict == Verdict.OVER_BUDGET for trial in equal)
    processes = [ns for trial in trials for ns in trial.process_ns]
    different = [trial.ratio for trial in trials if trial.different]
    ratios = different or [ratio for trial in equal for ratio in trial.pair_ratios]
    contexts = [trial.context for trial in trials if trial.context is not None]
    return NoiseProfile(
        hardware=hardware,
        cell=cell,
        limit=limit,
        power=tuple(_point(slowdown, trials) for slowdown in slowdowns),
        false_alarms=proportion_interval(failed, len(equal), CONFIDENCE),
        noise_floor=_noise_floor(equal),
        absolute_spread=_spread(processes),
        ratio_spread=_spread(ratios),
        minutes=minutes,
        date=date,
        quick=quick,
        p50_ns=median(processes),
        context=Context.merged(contexts).words if contexts else "",
        versions=versions,
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
