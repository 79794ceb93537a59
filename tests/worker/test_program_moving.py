"""A worker that is moved: all its threads, what it does afterwards, and what it says where it can't go."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from harness.worker import program
from harness.worker.process import Worker, WorkerFailure
from tests.worker.conftest import OpenWorker

ALLOWED = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
choosable = pytest.mark.skipif(not ALLOWED, reason="a process can't choose its CPU on this system")
two_cpus = pytest.mark.skipif(len(ALLOWED) < 2, reason="this process may use one CPU alone")
SAMPLE = {"x": np.zeros((1, 2))}

SIDE = """
import os, threading

def versions():
    return {}

def open_session(path, options):
    return Session()

class Session:
    def __init__(self):
        self.end = threading.Event()
        self.calls = []
        self.later = []
        threading.Thread(target=self.end.wait, daemon=True).start()

    def predict(self, batch):
        return batch

    def prepare(self, sample):
        return lambda: self.calls.append(sorted(os.sched_getaffinity(0)))

    def describe(self):
        begun = threading.Event()
        threading.Thread(target=self.wait_after, args=(begun,), daemon=True).start()
        begun.wait()
        tasks = os.listdir("/proc/self/task")
        threads = [sorted(os.sched_getaffinity(int(task))) for task in tasks]
        return {"threads": threads, "later": self.later, "calls": self.calls}

    def wait_after(self, begun):
        self.later.append(sorted(os.sched_getaffinity(0)))
        begun.set()
        self.end.wait()

    def close(self):
        self.end.set()
"""


def opened(open_worker: OpenWorker) -> Worker:
    worker = open_worker(text=SIDE)
    worker.ask("load", path="", options={})
    return worker


def described(worker: Worker) -> dict[str, Any]:
    return dict(worker.ask("describe")["description"])


@two_cpus
@pytest.mark.parametrize("cpus", [ALLOWED[:1], ALLOWED[1:2], ALLOWED[:2]], ids=["the first", "the second", "both"])
def test_every_thread_is_moved_and_those_that_come_later_too(open_worker: OpenWorker, cpus: list[int]) -> None:
    worker = opened(open_worker)
    assert len(described(worker)["threads"]) >= 2, "the engine has a thread of its own"

    for wanted in (ALLOWED[1:2], cpus):
        assert worker.ask("move", cpus=wanted, settle=0) == {"reason": ""}

    seen = described(worker)
    assert len(seen["threads"]) >= 2
    assert all(one == cpus for one in seen["threads"]), seen
    assert seen["later"] == [ALLOWED, cpus]


@choosable
@pytest.mark.parametrize("settle", [0, 1, 5])
def test_it_settles_where_it_was_moved_to_and_none_of_that_is_timed(open_worker: OpenWorker, settle: int) -> None:
    worker = opened(open_worker)
    worker.prepare(SAMPLE)
    before = len(described(worker)["calls"])

    worker.ask("move", cpus=ALLOWED[-1:], settle=settle)

    assert described(worker)["calls"][before:] == [ALLOWED[-1:]] * settle
    assert worker.time(3).shape == (3,)
    assert len(described(worker)["calls"]) == before + settle + 3


@choosable
def test_it_can_be_moved_before_it_loads_but_not_settle(open_worker: OpenWorker) -> None:
    worker = open_worker(text=SIDE)
    assert worker.ask("move", cpus=ALLOWED[-1:], settle=0)["reason"] == ""
    with pytest.raises(WorkerFailure, match="prepare comes first"):
        worker.ask("move", cpus=ALLOWED[-1:], settle=1)

    worker.ask("load", path="", options={})

    assert all(one == ALLOWED[-1:] for one in described(worker)["threads"]), "what the engine starts begins there"


@choosable
@pytest.mark.parametrize("cpus", [[100_000], []], ids=["a CPU that is not there", "none"])
def test_a_set_that_is_refused_is_a_reason_and_no_failure(open_worker: OpenWorker, cpus: list[int]) -> None:
    worker = opened(open_worker)
    worker.prepare(SAMPLE)
    before = described(worker)["calls"]

    reason = worker.ask("move", cpus=cpus, settle=4)["reason"]

    assert reason.startswith("OSError: ")
    after = described(worker)
    assert all(one == ALLOWED for one in after["threads"]), "it moved nowhere"
    assert after["calls"] == before, "and settled nowhere"
    assert worker.time(2).shape == (2,), "it lives on"


@choosable
def test_where_tells_the_cpu_that_it_was_moved_to(open_worker: OpenWorker) -> None:
    worker = opened(open_worker)
    worker.prepare(SAMPLE)

    for cpu in [*ALLOWED, *ALLOWED]:
        worker.ask("move", cpus=[cpu], settle=1)
        assert worker.ask("where")["cpu"] == cpu


def test_without_affinity_the_reason_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.os, "listdir", lambda folder: ["1"])
    monkeypatch.delattr(program.os, "sched_setaffinity", raising=False)

    assert program.Program().move([0], 0)["reason"].startswith("AttributeError: ")


@pytest.mark.parametrize(
    "error",
    [PermissionError(1, "not permitted"), OSError(22, "invalid argument")],
    ids=lambda error: type(error).__name__,
)
def test_what_the_system_refuses_is_the_reason(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    def refuse(thread: int, cpus: list[int]) -> None:
        raise error

    monkeypatch.setattr(program.os, "listdir", lambda folder: ["1"])
    monkeypatch.setattr(program.os, "sched_setaffinity", refuse, raising=False)

    reason = program.Program().move([0], 1)["reason"]

    assert reason == f"{type(error).__name__}: {error}"


def test_a_system_without_proc_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(folder: str) -> list[str]:
        raise FileNotFoundError(folder)

    monkeypatch.setattr(program.os, "listdir", gone)

    assert program.Program().move([0], 0)["reason"].startswith("FileNotFoundError: /proc/self/task")


@pytest.mark.parametrize(
    ("listed", "confined"),
    [
        pytest.param([["1", "2"], ["1", "2"]], [1, 2], id="those there are"),
        pytest.param(
            [["1"], ["1", "2"], ["1", "2", "3"], ["1", "3"]], [1, 2, 3], id="those that are started meanwhile"
        ),
        pytest.param([["1", "404"], ["1"]], [1], id="not one that has ended"),
    ],
)
def test_no_thread_is_forgotten(monkeypatch: pytest.MonkeyPatch, listed: list[list[str]], confined: list[int]) -> None:
    moved: list[tuple[int, list[int]]] = []
    looks: Iterator[list[str]] = iter(listed)

    def confine(thread: int, cpus: list[int]) -> None:
        if thread == 404:
            raise ProcessLookupError(thread)
        moved.append((thread, cpus))

    monkeypatch.setattr(program.os, "listdir", lambda folder: next(looks))
    monkeypatch.setattr(program.os, "sched_setaffinity", confine, raising=False)

    program.confine([0, 1])

    assert sorted(moved) == [(thread, [0, 1]) for thread in confined]


BEFORE = " ".join([" S", *map(str, range(100, 135)), ""])
"""From the third field to the 38th: the CPU is the next."""


@pytest.mark.parametrize(
    ("stat", "cpu"),
    [
        pytest.param(f"12 (python){BEFORE}3 0 0 0\n", 3, id="the 39th field"),
        pytest.param(f"12 (a) b (c){BEFORE}11 0 0 0\n", 11, id="a name with spaces and brackets"),
        pytest.param("12 (python) S 1 2 3\n", None, id="too short"),
        pytest.param(f"12 (python){BEFORE}? 0\n", None, id="no number"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="no such file"),
    ],
)
def test_where_is_what_the_system_tells(monkeypatch: pytest.MonkeyPatch, stat: str | None, cpu: int | None) -> None:
    def open_stat(path: str, **how: Any) -> io.StringIO:
        if stat is None:
            raise FileNotFoundError(path)
        return io.StringIO(stat)

    monkeypatch.setattr(program, "open", open_stat, raising=False)

    assert program.Program().where() == {"cpu": cpu}
