"""What happens between two readings of the clock: the engine's callable, and nothing of ours."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest

from harness.worker import program, tensor_bytes

CLOCK, STEP = "perf_counter_ns", "step"


def calls_during(work: Callable[[], object]) -> list[str]:
    """The names of all functions, Python's and C's, that are entered while *work* runs, in order."""
    names: list[str] = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            names.append(frame.f_code.co_name)
        elif event == "c_call":
            names.append(argument.__name__)

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return names


def step() -> None:
    """Stands for an engine."""


@pytest.mark.parametrize("iterations", [1, 2, 50])
def test_between_two_readings_of_the_clock_nothing_but_the_engine_is_called(iterations: int) -> None:
    names = calls_during(lambda: program.time_epoch(step, iterations))
    first = names.index(CLOCK)
    last = len(names) - names[::-1].index(CLOCK)
    assert names[first:last] == [CLOCK, STEP, CLOCK] * iterations


def test_a_call_more_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow_clock() -> int:
        return time.monotonic_ns()

    monkeypatch.setattr(program.time, CLOCK, slow_clock)
    assert "monotonic_ns" in calls_during(lambda: program.time_epoch(step, 1))


@pytest.mark.parametrize("iterations", [0, 1, 7])
def test_each_call_is_one_time(iterations: int) -> None:
    count = 0

    def counted() -> None:
        nonlocal count
        count += 1

    assert len(program.time_epoch(counted, iterations)) == count == iterations


def test_a_worker_times_the_engines_own_callable() -> None:
    class Session:
        def prepare(self, sample: object) -> Callable[[], None]:
            return step

    worker = program.Program()
    worker.wire, worker.session = tensor_bytes, Session()
    worker.prepare(**tensor_bytes.pack({"image": np.zeros((1, 4), np.float32)}))
    assert worker.step is step


@pytest.mark.parametrize("collecting", [True, False])
def test_no_garbage_is_collected_meanwhile_and_afterwards_as_before(collecting: bool) -> None:
    before = gc.isenabled()
    seen = []
    try:
        (gc.enable if collecting else gc.disable)()
        program.time_epoch(lambda: seen.append(gc.isenabled()), 3)
        assert gc.isenabled() is collecting
        with pytest.raises(ZeroDivisionError):
            program.time_epoch(lambda: 1 / 0, 3)
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()
    assert seen == [False] * 3
