"""Latency: two live workers, timed in alternation, round by round."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from harness.core.data import Array
from harness.core.measurement import Measurement
from harness.judge.latency import MAX_PAIRS, ROUNDS_PER_PAIR, Look, look, ratio_evidence
from harness.stats.median import median_interval
from harness.stats.tail import Tail, judge_tail

LEAST_WARM_ITERATIONS = 10
LEAST_WARM_NS = 500_000_000
LEAST_EPOCH_ITERATIONS = 8
LEAST_EPOCH_NS = 5_000_000
PERCENTILES = (90, 95, 99)
"""Given only where so many samples were taken that a limit beyond all of them would be decided."""


class Timed(Protocol):
    """A worker that is ready to be timed."""

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]: ...

    def time(self, iterations: int) -> Array: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """All rounds of one cell."""

    pairs: tuple[tuple[tuple[float, float], ...], ...]
    """Per pair of processes, per round: epoch medians (candidate, reference) in ns; reference 0 when timed alone."""
    candidate_ns: Array = field(compare=False)
    """Every single inference of the candidate."""
    verdict: Look | None
    iterations: int
    reference_ns: Array | None = field(default=None, compare=False)
    """Every single inference of the reference; None when timed alone."""

    def of_reference(self) -> Timing | None:
        """The reference's own times, as if it had been timed alone; None when there was no reference."""
        if self.reference_ns is None:
            return None
        pairs = tuple(tuple((reference, 0.0) for _, reference in rounds) for rounds in self.pairs)
        return Timing(pairs=pairs, candidate_ns=self.reference_ns, verdict=None, iterations=self.iterations)

    @property
    def epochs_ns(self) -> list[float]:
        """The candidate's epoch medians."""
        return [candidate for rounds in self.pairs for candidate, _ in rounds]


OpenPair = Callable[[], AbstractContextManager[tuple[Timed, Timed | None]]]


def measure_latency(open_pair: OpenPair, limit: float | None, seed: int, *, warm_together: bool = False) -> Timing:
    """Time fresh pairs of workers until the ratio's *limit* is decided; alone, when a pair has no reference.

    Args:
        open_pair: starts (candidate, reference) workers, loaded and prepared.
        limit: upper limit of candidate / reference; None: one pair, nothing to decide.
        seed: orders the two sides within each round.
        warm_together: warm both sides up at the same time, where there are cores for both; rounds never overlap.
    """
    order = random.Random(seed)
    pairs: list[tuple[tuple[float, float], ...]] = []
    samples: list[Array] = []
    reference_samples: list[Array] = []
    iterations = 0
    verdict: Look | None = None
    for _ in range(MAX_PAIRS):
        with open_pair() as (candidate, reference):
            iterations = _warm_up([candidate] if reference is None else [candidate, reference], together=warm_together)
            rounds = []
            for _ in range(ROUNDS_PER_PAIR):
                ours, theirs = _one_round(candidate, reference, iterations, order)
                samples.append(ours)
                reference_samples += [] if theirs is None else [theirs]
                rounds.append((float(np.median(ours)), float(np.median(theirs)) if theirs is not None else 0.0))
            pairs.append(tuple(rounds))
        if reference is None:
            break
        verdict = look(ratio_evidence(pairs), limit)
        if verdict.finished:
            break
    return Timing(
        pairs=tuple(pairs),
        candidate_ns=np.concatenate(samples),
        verdict=verdict,
        iterations=iterations,
        reference_ns=np.concatenate(reference_samples) if reference_samples else None,
    )


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
        Measurement(
            name="latency_p50_ns_per_inference",
            value=float(np.median(epochs)),
            unit="ns",
            n=len(times),
            interval=median_interval(epochs, 0.95),
        ),
        Measurement(
            name="latency_trimmed_mean_ns_per_inference", value=float(trim_mean(times, 0.1)), unit="ns", n=len(times)
        ),
    ]
    for percent in PERCENTILES:
        if judge_tail(0, len(times), percent) is Tail.WITHIN:
            value = float(np.percentile(times, percent))
            found.append(Measurement(name=f"latency_p{percent}_ns_per_inference", value=value, unit="ns", n=len(times)))
    if timing.verdict is not None:
        evidence = ratio_evidence(timing.pairs)
        found.append(
            Measurement(
                name="latency_ratio", value=evidence.ratio, unit="ratio", n=evidence.rounds, interval=evidence.interval
            )
        )
    return found


def _warm_up(sides: Sequence[Timed], *, together: bool) -> int:
    """Warm every side up and choose one iteration count for all of them."""
    with ThreadPoolExecutor(max_workers=len(sides) if together else 1) as pool:
        fastest = min(pool.map(_warm_side, sides))
    return max(LEAST_EPOCH_ITERATIONS, math.ceil(LEAST_EPOCH_NS / max(fastest, 1)))


def _warm_side(side: Timed) -> int:
    answer = side.ask("warm_up", least_iterations=LEAST_WARM_ITERATIONS, least_ns=LEAST_WARM_NS)
    return int(answer["p50_ns"])


def _one_round(
    candidate: Timed, reference: Timed | None, iterations: int, order: random.Random
) -> tuple[Array, Array | None]:
    if reference is None:
        return candidate.time(iterations), None
    if order.random() < 0.5:
        ours = candidate.time(iterations)
        return ours, reference.time(iterations)
    theirs = reference.time(iterations)
    return candidate.time(iterations), theirs
