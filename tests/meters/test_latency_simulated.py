"""Error rates on a simulated machine whose CPUs change their speed behind the guest's back, through the real procedure."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from fakes.simulated import Machine, Neighbour

from harness.core.finding import Verdict
from harness.core.timing import Placing, Timing
from harness.judge.latency import FAST_LEAST_PAIRS, evidence_of, look, ratio_evidence
from harness.meters.latency import measure_latency

PASS, OVER, OPEN = Verdict.PASS, Verdict.OVER_BUDGET, Verdict.INCONCLUSIVE
TRIALS = 200
MOVED = {"moves": True}
PLACED = {"moves": False}


def decided(timing: Timing, limit: float) -> bool:
    """As a run asks; what can't be decided yet is not computed."""
    if timing.placing is Placing.FREE and len(timing.pairs) < FAST_LEAST_PAIRS:
        return False
    return look(evidence_of(timing), limit).finished


def timed(machine: Machine, slowdown: float, limit: float) -> Timing:
    return measure_latency(
        lambda: machine.pair(slowdown), lambda timing: decided(timing, limit), machine.seed, cpus=range(machine.cpus)
    )


def verdicts(slowdown: float, limit: float, trials: int = TRIALS, first_seed: int = 0, **how: Any) -> Counter[Verdict]:
    """Of *trials* on machines of their own, whose two CPUs run at two speeds."""
    found = Counter[Verdict]()
    for seed in range(first_seed, first_seed + trials):
        timing = timed(Machine(seed, neighbour=Neighbour(), **how), slowdown, limit)
        found[look(evidence_of(timing), limit).verdict] += 1
    return found


@pytest.mark.parametrize(
    ("how", "slowdown", "limit", "right", "least", "wrong", "most"),
    [
        pytest.param(MOVED, 1.0, 1.05, PASS, 0.99, OVER, 0, id="moved, the same"),
        pytest.param(MOVED, 1.1, 1.05, OVER, 0.98, PASS, 0, id="moved, 10 % slower"),
        pytest.param(MOVED, 1.05, 1.02, OVER, 0.90, PASS, 0, id="moved, 5 % slower at 1.02 x"),
        pytest.param(PLACED, 1.0, 1.05, PASS, 0.98, OVER, 3, id="placed by the system, the same"),
        pytest.param(PLACED, 1.1, 1.05, OVER, 0.98, PASS, 3, id="placed by the system, 10 % slower"),
    ],
)
def test_error_rates(
    how: dict[str, Any], slowdown: float, limit: float, right: Verdict, least: float, wrong: Verdict, most: int
) -> None:
    """A wrong verdict in at most 1 % of the trials, and one more for luck; none where workers are moved."""
    found = verdicts(slowdown, limit, **how)

    assert found[wrong] <= most, f"of {TRIALS} trials: {dict(found)}"
    assert found[right] >= least * TRIALS, f"of {TRIALS} trials: {dict(found)}"


def ratios(slowdown: float, **how: Any) -> list[float]:
    """Of fifty trials, as the rounds of their first two pairs give it."""
    found = []
    for seed in range(50):
        machine = Machine(seed, neighbour=Neighbour(), **how)
        timing = measure_latency(
            lambda machine=machine: machine.pair(slowdown), lambda timing: len(timing.pairs) == 2, seed, cpus=range(2)
        )
        found.append(ratio_evidence(timing.pairs).ratio)
    return found


@pytest.mark.parametrize("slowdown", [1.0, 1.1], ids=["the same", "10 % slower"])
def test_sides_on_the_same_cpu_differ_by_what_they_cost(slowdown: float) -> None:
    """The machine is hard enough: where the system places the workers, some ratios say what the CPUs differ by."""
    moved, placed = ratios(slowdown, **MOVED), ratios(slowdown, **PLACED)

    assert all(abs(ratio / slowdown - 1) < 0.04 for ratio in moved), moved
    assert sum(abs(ratio / slowdown - 1) > 0.2 for ratio in placed) >= 5, placed


FAST, SLOW = 0, 1


def unfair(seed: int, favoured: tuple[int, int], **how: Any) -> Machine:
    """A machine that keeps each side on a CPU of its own, whatever it asks for; one is 1.3 times as slow."""
    machine = Machine(seed, pinned_by_system=favoured, **how)
    machine.speeds[SLOW] = 1.3
    return machine


@pytest.mark.parametrize("moves", [True, False], ids=["claims that it moved", "can't be moved"])
@pytest.mark.parametrize(
    ("favoured", "slowdown"),
    [
        pytest.param((FAST, SLOW), 1.1, id="a slower candidate on the faster CPU"),
        pytest.param((FAST, SLOW), 1.25, id="a much slower one"),
        pytest.param((SLOW, FAST), 1.0, id="an honest candidate on the slower CPU"),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_side_that_is_always_given_the_faster_cpu_gains_nothing(
    favoured: tuple[int, int], slowdown: float, moves: bool, seed: int
) -> None:
    """It tells its CPU, and that is never the other side's."""
    timing = timed(unfair(seed, favoured, moves=moves), slowdown, 1.05)

    assert timing.placing is Placing.APART
    taken = look(evidence_of(timing), 1.05)
    assert (taken.verdict, taken.finished) == (OPEN, True)
    assert "never timed on the same CPU" in taken.reason


def test_the_faster_cpu_would_hide_a_slow_down() -> None:
    """What is refused above: by its rounds the slower candidate is within the limit, in every pair."""
    timing = timed(unfair(0, (FAST, SLOW)), 1.1, 1.05)

    assert look(ratio_evidence(timing.pairs), 1.05).verdict is PASS
