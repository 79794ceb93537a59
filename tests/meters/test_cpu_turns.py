"""Whose turn it is: CPUs drawn evenly, workers moved only when they must be, and where the sides really were."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from harness.core.tensors import Array
from harness.core.timing import Placing
from harness.meters.cpu_turns import (
    LEAST_SHARE,
    SETTLING_INFERENCES,
    SETTLING_NS,
    CpuSet,
    CpusRefused,
    CpuTurns,
    settling_inferences,
)

TOGETHER, FREE, APART = Placing.TOGETHER, Placing.FREE, Placing.APART


class Mover:
    """A worker that goes where it is told, or says why not, and writes it down."""

    def __init__(self, *, refuses: str = "", tells: dict[str, Any] | None = None) -> None:
        self.refuses, self.tells = refuses, tells or {}
        self.moves: list[tuple[list[int], int]] = []

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        if operation == "where":
            return self.tells
        assert operation == "move"
        self.moves.append((fields["cpus"], fields["settle"]))
        return {"reason": self.refuses}

    def time(self, iterations: int) -> Array:
        raise AssertionError("turns time nothing")


def turns(*cpus: int, threads: int = 1, seed: int = 0) -> CpuTurns:
    return CpuTurns(cpus, threads, random.Random(seed))


@pytest.mark.parametrize(
    ("cpus", "threads", "width", "sets"),
    [
        pytest.param(range(4), 1, 1, 4, id="one of four"),
        pytest.param(range(4), 2, 2, 2, id="two of four"),
        pytest.param(range(6), 3, 3, 2, id="three of six"),
        pytest.param((2, 5, 7), 1, 1, 3, id="CPUs that are not numbered from 0 on"),
        pytest.param(range(2), 2, 2, 1, id="both of two"),
        pytest.param(range(2), 8, 2, 1, id="more threads than CPUs"),
        pytest.param((3,), 1, 1, 1, id="one CPU"),
        pytest.param((3,), 4, 1, 1, id="one CPU, four threads"),
    ],
)
def test_every_cpu_comes_as_often_as_the_others(cpus: Any, threads: int, width: int, sets: int) -> None:
    """Once in each *sets* rounds that follow each other."""
    drawn = turns(*cpus, threads=threads)

    for _ in range(10):
        turn = [drawn.draw() for _ in range(sets)]
        assert {len(one) for one in turn} == {width}
        assert all(list(one) == sorted(one) for one in turn)
        assert sorted(cpu for one in turn for cpu in one) == list(cpus)


@pytest.mark.parametrize(("count", "threads"), [(3, 2), (8, 3), (5, 4)])
def test_where_sets_leave_a_rest_it_is_another_one_each_time(count: int, threads: int) -> None:
    drawn = turns(*range(count), threads=threads)

    times = Counter(cpu for _ in range(600) for cpu in drawn.draw())

    mean = 600 * threads / count
    assert set(times) == set(range(count))
    assert all(0.85 * mean < of_cpu < 1.15 * mean for of_cpu in times.values()), times


def test_the_order_is_random_and_the_seeds() -> None:
    def drawn(seed: int) -> list[CpuSet]:
        one = turns(0, 1, seed=seed)
        return [one.draw() for _ in range(40)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert {tuple(drawn(1)[at : at + 2]) for at in range(0, 40, 2)} == {((0,), (1,)), ((1,), (0,))}


def test_without_a_choice_nothing_is_drawn_and_nobody_is_moved() -> None:
    free, side = turns(), Mover()

    assert [free.draw() for _ in range(3)] == [()] * 3
    free.move(side, (), settle=4)
    assert side.moves == []


@pytest.mark.parametrize(
    ("sets", "asked"),
    [
        pytest.param([(0,)], 1, id="once"),
        pytest.param([(0,), (0,), (0,)], 1, id="stays"),
        pytest.param([(0,), (1,), (0,)], 3, id="to and fro"),
        pytest.param([(0, 1), (0,), (0, 1)], 3, id="to a part and back"),
        pytest.param([(0,), (), (0,)], 1, id="nowhere between"),
    ],
)
def test_a_worker_that_is_there_is_not_asked_to_move(sets: list[CpuSet], asked: int) -> None:
    drawn, side, other = turns(0, 1), Mover(), Mover()

    for cpus in sets:
        drawn.move(side, cpus, settle=3)

    wanted = [list(cpus) for cpus in sets if cpus]
    assert side.moves == [(cpus, 3) for at, cpus in enumerate(wanted) if at == 0 or cpus != wanted[at - 1]]
    assert len(side.moves) == asked
    drawn.move(other, sets[-1], settle=3)
    assert other.moves == [(list(sets[-1]), 3)], "each side by itself"


def test_fresh_workers_are_asked_anew() -> None:
    """A fresh process may have the identity of one that ended."""
    drawn, side = turns(0, 1), Mover()
    drawn.move(side, (0,), settle=1)

    drawn.begin_pair()
    drawn.move(side, (0,), settle=2)

    assert side.moves == [([0], 1), ([0], 2)]


def test_a_move_that_is_refused_says_why_and_moved_nobody() -> None:
    drawn, side = turns(0, 1), Mover(refuses="PermissionError: not permitted")

    for _ in range(2):
        with pytest.raises(CpusRefused, match=r"^PermissionError: not permitted$"):
            drawn.move(side, (0,), settle=1)

    assert len(side.moves) == 2, "it is not taken to be there"


@pytest.mark.parametrize(
    ("tells", "moved_to", "place"),
    [
        pytest.param({"cpu": 1}, (1,), (1,), id="where it was moved"),
        pytest.param({"cpu": 1}, (0, 1), (0, 1), id="on one of those it was moved to"),
        pytest.param({"cpu": 2}, (0, 1), (2,), id="on none of them"),
        pytest.param({"cpu": 0}, (1,), (0,), id="on CPU 0, which is one"),
        pytest.param({"cpu": None}, (1,), (1,), id="does not know: taken at its word"),
        pytest.param({}, (1,), (1,), id="does not answer"),
        pytest.param({"cpu": 3}, (), (3,), id="not moved"),
        pytest.param({"cpu": None}, (), (), id="not moved and does not know"),
    ],
)
def test_where_a_side_was(tells: dict[str, Any], moved_to: CpuSet, place: CpuSet) -> None:
    assert turns(0, 1).where(Mover(tells=tells), moved_to) == place


@pytest.mark.parametrize("seed", range(8))
def test_a_cpu_that_was_given_up_is_drawn_no_more(seed: int) -> None:
    """Nor is what was left of its turn."""
    drawn = turns(0, 1, 2, 3, seed=seed)
    drawn.draw()

    drawn.give_up((2,), "OSError: invalid argument")

    assert {drawn.draw() for _ in range(12)} == {(0,), (1,), (3,)}
    assert drawn.words == "each round timed on one CPU of 0, 1, 3"


def test_a_set_that_was_given_up_leaves_the_others_and_the_last_leaves_none() -> None:
    drawn = turns(0, 1, 2, threads=2)

    drawn.give_up((0, 2), "first")
    assert [drawn.draw() for _ in range(2)] == [(1,), (1,)]
    drawn.give_up((1,), "OSError: invalid argument")

    assert [drawn.draw() for _ in range(2)] == [(), ()]
    assert drawn.words == "workers not moved (OSError: invalid argument)"


A, B, C, BOTH, UNKNOWN = (0,), (1,), (2,), (0, 1), ()


@pytest.mark.parametrize(
    ("rounds", "placing"),
    [
        pytest.param([], TOGETHER, id="nothing yet"),
        pytest.param([(A, A), (B, B)] * 7, TOGETHER, id="each round on one CPU for both"),
        pytest.param([(BOTH, BOTH)] * 14, TOGETHER, id="on the same set"),
        pytest.param([(A,), (B,)] * 7, TOGETHER, id="one side alone"),
        pytest.param([(UNKNOWN,)] * 14, TOGETHER, id="one side alone, unknown where"),
        pytest.param([(UNKNOWN, UNKNOWN)] * 14, FREE, id="unknown where"),
        pytest.param([*[(A, A)] * 13, (UNKNOWN, UNKNOWN)], FREE, id="unknown in one round"),
        pytest.param([*[(A, B)] * 13, (UNKNOWN, B)], FREE, id="apart, and one side unknown in one round"),
        pytest.param([*[(A, A)] * 13, (A, B)], FREE, id="together in all rounds but one"),
        pytest.param([(A, B), (B, A)] * 7, FREE, id="never at the same time, on both all the same"),
        pytest.param([*[(A, B)] * 18, *[(A, A)] * 2], FREE, id="on the other's CPU in a tenth of the rounds"),
        pytest.param([*[(A, B)] * 19, *[(A, A)] * 2], APART, id="in two of 21"),
        pytest.param([*[(A, B)] * 18, *[(B, B)] * 2], FREE, id="the candidate on the other's, in a tenth"),
        pytest.param([*[(A, B)] * 19, *[(B, B)] * 2], APART, id="the candidate on the other's, in two of 21"),
        pytest.param([*[(A, B)] * 16, *[(C, B)] * 2, *[(A, C)] * 2], FREE, id="both on a third in a tenth"),
        pytest.param([*[(A, B)] * 17, *[(C, B)] * 1, *[(A, C)] * 2], APART, id="one side on a third in less"),
        pytest.param([(A, B)] * 14, APART, id="never on the same"),
        pytest.param([(A, B), (A, C)] * 7, APART, id="one side wanders, never to the other's"),
        pytest.param([(BOTH, C)] * 14, APART, id="one side left the set that both were moved to"),
    ],
)
def test_the_placing_of_all_rounds(rounds: list[tuple[CpuSet, ...]], placing: Placing) -> None:
    assert LEAST_SHARE == 0.1, "the rows are made for it"
    for order in (rounds, rounds[::-1]):
        noted = turns(0, 1)
        for places in order:
            noted.note(places)
        assert noted.placing is placing


def test_the_placing_is_that_of_all_pairs() -> None:
    noted = turns(0, 1)
    noted.note([A, B])

    noted.begin_pair()
    for _ in range(30):
        noted.note([A, A])

    assert noted.placing is FREE


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        pytest.param(turns(), "workers not moved (a process can't choose its CPU here)", id="no choice"),
        pytest.param(turns(3), "timed on CPU 3", id="one CPU"),
        pytest.param(turns(3, threads=4), "timed on CPU 3", id="one CPU, four threads"),
        pytest.param(turns(0, 1), "each round timed on one CPU of 0, 1", id="one of two"),
        pytest.param(turns(0, 1, threads=2), "timed on CPUs 0, 1", id="both"),
        pytest.param(turns(0, 1, threads=3), "timed on CPUs 0, 1", id="more threads than CPUs"),
        pytest.param(turns(0, 1, 4, 5, threads=2), "each round timed on 2 CPUs of 0, 1, 4, 5", id="two of four"),
        pytest.param(turns(*range(8)), "each round timed on one CPU of 0, 1, 2, 3, 4, 5, 6, 7", id="of eight"),
        pytest.param(turns(*range(9)), "each round timed on one CPU of 0, 1, 2, 3, 4, 5, 6, 7, ...", id="of nine"),
    ],
)
def test_words(drawn: CpuTurns, words: str) -> None:
    assert drawn.words == words


@pytest.mark.parametrize(
    ("places", "words"),
    [
        pytest.param([A, A], "each round timed on one CPU of 0, 1", id="they stayed"),
        pytest.param([A, B], "workers did not stay on the CPUs that they were moved to", id="they did not"),
    ],
)
def test_words_of_workers_that_were_moved(places: list[CpuSet], words: str) -> None:
    noted = turns(0, 1)
    noted.note(places)

    assert noted.words == words


@pytest.mark.parametrize(
    ("p50_ns", "settling"),
    [
        pytest.param(0, SETTLING_INFERENCES, id="no time at all"),
        pytest.param(1_000, SETTLING_INFERENCES, id="a quick model"),
        pytest.param(SETTLING_NS // 4, 4, id="a quarter of what is spent at most"),
        pytest.param(SETTLING_NS // 4 + 1, 3, id="a hair more"),
        pytest.param(SETTLING_NS, 1, id="all of it"),
        pytest.param(SETTLING_NS + 1, 1, id="more: one in any case"),
    ],
)
def test_slow_models_settle_in_fewer_inferences(p50_ns: int, settling: int) -> None:
    assert settling_inferences(p50_ns) == settling
