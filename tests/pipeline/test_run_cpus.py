"""Which CPUs a run's workers are moved to, and when: the target's, round by round; the fast kind before anything is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.lab import Lab, cases
from fakes.lab import lab as open_lab

from harness.core.environment import Hardware
from harness.core.finding import Verdict
from harness.targets.local import Local
from harness.worker.process import Worker

ALLOWED = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
pytestmark = pytest.mark.skipif(len(ALLOWED) < 2, reason="this process may use one CPU alone, or can't choose")
NIGHT = pytest.mark.nightly
CELL = "linear/int8_static/fakert/local"
ASKED = cases("latency_ratio", recipes=["int8_static"])
STARTS = cases("load_ratio", recipes=["int8_static"])


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path) as opened:
        opened.register()
        yield opened


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Worker, str, Any]]:
    """What workers are asked: who, what, and the CPUs of moves."""
    log: list[tuple[Worker, str, Any]] = []
    ask = Worker.ask

    def spied(self: Worker, operation: str, **fields: Any) -> dict[str, Any]:
        log.append((self, operation, tuple(fields.get("cpus", ()))))
        return ask(self, operation, **fields)

    monkeypatch.setattr(Worker, "ask", spied)
    return log


def of_each_worker(asked: list[tuple[Worker, str, Any]]) -> list[list[tuple[str, Any]]]:
    """What each was asked, in the order in which they were begun; those that never loaded anything are left out."""
    each: dict[int, list[tuple[str, Any]]] = {}
    for worker, operation, cpus in asked:
        each.setdefault(id(worker), []).append((operation, cpus))
    return [operations for operations in each.values() if ("load", ()) in operations]


def use(monkeypatch: pytest.MonkeyPatch, cpus: tuple[int, ...], cluster: str = "") -> None:
    hardware: Hardware = replace(Local().hardware(), cluster=cluster)
    monkeypatch.setattr(Local, "hardware", lambda self: hardware)
    monkeypatch.setattr(Local, "cpus", lambda self: cpus)


@pytest.mark.parametrize(
    ("cpus", "threads", "sets"),
    [
        pytest.param(tuple(ALLOWED[:2]), 1, {(cpu,) for cpu in ALLOWED[:2]}, id="one CPU after the other"),
        pytest.param(tuple(ALLOWED[:2]), 2, {tuple(ALLOWED[:2])}, id="both for two threads"),
        pytest.param(
            tuple(ALLOWED[1:2]), 1, {tuple(ALLOWED[1:2])}, id="the only one that the target uses", marks=NIGHT
        ),
        pytest.param((), 1, set(), id="a target whose processes can't choose", marks=NIGHT),
    ],
)
def test_rounds_are_timed_on_the_targets_cpus(
    lab: Lab,
    asked: list[tuple[Worker, str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    cpus: tuple[int, ...],
    threads: int,
    sets: set[tuple[int, ...]],
) -> None:
    use(monkeypatch, cpus)

    found = lab.judge(ASKED, threads=threads)

    assert found[CELL, "latency_ratio"][0].verdict is Verdict.REPORTED
    assert {moved for _, operation, moved in asked if operation == "move"} == sets


def test_a_cell_is_probed_on_the_fast_kind_which_its_worker_is_moved_to_before_it_loads(
    lab: Lab, asked: list[tuple[Worker, str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, tuple(ALLOWED[1:2]), "1 of 2 CPUs (core)")

    lab.judge(cases("accuracy"))

    workers = of_each_worker(asked)
    assert len(workers) == 2
    for operations in workers:
        moves = [number for number, (operation, _) in enumerate(operations) if operation == "move"]
        assert [operations[number][1] for number in moves] == [tuple(ALLOWED[1:2])]
        assert moves[0] < operations.index(("load", ())), "before the engine sizes its pools"


def test_where_all_cpus_are_alike_nobody_is_moved_to_be_probed(lab: Lab, asked: list[tuple[Worker, str, Any]]) -> None:
    lab.judge(cases("accuracy"))

    assert of_each_worker(asked)
    assert "move" not in {operation for _, operation, _ in asked}


@pytest.mark.parametrize("cluster", ["", "2 of 4 CPUs (core)"], ids=["all alike", "of a fast kind"])
def test_a_timed_start_happens_where_its_worker_was_moved_to_last(
    lab: Lab, asked: list[tuple[Worker, str, Any]], monkeypatch: pytest.MonkeyPatch, cluster: str
) -> None:
    """On one CPU, the same for both sides: moving to the whole kind afterwards would leave that to the system."""
    use(monkeypatch, tuple(ALLOWED[:2]), cluster)

    lab.judge(STARTS)

    timed = [operations for operations in of_each_worker(asked) if ("context", ()) in operations]
    assert timed
    for operations in timed:
        before = [cpus for operation, cpus in operations[: operations.index(("load", ()))] if operation == "move"]
        assert before and len(before[-1]) == 1, before
