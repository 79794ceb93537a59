"""Latency: two live workers, timed in alternation, round by round."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import numpy as np

from harness.core.context import Context, Moment
from harness.core.data import Array
from harness.core.figures import LATENCY, LATENCY_PERCENTILES, LATENCY_RATIO, LATENCY_TRIMMED_MEAN
from harness.core.measurement import Measurement
from harness.core.probe_session import Timed
from harness.core.timing import Rounds, Timing
from harness.judge.latency import MAX_PAIRS, ROUNDS_PER_PAIR, ratio_evidence
from harness.stats.intervals import median_interval
from harness.stats.tail import Tail, judge_tail

LEAST_WARM_ITERATIONS = 10
LEAST_WARM_NS = 500_000_000
LEAST_EPOCH_ITERATIONS = 8
LEAST_EPOCH_NS = 5_000_000


OpenPair = Callable[[], AbstractContextManager[tuple[Timed, Timed | None]]]
Enough = Callable[[Timing], bool]
ReadMoment = Callable[[], Moment]


def measure_latency(
    open_pair: OpenPair,
    enough: Enough,
    seed: int,
    *,
    warm_together: bool = False,
    least_inferences: int = 0,
    read_moment: ReadMoment | None = None,
) -> Timing:
    """Time fresh pairs of workers until *enough* is known; alone, when a pair has no other side.

    Args:
        open_pair: starts (candidate, other) workers, loaded and prepared.
        enough: asked after each pair of processes; the third is the last in any case.
        seed: orders the two sides within each round.
        warm_together: warm both sides up at the same time, where there are cores for both; rounds never overlap.
        least_inferences: of the candidate, in each pair; what a percentile needs.
        read_moment: reads what the machine is doing, before and after the rounds of each pair.
    """
    order = random.Random(seed)
    pairs: list[Rounds] = []
    samples: list[Array] = []
    other_samples: list[Array] = []
    contexts: list[Context] = []
    while True:
        with open_pair() as (candidate, other):
            sides = [candidate] if other is None else [candidate, other]
            iterations = max(_warm_up(sides, together=warm_together), math.ceil(least_inferences / ROUNDS_PER_PAIR))
            before, switches = read_moment() if read_moment else None, _switches(sides)
            rounds = []
            for _ in range(ROUNDS_PER_PAIR):
                ours, theirs = _one_round(candidate, other, iterations, order)
                samples.append(ours)
                other_samples += [] if theirs is None else [theirs]
                rounds.append((float(np.median(ours)), float(np.median(theirs)) if theirs is not None else 0.0))
            if read_moment is not None and before is not None:
                contexts.append(Context.between(before, read_moment(), _less(_switches(sides), switches)))
            pairs.append(tuple(rounds))
        timing = Timing(
            pairs=tuple(pairs),
            candidate_ns=np.concatenate(samples),
            other_ns=np.concatenate(other_samples) if other_samples else None,
            iterations=iterations,
            context=Context.merged(contexts) if contexts else None,
        )
        if len(pairs) == MAX_PAIRS or enough(timing):
            return timing


def latency_measurements(timing: Timing) -> list[Measurement]:
    """p50 with its interval, trimmed mean, percentiles where n allows, and the ratio to the reference.

    Raises:
        ValueError: a time is not positive.
    """
    from scipy.stats import trim_mean

    times = timing.candidate_ns
    if times.size == 0 or not (times > 0).all():
        raise ValueError("a measured time is not positive")
    epochs = timing.epochs_ns
    found = [
        LATENCY.measured(float(np.median(epochs)), n=len(times), interval=median_interval(epochs, 0.95)),
        LATENCY_TRIMMED_MEAN.measured(float(trim_mean(times, 0.1)), n=len(times)),
    ]
    for percent, figure in LATENCY_PERCENTILES.items():
        if judge_tail(0, len(times), percent) is Tail.WITHIN:
            found.append(figure.measured(float(np.percentile(times, percent)), n=len(times)))
    if timing.paired:
        evidence = ratio_evidence(timing.pairs)
        found.append(LATENCY_RATIO.measured(evidence.ratio, n=evidence.rounds, interval=evidence.interval))
    return found


def _switches(sides: Sequence[Timed]) -> int | None:
    """How often the workers lost their CPU so far; None when one can't tell."""
    told: list[int | None] = [side.ask("context").get("involuntary_switches") for side in sides]
    known = [count for count in told if count is not None]
    return sum(known) if len(known) == len(told) else None


def _less(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before


def _warm_up(sides: Sequence[Timed], *, together: bool) -> int:
    """Warm every side up and choose one iteration count for all of them."""
    with ThreadPoolExecutor(max_workers=len(sides) if together else 1) as pool:
        fastest = min(pool.map(_warm_side, sides))
    return iterations_for(fastest)


def iterations_for(p50_ns: int) -> int:
    """Inferences of an epoch, of a side that takes *p50_ns* for one."""
    return max(LEAST_EPOCH_ITERATIONS, math.ceil(LEAST_EPOCH_NS / max(p50_ns, 1)))


def _warm_side(side: Timed) -> int:
    answer = side.ask("warm_up", least_iterations=LEAST_WARM_ITERATIONS, least_ns=LEAST_WARM_NS)
    return int(answer["p50_ns"])


def _one_round(
    candidate: Timed, other: Timed | None, iterations: int, order: random.Random
) -> tuple[Array, Array | None]:
    if other is None:
        return candidate.time(iterations), None
    if order.random() < 0.5:
        ours = candidate.time(iterations)
        return ours, other.time(iterations)
    theirs = other.time(iterations)
    return candidate.time(iterations), theirs
