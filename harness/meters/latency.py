"""Latency: two live workers, timed in alternation, round by round."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import numpy as np

from harness.core.context import Context, Moment
from harness.core.figures import (
    LATENCY,
    LATENCY_PERCENTILES,
    LATENCY_RATIO,
    LATENCY_TRIMMED_MEAN,
)
from harness.core.measurement import Measurement
from harness.core.probe_session import Startable, Timed
from harness.core.tensors import Array
from harness.core.timing import Rounds, Start, Timing
from harness.judge.latency import LEAST_PAIRS, MAX_PAIRS, ROUNDS_PER_PAIR, evidence_of
from harness.meters.cpu_turns import CpuSet, CpusRefused, CpuTurns, settling_inferences
from harness.stats.intervals import median_interval
from harness.stats.tail import Tail, judge_tail

LEAST_WARM_ITERATIONS = 10
LEAST_WARM_NS = 500_000_000
REPORTED_WARM_NS = 150_000_000
"""Of times that nothing is demanded of."""
LEAST_EPOCH_ITERATIONS = 8
LEAST_EPOCH_NS = 5_000_000
LATER_ROUNDS = 8
"""Of a pair after the second: many short ones tell more of how processes differ than a few long ones."""


OpenPair = Callable[[], AbstractContextManager[tuple[Startable, Startable | None]]]
Starts = tuple[Start, ...]
"""How the processes of a pair started, the candidate first."""
Enough = Callable[[Timing], bool]
ReadMoment = Callable[[], Moment]


def measure_latency(
    open_pair: OpenPair,
    enough: Enough,
    seed: int,
    *,
    side_by_side: bool = False,
    least_inferences: int = 0,
    time_starts: bool = False,
    warm_ns: int = 0,
    read_moment: ReadMoment | None = None,
    cpus: Sequence[int] = (),
    threads: int = 1,
) -> Timing:
    """Time fresh pairs of workers until *enough* is known; alone, when a pair has no other side.

    Args:
        open_pair: starts (candidate, other) workers that have imported their engines.
        enough: asked after each pair of processes; the ninth is the last in any case.
        seed: orders the two sides within each round, and the CPUs of the rounds.
        side_by_side: load both sides and warm them up at the same time, where there are cores for both; what is timed
            never overlaps.
        least_inferences: of the candidate, in each pair; what a percentile needs.
        time_starts: whether loading, of cold files, and the first inference are timed too, one side after the other on
            the same CPUs.
        warm_ns: how long each side infers before its first round; 0: as long as a verdict wants it.
        read_moment: reads what the machine is doing, before and after the rounds of each pair.
        cpus: that the rounds are timed on in turn; none: the system places the workers.
        threads: that a side computes on.
    """
    order = random.Random(seed)
    timer = _PairTimer(
        order,
        CpuTurns(cpus, threads, order),
        side_by_side=side_by_side,
        least_iterations=math.ceil(least_inferences / ROUNDS_PER_PAIR),
        time_starts=time_starts,
        warm_ns=warm_ns or LEAST_WARM_NS,
        read_moment=read_moment,
    )
    while True:
        with open_pair() as (candidate, other):
            timer.time([candidate] if other is None else [candidate, other])
        timing = timer.timing()
        if len(timing.pairs) == MAX_PAIRS or enough(timing):
            return timing


class _PairTimer:
    """Times one pair of processes after the other, and keeps the times of all; see ``measure_latency``."""

    def __init__(
        self,
        order: random.Random,
        turns: CpuTurns,
        *,
        side_by_side: bool,
        least_iterations: int,
        time_starts: bool,
        warm_ns: int,
        read_moment: ReadMoment | None,
    ) -> None:
        self._order = order
        self._turns = turns
        self._side_by_side = side_by_side
        self._least_iterations = least_iterations
        self._time_starts = time_starts
        self._warm_ns = warm_ns
        self._read_moment = read_moment
        self._iterations = 0
        self._pairs: list[Rounds] = []
        self._samples: list[list[Array]] = [[], []]
        """Of the candidate and of the other side, epoch by epoch."""
        self._contexts: list[Context] = []
        self._starts: list[Starts] = []

    def time(self, sides: Sequence[Startable]) -> None:
        """Start *sides*, fresh processes, warm them up and time their rounds."""
        self._turns.begin_pair()
        starts = _start(sides, self._turns, self._order, timed=self._time_starts, together=self._side_by_side)
        self._starts += [starts] if self._time_starts else []
        on_the_same_cpus = self._time_starts or self._turns.threads > 1
        fastest = _warm_up(sides, self._warm_ns, together=self._side_by_side and not on_the_same_cpus)
        self._iterations = max(iterations_for(fastest), self._least_iterations)
        before, switches = self._read_moment() if self._read_moment else None, _switches(sides)
        count = ROUNDS_PER_PAIR if len(self._pairs) < LEAST_PAIRS else LATER_ROUNDS
        self._pairs.append(tuple(self._round(sides, settling_inferences(fastest)) for _ in range(count)))
        if self._read_moment is not None and before is not None:
            switched = _less(_switches(sides), switches)
            self._contexts.append(Context.between(before, self._read_moment(), switched, cpus=self._turns.words))

    def _round(self, sides: Sequence[Startable], settle: int) -> tuple[float, float]:
        epochs = _one_round(sides, self._iterations, self._order, self._turns, settle)
        for samples, epoch in zip(self._samples, epochs, strict=False):
            samples.append(epoch)
        medians = [float(np.median(epoch)) for epoch in epochs]
        return medians[0], medians[1] if len(medians) > 1 else 0.0

    def timing(self) -> Timing:
        """All that was timed so far."""
        ours, theirs = self._samples
        return Timing(
            pairs=tuple(self._pairs),
            candidate_ns=np.concatenate(ours),
            other_ns=np.concatenate(theirs) if theirs else None,
            iterations=self._iterations,
            placing=self._turns.placing,
            starts=tuple(self._starts),
            context=Context.merged(self._contexts) if self._contexts else None,
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
    measured = [
        LATENCY.measured(float(np.median(epochs)), n=len(times), interval=median_interval(epochs, 0.95)),
        LATENCY_TRIMMED_MEAN.measured(float(trim_mean(times, 0.1)), n=len(times)),
    ]
    for percent, figure in LATENCY_PERCENTILES.items():
        if judge_tail(0, len(times), percent) is Tail.WITHIN:
            measured.append(figure.measured(float(np.percentile(times, percent)), n=len(times)))
    if timing.paired:
        evidence = evidence_of(timing)
        measured.append(LATENCY_RATIO.measured(evidence.ratio, n=evidence.rounds, interval=evidence.interval))
    return measured


def _switches(sides: Sequence[Timed]) -> int | None:
    """How often the workers lost their CPU so far; None when one can't tell."""
    told: list[int | None] = [side.ask("context").get("involuntary_switches") for side in sides]
    known = [count for count in told if count is not None]
    return sum(known) if len(known) == len(told) else None


def _less(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before


def _start(sides: Sequence[Startable], turns: CpuTurns, order: random.Random, *, timed: bool, together: bool) -> Starts:
    """Load every side; where that is *timed*, or an engine has a pool to size, on CPUs that are chosen beforehand."""
    cpus = _moved_together(sides, turns) if timed or turns.threads > 1 else ()
    starts: dict[int, Start] = {}
    if together and not timed:
        with ThreadPoolExecutor(max_workers=len(sides)) as pool:
            return tuple(pool.map(lambda side: side.start(cold=False), sides))
    for number in order.sample(range(len(sides)), len(sides)):
        starts[number] = sides[number].start(cold=timed)
    if timed:
        turns.note([turns.where(side, cpus) for side in sides])
    return tuple(starts[number] for number in range(len(sides)))


def _moved_together(sides: Sequence[Timed], turns: CpuTurns) -> CpuSet:
    """Move all *sides* to CPUs that are drawn for them; drawn again where a side can't go there."""
    while True:
        cpus = turns.draw()
        try:
            for side in sides:
                turns.move(side, cpus, settle=0)
        except CpusRefused as err:
            turns.give_up(cpus, str(err))
            continue
        return cpus


def _warm_up(sides: Sequence[Timed], least_ns: int, *, together: bool) -> int:
    """Warm every side up; the median inference in ns of the fastest."""

    def warm_up(side: Timed) -> int:
        return int(side.ask("warm_up", least_iterations=LEAST_WARM_ITERATIONS, least_ns=least_ns)["p50_ns"])

    with ThreadPoolExecutor(max_workers=len(sides) if together else 1) as pool:
        return min(pool.map(warm_up, sides))


def iterations_for(p50_ns: int) -> int:
    """Inferences of an epoch, of a side that takes *p50_ns* for one."""
    return max(LEAST_EPOCH_ITERATIONS, math.ceil(LEAST_EPOCH_NS / max(p50_ns, 1)))


def _one_round(
    sides: Sequence[Timed], iterations: int, order: random.Random, turns: CpuTurns, settle: int
) -> list[Array]:
    """An epoch of each side, in random order and on the same CPUs; begun again where a worker can't go there."""
    first = order.randrange(len(sides))
    while True:
        cpus = turns.draw()
        epochs, places = [np.empty(0)] * len(sides), [cpus] * len(sides)
        try:
            for number in sorted(range(len(sides)), key=lambda one: one != first):
                turns.move(sides[number], cpus, settle)
                epochs[number] = sides[number].time(iterations)
                places[number] = turns.where(sides[number], cpus)
        except CpusRefused as err:
            turns.give_up(cpus, str(err))
            continue
        turns.note(places)
        return epochs
