"""The latency procedure as a whole, on simulated machines: how often it raises a false alarm, and what it sees.

A machine is noisy in three ways at once: every epoch median has lognormal noise, every process is a little faster or
slower than the last one, and bursts of a neighbour's work slow down whole stretches of epochs.
"""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from harness.core.finding import Verdict
from harness.judge.latency import MAX_PAIRS, ROUNDS_PER_PAIR, Look, look, ratio_evidence

EPOCH_SIGMA = 0.035
"""SD of one round at 8 inferences per epoch, as measured on a contended 2-core machine; with bursts it is 11 %."""
PROCESS_SIGMA = 0.004
BURST_BEGINS, BURST_ENDS = 0.03, 0.3
"""Per epoch: about every tenth epoch lies in a burst, a burst lasts three epochs."""
BURST_FACTOR = (1.1, 1.9)


class Machine:
    """Epoch medians in ns; the state of a burst carries over from one epoch to the next, whichever side is timed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.burst = 1.0

    def epoch(self, true_ns: float) -> float:
        draw = self.random.random()
        if self.burst == 1.0 and draw < BURST_BEGINS:
            self.burst = self.random.uniform(*BURST_FACTOR)
        elif self.burst > 1.0 and draw < BURST_ENDS:
            self.burst = 1.0
        return true_ns * self.burst * math.exp(self.random.gauss(0.0, EPOCH_SIGMA / math.sqrt(2)))

    def pair(self, slowdown: float) -> list[tuple[float, float]]:
        """The rounds of one fresh pair of processes."""
        ours = 1e6 * slowdown * math.exp(self.random.gauss(0.0, PROCESS_SIGMA))
        theirs = 1e6 * math.exp(self.random.gauss(0.0, PROCESS_SIGMA))
        rounds = []
        for _ in range(ROUNDS_PER_PAIR):
            if self.random.random() < 0.5:
                first = self.epoch(ours)
                rounds.append((first, self.epoch(theirs)))
            else:
                first = self.epoch(theirs)
                rounds.append((self.epoch(ours), first))
        return rounds


def decided(machine: Machine, slowdown: float, limit: float) -> Look:
    pairs: list[list[tuple[float, float]]] = []
    for _ in range(MAX_PAIRS):
        pairs.append(machine.pair(slowdown))
        taken = look(ratio_evidence(pairs), limit)
        if taken.finished:
            return taken
    raise AssertionError("the last look must finish")


def verdicts(slowdown: float, limit: float, runs: int, seed: int) -> Counter[Verdict]:
    machine = Machine(seed)
    return Counter(decided(machine, slowdown, limit).verdict for _ in range(runs))


def test_the_same_artifact_on_both_sides_raises_no_alarm() -> None:
    found = verdicts(slowdown=1.0, limit=1.05, runs=300, seed=1)

    assert found[Verdict.OVER_BUDGET] <= 1, f"of 300 A/A runs at a limit of 1.05 x: {dict(found)}"
    assert found[Verdict.PASS] >= 285, f"of 300 A/A runs at a limit of 1.05 x: {dict(found)}"


def test_a_slow_down_of_a_tenth_is_seen() -> None:
    found = verdicts(slowdown=1.10, limit=1.05, runs=200, seed=2)

    assert found[Verdict.OVER_BUDGET] >= 190, f"of 200 runs at +10 % and a limit of 1.05 x: {dict(found)}"
    assert found[Verdict.PASS] == 0, f"of 200 runs at +10 % and a limit of 1.05 x: {dict(found)}"


def test_at_the_limit_itself_neither_verdict_is_likely() -> None:
    """Three looks at a third of alpha each: at most 2.5 % to either side, 6 % allowed for the luck of 100 runs."""
    found = verdicts(slowdown=1.05, limit=1.05, runs=100, seed=3)

    assert found[Verdict.OVER_BUDGET] <= 6, f"of 100 runs at the limit: {dict(found)}"
    assert found[Verdict.PASS] <= 6, f"of 100 runs at the limit: {dict(found)}"
    assert found[Verdict.INCONCLUSIVE] >= 90, f"of 100 runs at the limit: {dict(found)}"


@pytest.mark.parametrize("seed", range(3))
def test_one_slow_pair_of_processes_is_no_regression(seed: int) -> None:
    """A process that got a bad memory layout is 12 % slower for its whole life; the fresh ones are not."""
    machine = Machine(seed)
    pairs = [machine.pair(1.12)]
    assert look(ratio_evidence(pairs), 1.05).verdict is not Verdict.OVER_BUDGET
    while not look(ratio_evidence(pairs), 1.05).finished:
        pairs.append(machine.pair(1.0))

    assert look(ratio_evidence(pairs), 1.05).verdict is not Verdict.OVER_BUDGET
