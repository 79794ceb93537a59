"""What was timed, seen as inferences, as starts, and from the other side."""

from __future__ import annotations

import pytest

from harness.core.timing import Placing, Span, Start, Timing
from tests.core.records import rounds, timed_alone, timing

STARTS = ((Start(load_ns=10, first_ns=3), Start(load_ns=20, first_ns=4)),) * 2
ALONE = tuple(pair[:1] for pair in STARTS)


def test_inferences_are_the_times_as_they_are() -> None:
    timed = timing(rounds(1.0))

    assert timed.of(Span.INFERENCE) is timed
    assert timed.span is Span.INFERENCE


@pytest.mark.parametrize("span", [Span.LOAD, Span.FIRST_INFERENCE])
def test_what_was_not_timed_is_none(span: Span) -> None:
    assert timing(rounds(1.0)).of(span) is None


@pytest.mark.parametrize(
    ("span", "ours", "theirs"), [(Span.LOAD, 10, 20), (Span.FIRST_INFERENCE, 3, 4)], ids=["load", "first"]
)
def test_a_pair_of_processes_starts_once(span: Span, ours: float, theirs: float) -> None:
    beside = timing(rounds(1.0), rounds(1.0), starts=STARTS, placing=Placing.FREE).of(span)
    alone = timed_alone(rounds(1.0), rounds(1.0), starts=ALONE).of(span)

    assert beside is not None and beside.other_ns is not None and alone is not None
    assert beside.pairs == (((ours, theirs),),) * 2
    assert (beside.candidate_ns.tolist(), beside.other_ns.tolist()) == ([ours] * 2, [theirs] * 2)
    assert (beside.paired, beside.placing, beside.iterations, beside.span) == (True, Placing.FREE, 1, span)
    assert alone.pairs == (((ours, 0.0),),) * 2
    assert (alone.paired, alone.candidate_ns.tolist()) == (False, [ours] * 2)


def test_the_other_side_has_its_own_starts_and_was_compared_with_nothing() -> None:
    other = timing(rounds(1.0), rounds(1.0), starts=STARTS, placing=Placing.APART).of_other()

    assert other is not None
    assert (other.paired, other.placing) == (False, Placing.TOGETHER)
    loads = other.of(Span.LOAD)
    assert isinstance(loads, Timing)
    assert loads.epochs_ns == [20, 20]
    assert loads.starts == tuple(pair[1:] for pair in STARTS)
