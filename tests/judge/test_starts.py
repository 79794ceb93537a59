"""Whether processes started alike: the words for it, and what is not compared because of it."""

from __future__ import annotations

import pytest

from harness.core.timing import Files, Span, Start, Timing
from harness.judge.starts import WORDS, condition, say_condition, why_other_condition, why_unlike
from tests.core.records import rounds, start, timed_alone, timing

COLD, CACHED, UNKNOWN = Files.COLD, Files.CACHED, Files.UNKNOWN
TMPFS = "the system keeps 3 of 3 pages on tmpfs"


def loads(*pairs: tuple[Start, ...], span: Span = Span.LOAD) -> Timing:
    given = [rounds(1.0)] * len(pairs)
    whole = (timing if len(pairs[0]) == 2 else timed_alone)(*given, starts=pairs)
    found = whole.of(span)
    assert found is not None
    return found


def of(*pairs: tuple[Files, ...]) -> Timing:
    """Loads of these states, candidate first; what was not cold has a reason."""
    return loads(*(tuple(start(10, files, "" if files is COLD else TMPFS) for files in pair) for pair in pairs))


@pytest.mark.parametrize(
    ("timed", "of_candidate", "of_both"),
    [
        pytest.param(of((COLD, COLD)), "files cold", "files cold", id="all cold"),
        pytest.param(of((CACHED, CACHED)), "files cached", "files cached", id="all cached"),
        pytest.param(of((UNKNOWN, UNKNOWN)), "files perhaps cached", "files perhaps cached", id="nothing known"),
        pytest.param(of((COLD,), (COLD,)), "files cold", "files cold", id="alone"),
        pytest.param(of((COLD, CACHED)), "files cold", "files cold or files cached", id="the other cached"),
        pytest.param(of((CACHED, COLD)), "files cached", "files cold or files cached", id="the candidate cached"),
        pytest.param(of((COLD, UNKNOWN)), "files cold", "files cold or files perhaps cached", id="the other unknown"),
        pytest.param(
            of((COLD, COLD), (CACHED, CACHED)),
            "files cold or files cached",
            "files cold or files cached",
            id="both sides cached in one pair of two",
        ),
        pytest.param(
            of((COLD, COLD), (COLD, COLD), (COLD, CACHED)),
            "files cold",
            "files cold or files cached",
            id="one start of six",
        ),
    ],
)
def test_condition(timed: Timing, of_candidate: str, of_both: str) -> None:
    for both, words in ((False, of_candidate), (True, of_both)):
        assert condition(timed, both=both) == words
        # What is not one state for all is compared with nothing; its reason names both, and why one was not cold.
        unlike = "" if words in WORDS.values() else f"the processes did not start alike, {words}: {TMPFS}"
        assert why_unlike(timed, both=both) == unlike


@pytest.mark.parametrize("span", [Span.LOAD, Span.FIRST_INFERENCE])
def test_the_first_inference_follows_the_load(span: Span) -> None:
    timed = loads((start(10, CACHED, TMPFS), start(10, COLD)), span=span)

    assert condition(timed, both=True) == "files cold or files cached"


def test_inferences_have_no_such_condition_however_their_processes_started() -> None:
    timed = timing(rounds(1.0), starts=((start(10, CACHED, TMPFS), start(10, COLD)),))

    assert (condition(timed, both=True), say_condition(timed, both=True), why_unlike(timed, both=True)) == ("", "", "")


@pytest.mark.parametrize(
    ("timed", "says"),
    [
        pytest.param(of((COLD, COLD)), ", files cold", id="cold"),
        pytest.param(of((CACHED, CACHED)), f", files cached: {TMPFS}", id="cached, and why"),
        pytest.param(loads((start(10, CACHED), start(10, CACHED))), ", files cached", id="cached, nobody knows why"),
    ],
)
def test_say_condition(timed: Timing, says: str) -> None:
    assert say_condition(timed, both=True) == says


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        pytest.param("", "", "", id="figures that know no condition"),
        pytest.param("files cold", "files cold", "", id="cold both times"),
        pytest.param("files cached", "files cached", "", id="cached both times"),
        pytest.param("files cached", "files cold", "condition: files cached, now files cold", id="cold now"),
        pytest.param("files cold", "files cached", "condition: files cold, now files cached", id="cold then"),
        pytest.param("", "files cold", "condition: not recorded, now files cold", id="stored without"),
        pytest.param("files cold", "", "condition: files cold, now not recorded", id="none now"),
        pytest.param(
            "files perhaps cached",
            "files perhaps cached",
            "condition: files perhaps cached, now files perhaps cached",
            id="unknown both times: not the same",
        ),
        pytest.param(
            "files cold or files cached",
            "files cold or files cached",
            "condition: files cold or files cached, now files cold or files cached",
            id="mixed both times",
        ),
    ],
)
def test_why_other_condition(before: str, now: str, why: str) -> None:
    assert why_other_condition(before, now) == why
