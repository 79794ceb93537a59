"""Rounds on machines that let workers choose their CPU, that don't, and that change their mind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fakes.simulated import Machine, SimulatedWorker

from harness.core.context import Moment
from harness.core.finding import Verdict
from harness.core.timing import Placing, Timing
from harness.judge.latency import FAST_LEAST_PAIRS, ROUNDS_PER_PAIR, evidence_of, look
from harness.meters.latency import measure_latency

PASS, OVER = Verdict.PASS, Verdict.OVER_BUDGET
LIMIT = 1.05
NOT_PERMITTED = "workers not moved (PermissionError: not permitted)"


def timed(machine: Machine, slowdown: float, *, pairs: int | None = None, seed: int = 1, **how: Any) -> Timing:
    """So many *pairs*, or as many as decide the limit."""
    return measure_latency(
        lambda: machine.pair(slowdown),
        lambda timing: len(timing.pairs) == pairs if pairs else look(evidence_of(timing), LIMIT).finished,
        seed,
        read_moment=lambda: Moment(monotonic_s=0.0),
        **how,
    )


def words(timing: Timing) -> str:
    assert timing.context is not None
    return timing.context.cpus


def assert_nothing_is_lost(timing: Timing, machine: Machine) -> None:
    """Every round has an epoch of both sides, of the same length."""
    rounds = sum(map(len, timing.pairs))
    assert timing.other_ns is not None
    assert timing.candidate_ns.size == timing.other_ns.size == timing.iterations * rounds
    assert len(machine.timed_on) == 2 * rounds
    assert all(ours > 0 and theirs > 0 for one in timing.pairs for ours, theirs in one)


def on_the_same_cpu(machine: Machine) -> bool:
    return machine.timed_on[::2] == machine.timed_on[1::2]


@pytest.mark.parametrize(
    ("switches", "how", "placing", "says"),
    [
        pytest.param({}, {"cpus": (0, 1)}, Placing.TOGETHER, "each round timed on one CPU of 0, 1", id="two CPUs"),
        pytest.param({"cpus": 1}, {"cpus": (0,)}, Placing.TOGETHER, "timed on CPU 0", id="one CPU"),
        pytest.param(
            {"cpus": 4}, {"cpus": (2, 3)}, Placing.TOGETHER, "each round timed on one CPU of 2, 3", id="some CPUs"
        ),
        pytest.param(
            {}, {"cpus": (0, 1), "threads": 4}, Placing.TOGETHER, "timed on CPUs 0, 1", id="more threads than CPUs"
        ),
        pytest.param(
            {"tells_cpu": False},
            {"cpus": (0, 1)},
            Placing.TOGETHER,
            "each round timed on one CPU of 0, 1",
            id="workers that can't tell where they are",
        ),
        pytest.param(
            {"moves": False, "wanders": 0.3},
            {"cpus": (0, 1)},
            Placing.FREE,
            NOT_PERMITTED,
            id="a cpuset that forbids it",
        ),
        pytest.param(
            {"moves": False, "tells_cpu": False},
            {"cpus": (0, 1)},
            Placing.FREE,
            NOT_PERMITTED,
            id="one that forbids it, and workers that can't tell",
        ),
        pytest.param(
            {"wanders": 0.3},
            {"cpus": ()},
            Placing.FREE,
            "workers not moved (a process can't choose its CPU here)",
            id="a system without a choice",
        ),
    ],
)
@pytest.mark.parametrize(("slowdown", "verdict"), [(1.0, PASS), (1.2, OVER)], ids=["the same", "slower"])
def test_a_verdict_is_found_and_says_where(
    switches: dict[str, Any], how: dict[str, Any], placing: Placing, says: str, slowdown: float, verdict: Verdict
) -> None:
    machine = Machine(1, **switches)

    timing = timed(machine, slowdown, **how)

    assert look(evidence_of(timing), LIMIT).verdict is verdict
    assert (timing.placing, words(timing)) == (placing, says)
    assert len(timing.pairs) >= (FAST_LEAST_PAIRS if placing is Placing.FREE else 2)
    assert placing is Placing.FREE or (on_the_same_cpu(machine) and set(machine.timed_on) <= set(how["cpus"]))
    assert_nothing_is_lost(timing, machine)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_every_cpu_is_used(threads: int) -> None:
    """The first of a set stands for it."""
    machine = Machine(1, cpus=4)

    timed(machine, 1.0, pairs=2, cpus=range(4), threads=threads)

    assert on_the_same_cpu(machine)
    firsts = {cpu for cpu in range(4) if cpu <= 4 - threads}
    assert set(machine.timed_on) == firsts


def test_a_cpu_that_goes_offline_in_mid_run_is_used_no_more() -> None:
    machine = Machine(1)
    opened = 0

    @contextmanager
    def pair() -> Iterator[tuple[SimulatedWorker, SimulatedWorker]]:
        nonlocal opened
        opened += 1
        if opened == 2:
            machine.offline.add(1)
        with machine.pair(1.0) as workers:
            yield workers

    timing = measure_latency(
        pair,
        lambda timing: len(timing.pairs) == 2,
        seed=1,
        read_moment=lambda: Moment(monotonic_s=0.0),
        cpus=(0, 1),
    )

    assert_nothing_is_lost(timing, machine)
    half = 2 * ROUNDS_PER_PAIR
    assert set(machine.timed_on[:half]) == {0, 1}
    assert set(machine.timed_on[half:]) == {0}
    assert timing.placing is Placing.TOGETHER
    assert words(timing) == "each round timed on one CPU of 0, 1; then timed on CPU 0"


def test_all_cpus_that_go_offline_leave_the_workers_to_the_system() -> None:
    machine = Machine(1, offline={0, 1})

    timing = timed(machine, 1.0, pairs=1, cpus=(0, 1))

    assert_nothing_is_lost(timing, machine)
    assert words(timing) == "workers not moved (OSError: [Errno 22] Invalid argument)"


class Stubborn:
    """A worker that can't be moved to CPU 1, though others can."""

    def __init__(self, worker: SimulatedWorker) -> None:
        self.worker = worker
        self.start, self.time = worker.start, worker.time

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        if operation == "move" and fields["cpus"] == [1]:
            return {"reason": "OSError: [Errno 22] Invalid argument"}
        return self.worker.ask(operation, **fields)


@pytest.mark.parametrize("stubborn", [0, 1], ids=["candidate", "other"])
@pytest.mark.parametrize("seed", range(4))
def test_a_round_that_only_one_side_could_begin_is_timed_anew(stubborn: int, seed: int) -> None:
    """What the other side did on the CPU that was given up is not compared with anything."""
    machine = Machine(1)
    machine.speeds[1] = 3.0

    @contextmanager
    def pair() -> Iterator[tuple[Any, Any]]:
        with machine.pair(1.0) as workers:
            sides = [Stubborn(side) if number == stubborn else side for number, side in enumerate(workers)]
            yield sides[0], sides[1]

    timing = measure_latency(pair, lambda timing: True, seed, cpus=(0, 1))

    assert timing.placing is Placing.TOGETHER
    assert [len(one) for one in timing.pairs] == [ROUNDS_PER_PAIR]
    assert timing.candidate_ns.size == timing.iterations * ROUNDS_PER_PAIR
    assert all(0.4 < ours / theirs < 2.5 for ours, theirs in timing.pairs[0]), "no side was on the slow CPU alone"


def test_a_side_alone_takes_its_turns_too() -> None:
    machine = Machine(1)

    @contextmanager
    def alone() -> Iterator[tuple[SimulatedWorker, None]]:
        yield machine.worker(0, 1.0), None

    timing = measure_latency(alone, lambda timing: True, 1, cpus=(0, 1))

    assert timing.placing is Placing.TOGETHER
    assert not timing.paired
    assert machine.timed_on.count(0) == machine.timed_on.count(1) == ROUNDS_PER_PAIR // 2


class Settling:
    """A worker that writes down its moves."""

    def __init__(self, worker: SimulatedWorker, log: list[dict[str, Any]], p50_ns: int) -> None:
        self.worker, self.log, self.p50_ns = worker, log, p50_ns
        self.start, self.time = worker.start, worker.time

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        if operation == "move":
            self.log.append(fields)
        return {"p50_ns": self.p50_ns} if operation == "warm_up" else self.worker.ask(operation, **fields)


def test_fresh_processes_are_moved_anew() -> None:
    """One may have the identity of a worker that has ended, and is not where that was."""
    machine, log = Machine(1), list[dict[str, Any]]()
    with machine.pair(1.0) as workers:
        ours, theirs = (Settling(one, log, 1_000_000) for one in workers)

    @contextmanager
    def pair() -> Iterator[tuple[Any, Any]]:
        yield ours, theirs

    measure_latency(pair, lambda timing: len(timing.pairs) == 2, 1, cpus=(0,))

    assert [fields["cpus"] for fields in log] == [[0]] * 4


@pytest.mark.parametrize(("p50_ns", "settle"), [(1_000_000, 4), (10_000_000, 2), (10**9, 1)])
def test_after_a_move_some_inferences_are_not_timed(p50_ns: int, settle: int) -> None:
    machine, log = Machine(1), list[dict[str, Any]]()

    @contextmanager
    def pair() -> Iterator[tuple[Any, Any]]:
        with machine.pair(1.0) as (ours, theirs):
            yield Settling(ours, log, p50_ns), Settling(theirs, log, p50_ns)

    timing = measure_latency(pair, lambda timing: True, 1, cpus=(0, 1))

    assert {fields["settle"] for fields in log} == {settle}
    assert {tuple(fields["cpus"]) for fields in log} == {(0,), (1,)}
    assert len(log) <= 2 * ROUNDS_PER_PAIR
    assert timing.candidate_ns.size == timing.iterations * ROUNDS_PER_PAIR, "what settles is not among the times"
