"""What lies between two readings of a machine, and how it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.core.context import Context, Moment

START = Moment(monotonic_s=100.0)


def between(before: dict[str, Any], after: dict[str, Any], seconds: float = 10.0) -> Context:
    return Context.between(replace(START, **before), replace(START, monotonic_s=100.0 + seconds, **after))


def test_nothing_readable_gives_the_seconds_only() -> None:
    assert between({}, {}) == Context(seconds=10.0)


def test_start_and_end_are_told_as_they_were_read() -> None:
    before = {"load1": 0.5, "frequency_hz": 2.9e9, "temperature_c": 61.0}
    after = {"load1": 1.8, "frequency_hz": 2.6e9, "temperature_c": 74.0}

    assert between(before, after) == Context(
        seconds=10.0,
        load1=1.8,
        frequency_start_hz=2.9e9,
        frequency_end_hz=2.6e9,
        temperature_start_c=61.0,
        temperature_end_c=74.0,
    )


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        pytest.param((1.0, 50.0), (3.0, 90.0), 0.05, id="some"),
        pytest.param((1.0, 50.0), (1.0, 90.0), 0.0, id="none"),
        pytest.param((1.0, 50.0), (41.0, 90.0), 1.0, id="all"),
        pytest.param((1.0, 50.0), (41.01, 90.0), 1.0, id="a tick more than all"),
        pytest.param((1.0, 50.0), (1.0, 50.0), None, id="no time"),
        pytest.param((3.0, 50.0), (1.0, 90.0), None, id="steal set back"),
        pytest.param((1.0, 90.0), (3.0, 50.0), None, id="all time set back"),
        pytest.param((None, 50.0), (3.0, 90.0), None, id="steal unreadable before"),
        pytest.param((1.0, 50.0), (None, 90.0), None, id="steal unreadable after"),
        pytest.param((1.0, None), (3.0, None), None, id="all time unreadable"),
    ],
)
def test_steal_is_a_share_of_all_cpu_time(
    before: tuple[float | None, float | None], after: tuple[float | None, float | None], share: float | None
) -> None:
    names = ("steal_s", "total_s")

    assert between(dict(zip(names, before, strict=True)), dict(zip(names, after, strict=True))).steal_share == share


@pytest.mark.parametrize(
    ("before", "after", "seconds", "share"),
    [
        pytest.param(5.0, 6.0, 10.0, 0.1, id="some"),
        pytest.param(5.0, 5.0, 10.0, 0.0, id="none"),
        pytest.param(5.0, 15.0, 10.0, 1.0, id="all"),
        pytest.param(5.0, 15.2, 10.0, 1.0, id="more than all"),
        pytest.param(5.0, 5.1, 0.0, None, id="no time"),
        pytest.param(5.0, 5.1, -1.0, None, id="a clock set back"),
        pytest.param(6.0, 5.0, 10.0, None, id="set back"),
        pytest.param(None, 5.0, 10.0, None, id="unreadable before"),
        pytest.param(5.0, None, 10.0, None, id="unreadable after"),
    ],
)
def test_pressure_is_a_share_of_the_time(
    before: float | None, after: float | None, seconds: float, share: float | None
) -> None:
    context = between({"pressure_s": before}, {"pressure_s": after}, seconds)

    assert context.pressure_share == share
    assert context.seconds == max(seconds, 0.0)


@pytest.mark.parametrize(
    ("counts", "now", "throttled"),
    [
        pytest.param((4, 4), (None, None), False, id="no event"),
        pytest.param((4, 5), (None, None), True, id="an event"),
        pytest.param((5, 4), (None, None), None, id="events set back"),
        pytest.param((None, 4), (None, None), None, id="events unreadable before"),
        pytest.param((4, None), (None, None), None, id="events unreadable after"),
        pytest.param((None, None), (False, False), False, id="not now"),
        pytest.param((None, None), (True, False), True, id="at the start"),
        pytest.param((None, None), (False, True), True, id="at the end"),
        pytest.param((None, None), (None, False), False, id="not at the end, unreadable before"),
        pytest.param((4, 4), (False, True), True, id="no event, but now"),
        pytest.param((4, 5), (False, False), True, id="an event, over by now"),
        pytest.param((5, 4), (False, False), False, id="events set back, not now"),
        pytest.param((None, None), (None, None), None, id="nothing"),
    ],
)
def test_throttled_by_events_or_now(
    counts: tuple[int | None, int | None], now: tuple[bool | None, bool | None], throttled: bool | None
) -> None:
    before, after = ({"throttle_count": c, "throttled_now": n} for c, n in zip(counts, now, strict=True))

    assert between(before, after).throttled is throttled


@pytest.mark.parametrize("switches", [None, 0, 41])
def test_switches_are_the_callers(switches: int | None) -> None:
    assert Context.between(START, START, switches).involuntary_switches == switches


def test_so_are_the_cpus() -> None:
    assert Context.between(START, START).cpus == ""
    assert Context.between(START, START, cpus="timed on CPU 0").cpus == "timed on CPU 0"


@pytest.mark.parametrize(
    ("stretches", "cpus"),
    [
        pytest.param(["", ""], "", id="unknown"),
        pytest.param(["on CPU 0", "on CPU 0"], "on CPU 0", id="the same: said once"),
        pytest.param(["on 0, 1", "on CPU 0"], "on 0, 1; then on CPU 0", id="one went offline"),
        pytest.param(["on 0, 1", "", "on CPU 0"], "on 0, 1; then on CPU 0", id="unknown between"),
    ],
)
def test_merged_stretches_say_all_places(stretches: list[str], cpus: str) -> None:
    assert Context.merged([Context(seconds=1.0, cpus=one) for one in stretches]).cpus == cpus


FIRST = Context(
    seconds=1.0,
    steal_share=0.125,
    pressure_share=0.5,
    involuntary_switches=3,
    load1=2.0,
    frequency_start_hz=3e9,
    frequency_end_hz=2.9e9,
    temperature_start_c=50.0,
    temperature_end_c=60.0,
    throttled=False,
)
LAST = Context(
    seconds=3.0,
    steal_share=0.375,
    pressure_share=0.0,
    involuntary_switches=4,
    load1=1.0,
    frequency_start_hz=2.8e9,
    frequency_end_hz=2.7e9,
    temperature_start_c=70.0,
    temperature_end_c=80.0,
    throttled=True,
)
DARK = Context(seconds=100.0)


def test_merged_stretches_add_weigh_and_span() -> None:
    assert Context.merged([FIRST, LAST]) == Context(
        seconds=4.0,
        steal_share=0.3125,
        pressure_share=0.125,
        involuntary_switches=7,
        load1=2.0,
        frequency_start_hz=3e9,
        frequency_end_hz=2.7e9,
        temperature_start_c=50.0,
        temperature_end_c=80.0,
        throttled=True,
    )


@pytest.mark.parametrize("contexts", [[FIRST, DARK], [DARK, FIRST], [DARK, FIRST, DARK]])
def test_unknown_stretches_add_their_seconds_only(contexts: list[Context]) -> None:
    seconds = sum(one.seconds for one in contexts)

    assert Context.merged(contexts) == replace(FIRST, seconds=seconds)


@pytest.mark.parametrize(
    ("stretches", "merged"),
    [
        pytest.param([None, None], None, id="none of them known"),
        pytest.param([None, False], False, id="one not"),
        pytest.param([False, False], False, id="none was"),
        pytest.param([False, True], True, id="the last"),
        pytest.param([True, None], True, id="the first"),
    ],
)
def test_throttled_once_is_throttled(stretches: list[bool | None], merged: bool | None) -> None:
    assert Context.merged([Context(seconds=1.0, throttled=one) for one in stretches]).throttled is merged


def test_merging_one_or_none() -> None:
    assert Context.merged([LAST]) == LAST
    assert Context.merged([]) == Context(seconds=0.0)


def test_stretches_without_time_have_no_shares() -> None:
    still = Context(seconds=0.0, steal_share=0.5)

    assert Context.merged([still, still]).steal_share is None
    assert Context.merged([still, LAST]).steal_share == 0.375


@pytest.mark.parametrize(
    ("known", "words"),
    [
        pytest.param(
            {
                "cpus": "timed on CPU 0",
                "steal_share": 0.031,
                "pressure_share": 0.12,
                "involuntary_switches": 41,
                "load1": 1.8,
                "frequency_start_hz": 2.9e9,
                "frequency_end_hz": 2.6e9,
                "temperature_start_c": 61.0,
                "temperature_end_c": 74.0,
                "throttled": True,
            },
            "timed on CPU 0, steal 3.1 %, pressure 12 %, 41 involuntary switches, load 1.8, 2.90 -> 2.60 GHz, "
            "61 -> 74 °C, throttled",
            id="all",
        ),
        pytest.param({}, "", id="nothing"),
        pytest.param({"steal_share": 0.0, "pressure_share": 1.0}, "steal 0 %, pressure 100 %", id="ends"),
        pytest.param({"steal_share": 0.0994, "pressure_share": 0.0995}, "steal 9.9 %, pressure 10 %", id="rounding"),
        pytest.param({"involuntary_switches": 0, "load1": 0.0}, "0 involuntary switches, load 0.0", id="zeros"),
        pytest.param({"involuntary_switches": 1}, "1 involuntary switch", id="one switch"),
        pytest.param({"throttled": False}, "not throttled", id="not throttled"),
        pytest.param({"frequency_start_hz": 2.9e9}, "2.90 GHz", id="start only"),
        pytest.param({"temperature_end_c": 74.6}, "75 °C", id="end only"),
        pytest.param({"frequency_start_hz": 2.901e9, "frequency_end_hz": 2.899e9}, "2.90 GHz", id="no change to see"),
    ],
)
def test_words_for_people(known: dict[str, Any], words: str) -> None:
    assert Context(seconds=1.0, **known).words == words
