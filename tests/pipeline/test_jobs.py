"""Items are worked through to the end: whatever a process does, each is done or has its reason, and no other suffers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.core.problem import Phase
from harness.pipeline import jobs
from harness.pipeline.child import JobEnd
from harness.pipeline.messages import (
    Begin,
    Done,
    Emit,
    Event,
    Failed,
    ReferenceItem,
    ReferenceRequest,
    Refused,
    Step,
    Unavailable,
)
from harness.pipeline.settings import Settings

DIED = JobEnd(ok=False, reason="the process died: signal SIGSEGV")
ENDED = JobEnd(ok=True)
Process = tuple[list[Event], JobEnd]


def begin(key: str) -> Begin:
    return Begin(key=key, title=key, phase=Phase.CONVERT)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``work(keys, *processes)``: problems by key, what each process was asked for, and all events."""

    def run(keys: str, *processes: Process) -> tuple[dict[str, tuple[str, str]], list[str], list[Event]]:
        asked: list[str] = []
        heard: list[Event] = []
        left = iter(processes)

        def run_child(request: ReferenceRequest, *, on_event: Emit, **others: object) -> JobEnd:
            asked.append("".join(item.model for item in request.items))
            events, end = next(left)
            for event in events:
                on_event(event)
            return end

        def request_of(waiting: Sequence[str]) -> ReferenceRequest:
            return ReferenceRequest(items=tuple(ReferenceItem(model=key, folder="") for key in waiting))

        monkeypatch.setattr(jobs, "run_child", run_child)
        settings = Settings(cache=tmp_path, scratch=tmp_path)
        problems = jobs.run_until_done(
            keys, request_of, log=tmp_path / "log", settings=settings, listen=heard.append, phase=Phase.LOAD
        )
        return {key: (problem.status, problem.reason) for key, problem in problems.items()}, asked, heard

    return run


def test_all_done_is_one_process_and_no_problem(work: Any) -> None:
    events = [begin("a"), Done(key="a"), begin("b"), Done(key="b")]
    assert work("ab", (events, ENDED)) == ({}, ["ab"], events)


def test_nothing_to_do_is_no_process(work: Any) -> None:
    assert work("") == ({}, [], [])


def test_one_that_fails_has_its_reason_and_the_next_goes_on_in_the_same_process(work: Any) -> None:
    events = [
        begin("a"),
        Failed(key="a", phase=Phase.COMPRESS, reason="broke"),
        begin("b"),
        Unavailable(key="b", reason="not installed"),
        begin("c"),
        Done(key="c"),
    ]
    problems, asked, _ = work("abc", (events, ENDED))
    assert problems == {"a": ("error(compress)", "broke"), "b": ("unavailable", "not installed")}
    assert asked == ["abc"]


def test_a_death_takes_only_the_item_at_work(work: Any) -> None:
    first = [begin("a"), Done(key="a"), begin("b")]
    second = [begin("c"), Done(key="c")]
    problems, asked, _ = work("abc", (first, DIED), (second, ENDED))
    assert problems == {"b": ("error(convert)", "the process died: signal SIGSEGV")}
    assert asked == ["abc", "c"]


def test_a_death_is_in_the_phase_that_was_told_last(work: Any) -> None:
    events = [begin("a"), Step(title="data", phase=Phase.DATA)]
    assert work("a", (events, DIED))[0] == {"a": ("error(data)", DIED.reason)}


@pytest.mark.parametrize("before", [[], [begin("a"), Done(key="a")]], ids=["at once", "between two items"])
def test_a_death_without_a_culprit_ends_all_that_wait(work: Any, before: list[Event]) -> None:
    problems, asked, _ = work("abc", (before, DIED))
    assert list(problems) == ([] if before else ["a"]) + ["b", "c"]
    assert {reason for _, reason in problems.values()} == {DIED.reason}
    assert len(asked) == 1


def test_a_death_before_any_event_is_in_the_phase_of_the_job(work: Any) -> None:
    assert work("a", ([], DIED))[0] == {"a": ("error(load)", DIED.reason)}


def test_a_refusal_ends_all_that_wait_with_its_reason(work: Any) -> None:
    problems, asked, _ = work("ab", ([Refused(reason="no such file")], ENDED))
    assert problems == dict.fromkeys("ab", ("error(load)", "no such file"))
    assert len(asked) == 1


def test_an_end_in_silence_is_a_reason_too(work: Any) -> None:
    assert work("a", ([], ENDED))[0] == {"a": ("error(load)", "the process ended without a result")}
