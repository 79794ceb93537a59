"""Starts of fresh processes: timed one side after the other on the same CPUs, only where somebody asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from harness.core.tensors import Array
from harness.core.timing import Files, Placing, Start, Timing
from harness.meters.latency import measure_latency
from harness.meters.start import timed_start_measurements
from tests.core.records import rounds, start, timed_alone, timing

COLD, CACHED, UNKNOWN = Files.COLD, Files.CACHED, Files.UNKNOWN


class Side:
    """A fresh process that writes down what it does, and who else is starting at that moment."""

    starting = 0

    def __init__(self, name: str, log: list[tuple[str, Any]], meeting: threading.Barrier | None, refuses: bool) -> None:
        self.name, self.log, self.meeting, self.refuses = name, log, meeting, refuses

    def start(self, *, cold: bool) -> Start:
        if self.meeting is not None:
            self.meeting.wait(timeout=10)
        self.log.append((self.name, "cold start" if cold else "start"))
        return Start(load_ns=30 if self.name == "candidate" else 10, first_ns=5)

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        if operation == "move":
            self.log.append((self.name, tuple(fields["cpus"])))
            return {"reason": "PermissionError" if self.refuses else ""}
        return {"p50_ns": 1_000_000}

    def time(self, iterations: int) -> Array:
        return np.full(iterations, 1e6)


def timed(*, starts: bool, together: bool = False, threads: int = 1, refuses: bool = False) -> tuple[Timing, list[Any]]:
    """Two pairs, and what happened in the first until both had started."""
    log: list[tuple[str, Any]] = []
    meeting = threading.Barrier(2) if together and not starts else None

    @contextmanager
    def pair() -> Iterator[tuple[Side, Side]]:
        yield Side("candidate", log, meeting, refuses), Side("other", log, meeting, refuses)

    timing = measure_latency(
        pair,
        lambda timing: len(timing.pairs) == 2,
        seed=3,
        side_by_side=together,
        time_starts=starts,
        cpus=(0, 1, 2, 3),
        threads=threads,
    )
    last = [number for number, (_, what) in enumerate(log) if what in ("start", "cold start")][1]
    return timing, log[: last + 1]


@pytest.mark.parametrize("together", [True, False])
def test_timed_starts_follow_each_other_on_the_same_cpu(together: bool) -> None:
    timing, began = timed(starts=True, together=together)

    assert timing.starts == ((Start(load_ns=30, first_ns=5), Start(load_ns=10, first_ns=5)),) * 2
    assert timing.placing is Placing.TOGETHER
    moves, starts = began[:2], began[2:]
    assert {name for name, _ in moves} == {"candidate", "other"}
    assert len({cpus for _, cpus in moves}) == 1, "one CPU for both"
    assert sorted(starts) == [("candidate", "cold start"), ("other", "cold start")]


def test_starts_that_nobody_asked_for_happen_at_the_same_time_anywhere() -> None:
    timing, began = timed(starts=False, together=True)

    assert timing.starts == ()
    assert [what for _, what in began] == ["start"] * 2, "nothing is moved before"


def test_an_engine_with_a_pool_loads_on_the_cpus_that_it_gets() -> None:
    _, began = timed(starts=False, threads=2)

    assert [len(cpus) for _, cpus in began[:2]] == [2, 2]


def test_where_nobody_can_be_moved_the_starts_are_free() -> None:
    timing, _ = timed(starts=True, refuses=True)

    assert len(timing.starts) == 2
    assert timing.placing is Placing.FREE


def test_either_side_comes_first() -> None:
    firsts = set()
    for seed in range(20):
        log: list[tuple[str, Any]] = []

        @contextmanager
        def pair(log: list[tuple[str, Any]] = log) -> Iterator[tuple[Side, Side]]:
            yield Side("candidate", log, None, False), Side("other", log, None, False)

        measure_latency(pair, lambda timing: True, seed=seed, time_starts=True, cpus=(0,))
        firsts.add(next(name for name, what in log if what == "cold start"))

    assert firsts == {"candidate", "other"}


def starts(*loads: tuple[float, ...], files: tuple[Files, Files] = (COLD, COLD)) -> tuple[tuple[Start, ...], ...]:
    return tuple(tuple(start(one, of) for one, of in zip(pair, files, strict=False)) for pair in loads)


def test_figures_by_hand() -> None:
    loads = ((20, 10), (22, 10), (30, 10), (24, 10), (26, 10))
    found = {one.name: one for one in timed_start_measurements(timing(*[rounds(1.0)] * 5, starts=starts(*loads)))}

    assert found["load_ns"].value == 24
    assert found["load_ns"].interval == (20, 30), "of five all that they span"
    assert found["load_ratio"].value == pytest.approx(2.4)
    assert found["load_ratio"].interval == pytest.approx((2.0, 3.0))
    assert found["first_inference_ns"].value == 48
    assert {one.n for one in found.values()} == {5}
    assert {one.condition for one in found.values()} == {"files cold"}


@pytest.mark.parametrize(
    ("files", "of_load", "of_ratio"),
    [
        ((COLD, COLD), "files cold", "files cold"),
        ((CACHED, CACHED), "files cached", "files cached"),
        ((UNKNOWN, UNKNOWN), "files perhaps cached", "files perhaps cached"),
        ((COLD, CACHED), "files cold", "files cold or files cached"),
        ((CACHED, COLD), "files cached", "files cold or files cached"),
    ],
)
def test_a_time_has_the_condition_of_its_side_and_a_ratio_that_of_both(
    files: tuple[Files, Files], of_load: str, of_ratio: str
) -> None:
    found = {
        one.name: one.condition
        for one in timed_start_measurements(timing(rounds(1.0), starts=starts((20, 10), files=files)))
    }

    assert found == {
        "load_ns": of_load,
        "load_ratio": of_ratio,
        "first_inference_ns": of_load,
        "first_inference_ratio": of_ratio,
    }


@pytest.mark.parametrize(("processes", "known"), [(1, False), (4, False), (5, True)])
def test_too_few_processes_leave_no_infinite_interval_behind(processes: int, known: bool) -> None:
    """A report's JSON could not hold it."""
    timed = timing(*[rounds(1.0)] * processes, starts=starts(*[(20, 10)] * processes))

    assert {one.interval is not None for one in timed_start_measurements(timed)} == {known}


def test_alone_there_is_no_ratio() -> None:
    found = timed_start_measurements(timed_alone(rounds(1.0), starts=starts((20,))))

    assert [one.name for one in found] == ["load_ns", "first_inference_ns"]


def test_without_starts_there_is_nothing() -> None:
    assert timed_start_measurements(timing(rounds(1.0))) == []
