"""What a run knows of a cell: figures, stages, and what ended it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.finding import Verdict
from harness.core.measurement import Measurement
from harness.core.metrics import Stage
from harness.core.names import Cell
from harness.core.problem import CellProblem, Phase
from harness.core.result import NOT_RUN
from harness.pipeline.cell_book import CellBook, because_of
from harness.store.reason_logs import ReasonLogs

CELL = Cell(model="m", recipe="fp16", runtime="r")
BROKEN = CellProblem.error(Phase.RUN, "died")


@pytest.fixture
def book(tmp_path: Path) -> CellBook:
    opened = CellBook(ReasonLogs(tmp_path / "logs"))
    opened.open(CELL)
    return opened


def size(value: float) -> Measurement:
    return Measurement(name="size_bytes", value=value, unit="bytes")


def test_opening_again_keeps_what_is_known(book: CellBook) -> None:
    book.record(CELL, [size(3)])
    book.open(CELL)
    assert book.results[CELL].measurements["size_bytes"].value == 3
    assert book.results[CELL].status == NOT_RUN


def test_a_later_figure_stands_over_an_earlier_one_and_the_others_stay(book: CellBook) -> None:
    book.record(CELL, [size(3), Measurement(name="macs_count", value=7, unit="count")])
    book.record(CELL, [size(4)])
    assert {name: one.value for name, one in book.results[CELL].measurements.items()} == {
        "size_bytes": 4,
        "macs_count": 7,
    }


def test_a_cell_that_ended_raises_its_problem_and_shows_it(book: CellBook) -> None:
    book.check(CELL)
    problem = CellProblem(Verdict.UNAVAILABLE, "not installed")
    book.end(CELL, problem)
    assert book.problem(CELL) is problem
    assert (book.results[CELL].status, book.results[CELL].reason) == ("unavailable", "not installed")
    with pytest.raises(CellProblem, match="not installed"):
        book.check(CELL)


def test_a_stage_is_reached_by_a_block_that_ends_well(book: CellBook) -> None:
    assert not book.is_settled(CELL, Stage.PROBE)
    with book.reaching(CELL, Stage.PROBE):
        assert not book.is_done(CELL, Stage.PROBE)
    assert book.is_done(CELL, Stage.PROBE)
    assert book.is_settled(CELL, Stage.PROBE)
    assert not book.is_settled(CELL, Stage.TIMING)


def test_a_stage_that_failed_fails_again_without_another_try(book: CellBook) -> None:
    tries: list[int] = []

    def attempt() -> None:
        with book.reaching(CELL, Stage.PROBE):
            tries.append(1)
            raise BROKEN

    for _ in range(2):
        with pytest.raises(CellProblem, match="died"):
            attempt()
    assert tries == [1]
    assert (book.is_done(CELL, Stage.PROBE), book.is_settled(CELL, Stage.PROBE)) == (False, True)
    assert book.results[CELL].status == "error(run)"
    assert book.problem(CELL) is None, "its artifact is whole"


def test_another_exception_is_no_failure_of_the_cell(book: CellBook) -> None:
    with pytest.raises(KeyError), book.reaching(CELL, Stage.PROBE):
        raise KeyError("a mistake of ours")
    assert not book.is_settled(CELL, Stage.PROBE)


@pytest.mark.parametrize(
    ("problem", "status"),
    [(BROKEN, "error(run)"), (CellProblem(Verdict.UNSUPPORTED, "no fp16"), "error(measure)")],
    ids=["error", "unsupported"],
)
def test_what_rests_on_a_broken_cell_is_an_error_that_names_it(problem: CellProblem, status: str) -> None:
    resting = because_of(CELL, "its reference", problem)
    assert resting.status == status
    assert resting.reason == f"its reference {CELL.id} is {problem.status}: {problem.reason}"


@pytest.mark.parametrize("stage", [None, Stage.PROBE])
def test_what_an_engine_said_becomes_one_sentence_wherever_the_cell_ends(book: CellBook, stage: Stage | None) -> None:
    pages = CellProblem.error(Phase.RUN, "It \x1b[31mbroke\x1b[0m. Read on:\nValueError: bad shape")
    if stage is None:
        book.end(CELL, pages)
    else:
        with (
            pytest.raises(CellProblem, match=r"^It broke\.; ValueError: bad shape \(all of it: .*\.log\)$"),
            book.reaching(CELL, stage),
        ):
            raise pages
    assert book.results[CELL].reason.startswith("It broke.; ValueError: bad shape (all of it: ")
