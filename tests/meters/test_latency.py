"""Latency: the two sides really alternate, do the same work, and what a slower one costs is seen."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.core.context import Context, Moment
from harness.core.figures import LATENCY_PERCENTILES
from harness.core.finding import Verdict
from harness.core.limits import parse_limit
from harness.core.metrics import METRICS
from harness.core.tensors import Array
from harness.core.timing import NOT_TIMED, Placing, Start, Timing
from harness.judge.latency import LEAST_PAIRS, MAX_PAIRS, ROUNDS_PER_PAIR
from harness.judge.rules import take_look
from harness.meters.latency import (
    LATER_ROUNDS,
    LEAST_EPOCH_ITERATIONS,
    LEAST_EPOCH_NS,
    LEAST_WARM_ITERATIONS,
    LEAST_WARM_NS,
    latency_measurements,
    measure_latency,
)
from harness.stats.tail import least_n
from tests.core.records import rounds, timed_alone
from tests.core.records import timing as timing_of

CANDIDATE, REFERENCE = "candidate", "reference"
NOT_MOVED = "workers not moved (a process can't choose its CPU here)"
"""What the context says of rounds for which no CPUs were given."""


class Side:
    """A worker of a known speed; writes down what it is asked."""

    def __init__(
        self,
        name: str,
        ns: float,
        log: list[tuple[str, str, Any]],
        noise: float = 0.01,
        switches: Any = (),
        luck: int = 0,
    ) -> None:
        self.name, self.ns, self.log, self.noise = name, ns, log, noise
        self.switches = list(switches)
        """What it answers, question by question, when asked how often it lost its CPU; nothing when used up."""
        self.random = np.random.default_rng([luck, *name.encode()])

    def start(self, *, cold: bool) -> Start:
        self.log.append((self.name, "start", None))
        return Start(load_ns=20 * self.ns, first_ns=2 * self.ns)

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        self.log.append((self.name, operation, fields))
        if operation == "context":
            return {"involuntary_switches": self.switches.pop(0)} if self.switches else {}
        return {"reason": ""} if operation == "move" else {"p50_ns": int(self.ns), "iterations": 10}

    def time(self, iterations: int) -> Array:
        self.log.append((self.name, "time", iterations))
        return np.maximum(1, self.ns * self.random.normal(1, self.noise, iterations)).astype(np.int64)


class Pairs:
    """Opens pairs of sides and counts how many are open."""

    def __init__(
        self, *ns: tuple[float, float | None], noise: float = 0.01, switches: tuple[Any, Any] = ((), ())
    ) -> None:
        self.ns, self.noise, self.switches = ns, noise, switches
        self.log: list[tuple[str, str, Any]] = []
        self.opened = self.open_now = 0

    @contextmanager
    def __call__(self) -> Iterator[tuple[Side, Side | None]]:
        ours, theirs = self.ns[min(self.opened, len(self.ns) - 1)]
        self.opened += 1
        self.open_now += 1
        try:
            candidate = Side(CANDIDATE, ours, self.log, self.noise, self.switches[0], self.opened)
            if theirs is None:
                yield candidate, None
            else:
                yield candidate, Side(REFERENCE, theirs, self.log, self.noise, self.switches[1], self.opened)
        finally:
            self.open_now -= 1

    def timed(self) -> list[tuple[str, int]]:
        return [(name, iterations) for name, operation, iterations in self.log if operation == "time"]


def once(timing: Timing) -> bool:
    """One pair of processes is enough."""
    return True


def never(timing: Timing) -> bool:
    return False


def after(pairs: int) -> Callable[[Timing], bool]:
    return lambda timing: len(timing.pairs) == pairs


def decided(metric: str, limit: str | None) -> Callable[[Timing], bool]:
    """As a run asks: until the limit is decided."""
    held = METRICS[metric]
    parsed = None if limit is None else parse_limit(metric, limit, held.units)
    return lambda timing: take_look(held, parsed, timing, None).finished


def values(timing: Timing) -> dict[str, float]:
    return {one.name: one.value for one in latency_measurements(timing)}


def test_every_round_times_both_sides_in_random_order() -> None:
    pairs = Pairs((1e6, 1e6))

    measure_latency(pairs, once, seed=3)

    order = [name for name, _ in pairs.timed()]
    in_rounds = [tuple(order[i : i + 2]) for i in range(0, len(order), 2)]
    assert len(in_rounds) == ROUNDS_PER_PAIR
    assert all(sorted(one) == [CANDIDATE, REFERENCE] for one in in_rounds), "each side once in every round"
    first = Counter(one[0] for one in in_rounds)
    assert min(first[CANDIDATE], first[REFERENCE]) >= 3, "neither side is always the first"


def test_the_order_depends_on_the_seed_alone() -> None:
    def order(seed: int) -> list[str]:
        pairs = Pairs((1e6, 1e6))
        measure_latency(pairs, once, seed)
        return [name for name, _ in pairs.timed()]

    assert order(3) == order(3)
    assert order(3) != order(4)


def test_the_order_goes_on_from_pair_to_pair() -> None:
    pairs = Pairs((1e6, 1e6))

    measure_latency(pairs, after(2), seed=3)

    order = [name for name, _ in pairs.timed()]
    half = len(order) // 2
    assert order[:half] != order[half:]


@pytest.mark.parametrize(
    ("ours", "theirs", "iterations"),
    [
        pytest.param(1e6, 1e6, LEAST_EPOCH_ITERATIONS, id="1 ms: the least number"),
        pytest.param(1e9, 1e9, LEAST_EPOCH_ITERATIONS, id="1 s: the least number"),
        pytest.param(1e3, 1e3, 5000, id="1 us: 5 ms of it"),
        pytest.param(1e6, 1e3, 5000, id="as many as the faster side wants: reference"),
        pytest.param(1e3, 1e6, 5000, id="as many as the faster side wants: candidate"),
        pytest.param(625_000, 1e6, 8, id="5 ms / 8"),
        pytest.param(624_999, 1e6, 9, id="a hair less than 5 ms / 8"),
    ],
)
def test_both_sides_do_the_same_number_of_inferences(ours: float, theirs: float, iterations: int) -> None:
    pairs = Pairs((ours, theirs))

    timing = measure_latency(pairs, once, seed=1)

    assert {count for _, count in pairs.timed()} == {iterations}
    assert timing.iterations == iterations
    assert iterations * min(ours, theirs) >= LEAST_EPOCH_NS
    assert len(timing.candidate_ns) == iterations * ROUNDS_PER_PAIR


def test_both_sides_are_started_and_warmed_up_before_anything_is_timed() -> None:
    pairs = Pairs((1e6, 1e6))

    measure_latency(pairs, once, seed=1)

    begun = [(name, operation) for name, operation, _ in pairs.log[:4]]
    assert sorted(begun[:2]) == [(CANDIDATE, "start"), (REFERENCE, "start")]
    assert begun[2:] == [(CANDIDATE, "warm_up"), (REFERENCE, "warm_up")]
    assert pairs.log[2][2] == {"least_iterations": LEAST_WARM_ITERATIONS, "least_ns": LEAST_WARM_NS}
    assert {operation for _, operation, _ in pairs.log[4:]} == {"time", "context", "where"}
    assert [operation for _, operation, _ in pairs.log].index("time") > 5, (
        "what it lost before is no matter of the rounds"
    )


class Meeting(Side):
    """A worker that waits for the other side while it does *what*, and writes down whether that came."""

    def __init__(self, name: str, what: str, barrier: threading.Barrier, met: list[bool]) -> None:
        super().__init__(name, 1e6, [])
        self.what, self.barrier, self.met = what, barrier, met

    def meet(self, what: str) -> None:
        if what == self.what:
            try:
                self.barrier.wait()
                self.met.append(True)
            except threading.BrokenBarrierError:
                self.met.append(False)

    def start(self, *, cold: bool) -> Start:
        self.meet("start")
        return super().start(cold=cold)

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        self.meet(operation)
        return super().ask(operation, **fields)

    def time(self, iterations: int) -> Array:
        self.meet("time")
        return super().time(iterations)


@pytest.mark.parametrize(
    ("what", "side_by_side", "together"),
    [
        pytest.param("start", True, True, id="load where there are cores for both"),
        pytest.param("start", False, False, id="load one after the other"),
        pytest.param("warm_up", True, True, id="warm up where there are cores for both"),
        pytest.param("warm_up", False, False, id="warm up one after the other"),
        pytest.param("time", True, False, id="rounds never overlap"),
        pytest.param("move", True, False, id="nor do moves"),
    ],
)
def test_what_both_sides_do_at_one_time(what: str, side_by_side: bool, together: bool) -> None:
    barrier, met = threading.Barrier(2, timeout=0.2), list[bool]()

    @contextmanager
    def open_pair() -> Iterator[tuple[Side, Side]]:
        yield Meeting(CANDIDATE, what, barrier, met), Meeting(REFERENCE, what, barrier, met)

    measure_latency(open_pair, once, seed=1, side_by_side=side_by_side, cpus=(0, 1))

    assert set(met) == {together}


@pytest.mark.parametrize(
    ("ns", "limit", "verdict", "opened"),
    [
        pytest.param([(1e6, 1e6)], "1.05 x", Verdict.PASS, 2, id="as fast, confirmed by a second pair"),
        pytest.param([(1e6, 1e6)], "1.5 x", Verdict.PASS, 1, id="within by more than a quarter"),
        pytest.param([(0.5e6, 1e6)], "1.05 x", Verdict.PASS, 1, id="much faster"),
        pytest.param([(0.9e6, 1e6)], "1.05 x", Verdict.PASS, 2, id="a little faster"),
        pytest.param([(1.2e6, 1e6)], "1.05 x", Verdict.OVER_BUDGET, 2, id="slower, confirmed by a second pair"),
        pytest.param([(9e6, 1e6)], "1.05 x", Verdict.OVER_BUDGET, 2, id="much slower, confirmed all the same"),
        pytest.param([(1.05e6, 1e6)], "1.05 x", Verdict.INCONCLUSIVE, 9, id="on the limit"),
        pytest.param([(1.2e6, 1e6), (1e6, 1e6)], "1.05 x", Verdict.PASS, 8, id="slower once"),
        pytest.param([(1e6, 1e6), (1.2e6, 1e6)], "1.05 x", Verdict.OVER_BUDGET, 8, id="as fast once"),
        pytest.param([(1.2e6, 1e6)], None, Verdict.REPORTED, 1, id="nothing demanded"),
        pytest.param([(0.7e6, 1e6)], "0.5 x", Verdict.OVER_BUDGET, 2, id="must be twice as fast, is not"),
    ],
)
def test_pairs_are_opened_until_the_limit_is_decided(
    ns: list[tuple[float, float | None]], limit: str | None, verdict: Verdict, opened: int
) -> None:
    pairs, metric = Pairs(*ns), METRICS["latency_ratio"]

    timing = measure_latency(pairs, decided(metric.name, limit), seed=1, cpus=(0, 1))

    parsed = None if limit is None else parse_limit(metric.name, limit, metric.units)
    assert timing.placing is Placing.TOGETHER
    assert take_look(metric, parsed, timing, None).verdict is verdict
    assert pairs.opened == len(timing.pairs) == opened
    assert pairs.open_now == 0


@pytest.mark.parametrize("after", [1, 2, 3, 8, 9, 10, 99])
def test_the_ninth_pair_is_the_last_in_any_case(after: int) -> None:
    pairs, seen = Pairs((1e6, 1e6)), list[int]()

    def enough(timing: Timing) -> bool:
        seen.append(len(timing.pairs))
        assert pairs.open_now == 0, "workers of a pair are closed before the next one is thought of"
        assert timing.candidate_ns.size == timing.iterations * sum(map(len, timing.pairs))
        return len(timing.pairs) >= after

    timing = measure_latency(pairs, enough, seed=1)

    assert len(timing.pairs) == pairs.opened == min(after, MAX_PAIRS)
    assert seen == list(range(1, min(after, MAX_PAIRS - 1) + 1)), "after the last pair there is nothing to ask"


def test_pairs_after_the_second_are_shorter() -> None:
    timing = measure_latency(Pairs((1e6, 1e6)), never, seed=1)

    assert [len(one) for one in timing.pairs] == [ROUNDS_PER_PAIR] * LEAST_PAIRS + [LATER_ROUNDS] * 7
    assert timing.other_ns is not None
    assert timing.candidate_ns.size == timing.other_ns.size == 8 * sum(map(len, timing.pairs))


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside another"])
def test_a_time_is_judged_alone_or_beside_another(alone: bool) -> None:
    """1.6 x the limit: beyond what fresh processes of a shared machine differ by, confirmed by a second process."""
    pairs = Pairs((1.6e6, None if alone else 1e6))

    timing = measure_latency(pairs, decided("latency", "1 ms"), seed=1, cpus=(0, 1))

    assert (pairs.opened, timing.paired) == (2, not alone)


@pytest.mark.parametrize(
    ("least", "iterations"),
    [
        pytest.param(0, 8, id="none"),
        pytest.param(112, 8, id="what is done anyway: 8 in each of 14 rounds"),
        pytest.param(113, 9, id="one more"),
        pytest.param(least_n(99), 33, id="a p99 without any beyond it: 459 / 14"),
        pytest.param(least_n(99, 1), 48, id="one beyond it: 662 / 14"),
    ],
)
def test_what_a_percentile_needs_makes_epochs_longer(least: int, iterations: int) -> None:
    pairs = Pairs((1e6, 1e6))

    timing = measure_latency(pairs, once, seed=1, least_inferences=least)

    assert timing.iterations == iterations
    assert {count for _, count in pairs.timed()} == {iterations}, "on both sides"
    assert len(timing.candidate_ns) == iterations * ROUNDS_PER_PAIR >= least


def test_epochs_are_not_made_shorter_for_a_percentile() -> None:
    assert measure_latency(Pairs((1e3, 1e3)), once, seed=1, least_inferences=600).iterations == 5000


@pytest.mark.parametrize(
    ("limit", "opened"),
    [
        pytest.param("2 ms", 1, id="within by more than a quarter"),
        pytest.param("1.1 ms", 2, id="within by less: a second process confirms it"),
    ],
)
def test_a_percentile_gets_its_inferences_in_one_pair(limit: str, opened: int) -> None:
    pairs = Pairs((1e6, None))

    timing = measure_latency(pairs, decided("latency_p99", limit), seed=1, least_inferences=least_n(99, 1))

    assert pairs.opened == opened
    assert len(timing.candidate_ns) >= opened * least_n(99, 1)
    assert "latency_p99_ns_per_inference" in values(timing)


def moments(*seconds: float, **readings: list[Any]) -> Callable[[], Moment]:
    """What the machine reads, moment by moment."""
    told = iter(
        [
            Moment(monotonic_s=at, **{name: values[number] for name, values in readings.items()})
            for number, at in enumerate(seconds)
        ]
    )
    return lambda: next(told)


def test_without_a_reader_there_is_no_context() -> None:
    assert measure_latency(Pairs((1e6, 1e6)), once, seed=1).context is None


def test_context_is_merged_over_the_pairs() -> None:
    """Before and after the rounds of each pair; what lies between the pairs does not count."""
    read = moments(
        *(0.0, 1.0, 50.0, 53.0),
        load1=[9.0, 0.5, 9.0, 2.0],
        frequency_hz=[3e9, 2.9e9, 2.8e9, 2.7e9],
        throttle_count=[0, 0, 7, 7],
    )

    timing = measure_latency(Pairs((1e6, 1e6)), after(2), seed=1, read_moment=read)

    assert timing.context == Context(
        seconds=4.0, load1=2.0, frequency_start_hz=3e9, frequency_end_hz=2.7e9, throttled=False, cpus=NOT_MOVED
    )


def test_throttling_in_any_pair_is_throttling() -> None:
    read = moments(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, throttle_count=[0, 0, 0, 1, 1, 1])
    pairs = Pairs((1.05e6, 1e6))

    timing = measure_latency(pairs, decided("latency_ratio", "1.05 x"), seed=1, read_moment=read)

    assert timing.context is not None
    assert timing.context.throttled
    assert pairs.opened == 2, "nothing more is concluded from it"


@pytest.mark.parametrize(
    ("ours", "theirs", "switches"),
    [
        pytest.param([3, 5], [10, 14], 6, id="the difference, of both sides"),
        pytest.param([3, 3], [10, 10], 0, id="none"),
        pytest.param([0, 0], [0, 1], 1, id="from 0 on"),
        pytest.param([None, None], [10, 14], None, id="the candidate can't tell"),
        pytest.param([3, 5], [], None, id="the reference does not answer"),
        pytest.param([3, None], [10, 14], None, id="it can't tell any more"),
        pytest.param([None, 5], [10, 14], None, id="it could not tell at first"),
        pytest.param([], [], None, id="neither answers"),
    ],
)
def test_involuntary_switches_are_those_of_the_rounds(ours: list[Any], theirs: list[Any], switches: int | None) -> None:
    pairs = Pairs((1e6, 1e6), switches=(ours, theirs))

    timing = measure_latency(pairs, once, seed=1, read_moment=moments(0.0, 1.0))

    assert timing.context == Context(seconds=1.0, involuntary_switches=switches, cpus=NOT_MOVED)


def test_switches_of_a_worker_that_is_timed_alone() -> None:
    pairs = Pairs((1e6, None), switches=([3, 5], ()))

    timing = measure_latency(pairs, once, seed=1, read_moment=moments(0.0, 1.0))

    assert timing.context == Context(seconds=1.0, involuntary_switches=2, cpus=NOT_MOVED)


def test_switches_of_all_pairs_are_added() -> None:
    pairs = Pairs((1e6, 1e6), switches=([3, 5], [10, 14]))

    timing = measure_latency(pairs, after(3), seed=1, read_moment=moments(*range(6)))

    assert timing.context == Context(seconds=3.0, involuntary_switches=18, cpus=NOT_MOVED)


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.1, 12.0])
def test_the_ratio_is_that_of_the_sides(factor: float) -> None:
    found = values(measure_latency(Pairs((factor * 1e6, 1e6)), once, seed=1))

    assert found["latency_ratio"] == pytest.approx(factor, rel=0.02)
    assert found["latency_p50_ns_per_inference"] == pytest.approx(factor * 1e6, rel=0.02)
    assert found["latency_trimmed_mean_ns_per_inference"] == pytest.approx(factor * 1e6, rel=0.02)


def test_alone_there_is_no_ratio() -> None:
    pairs = Pairs((1e6, None))

    timing = measure_latency(pairs, once, seed=1)

    assert not timing.paired
    assert timing.other_ns is None
    assert {name for name, _ in pairs.timed()} == {CANDIDATE}
    assert "latency_ratio" not in values(timing)
    assert values(timing)["latency_p50_ns_per_inference"] == pytest.approx(1e6, rel=0.02)


def tampered(change: Callable[[Array, int], Array], of: str = CANDIDATE) -> Callable[[Side, int], Array]:
    """``Side.time`` with *change* made to the times of every epoch, numbered from 0, of one side."""
    honest, epochs = Side.time, Counter[str]()

    def time(self: Side, iterations: int) -> Array:
        epochs[self.name] += 1
        times = honest(self, iterations)
        return change(times, epochs[self.name] - 1) if self.name == of else times

    return time


def with_times(change: Callable[[Array, int], Array], of: str = CANDIDATE, **how: Any) -> Timing:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Side, "time", tampered(change, of))
        return measure_latency(Pairs((1e6, 1e6)), once, seed=1, **how)


def test_an_epoch_is_worth_its_median() -> None:
    """One inference in eight that takes ten times as long moves no epoch."""

    def slow_first(times: Array, epoch: int) -> Array:
        times[0] *= 10
        return times

    timing = with_times(slow_first)

    assert max(timing.epochs_ns) < 1.1e6
    assert timing.candidate_ns.max() > 9e6, "and it is kept all the same"


HOUR = 3_600_000_000_000


def test_a_clock_that_jumps_forward_moves_no_median() -> None:
    """As after a suspend: one inference took an hour."""

    def jump(times: Array, epoch: int) -> Array:
        times[3] += HOUR if epoch == 5 else 0
        return times

    timing = with_times(jump)

    assert timing.candidate_ns.max() > HOUR
    found = values(timing)
    assert found["latency_p50_ns_per_inference"] == pytest.approx(1e6, rel=0.02)
    assert found["latency_trimmed_mean_ns_per_inference"] == pytest.approx(1e6, rel=0.02)
    assert found["latency_ratio"] == pytest.approx(1.0, rel=0.02)
    assert found["latency_p95_ns_per_inference"] < 1.1e6


@pytest.mark.parametrize("back", [HOUR, 1_100_000])
def test_a_clock_that_jumps_backward_is_refused(back: int) -> None:
    """No epoch's median moves, but a clock that was set can't be trusted with any of them."""

    def jump(times: Array, epoch: int) -> Array:
        times[3] -= back if epoch == 5 else 0
        return times

    timing = with_times(jump)

    assert min(timing.epochs_ns) > 0.9e6
    with pytest.raises(ValueError, match="a measured time is not positive"):
        latency_measurements(timing)


@pytest.mark.parametrize("bad", [0, -1])
@pytest.mark.parametrize("side", [CANDIDATE, REFERENCE])
def test_an_epoch_that_took_no_time_is_refused(bad: int, side: str) -> None:
    timing = with_times(lambda times, epoch: times * 0 + bad if epoch == 5 else times, of=side)

    with pytest.raises(ValueError, match="a measured time is not positive"):
        latency_measurements(timing)


def alone(times: list[float], rounds: list[tuple[float, float]] | None = None) -> Timing:
    kept = np.array(times)
    return Timing(pairs=(tuple(rounds or [(one, 0.0) for one in times]),), candidate_ns=kept, iterations=1)


@pytest.mark.parametrize(
    ("n", "percentiles"),
    [
        pytest.param(43, [], id="43"),
        pytest.param(44, [90], id="44: p90"),
        pytest.param(89, [90], id="89"),
        pytest.param(90, [90, 95], id="90: p95"),
        pytest.param(458, [90, 95], id="458"),
        pytest.param(459, [90, 95, 99], id="459: p99"),
    ],
)
def test_percentiles_only_where_there_are_samples_for_them(n: int, percentiles: list[int]) -> None:
    found = values(alone([float(i) for i in range(1, n + 1)]))

    names = [name for name in found if name.startswith("latency_p") and "p50" not in name]
    assert names == [f"latency_p{percent}_ns_per_inference" for percent in percentiles]
    for percent in percentiles:
        assert found[f"latency_p{percent}_ns_per_inference"] == pytest.approx(np.percentile(range(1, n + 1), percent))


def test_figures_by_hand() -> None:
    found = {one.name: one for one in latency_measurements(alone([float(i) for i in range(1, 21)]))}

    assert found["latency_p50_ns_per_inference"].value == 10.5
    assert found["latency_p50_ns_per_inference"].interval == (6.0, 15.0)
    assert found["latency_trimmed_mean_ns_per_inference"].value == 10.5
    assert {one.n for one in found.values()} == {20}
    assert {one.unit for one in found.values()} == {"ns"}


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_a_time_that_is_no_time_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="a measured time is not positive"):
        latency_measurements(alone([1.0, bad, 2.0]))


def test_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="a measured time is not positive"):
        latency_measurements(alone([], rounds=[(1.0, 1.0)]))


@pytest.mark.parametrize("side", [CANDIDATE, REFERENCE])
def test_a_clock_that_stands_still_is_no_ratio(side: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Side, "time", tampered(lambda times, epoch: times * 0, side))
        with pytest.raises(ValueError, match="a measured time is not positive"):
            measure_latency(Pairs((1e6, 1e6)), decided("latency_ratio", "1.05 x"), seed=1)


class WorkerDied(Exception):
    pass


@pytest.mark.parametrize("side", [CANDIDATE, REFERENCE])
@pytest.mark.parametrize("epoch", [0, 6, ROUNDS_PER_PAIR - 1, ROUNDS_PER_PAIR + 3])
def test_a_worker_that_dies_between_two_rounds_ends_the_measurement_and_its_pair(side: str, epoch: int) -> None:
    """Its error comes through as it is; both workers are closed, and no other pair is opened."""
    pairs = Pairs((1e6, 1e6))

    def die(times: Array, number: int) -> Array:
        if number == epoch:
            raise WorkerDied(f"{side} died")
        return times

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Side, "time", tampered(die, side))
        with pytest.raises(WorkerDied, match=f"{side} died"):
            measure_latency(pairs, never, seed=1)

    assert pairs.open_now == 0
    assert pairs.opened == 1 + epoch // ROUNDS_PER_PAIR


@pytest.mark.parametrize("operation", ["move", "warm_up", "context", "where"])
@pytest.mark.parametrize("together", [True, False])
def test_a_worker_that_dies_when_it_is_asked_something(operation: str, together: bool) -> None:
    pairs = Pairs((1e6, 1e6))
    honest = Side.ask

    def ask(self: Side, asked: str, **fields: Any) -> dict[str, Any]:
        if asked == operation and self.name == REFERENCE:
            raise WorkerDied("gone")
        return honest(self, asked, **fields)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Side, "ask", ask)
        with pytest.raises(WorkerDied, match="gone"):
            measure_latency(pairs, once, seed=1, side_by_side=together, cpus=(0, 1))

    assert (pairs.opened, pairs.open_now) == (1, 0)


def test_who_asks_and_breaks_leaves_no_worker_open() -> None:
    pairs = Pairs((1e6, 1e6))

    def enough(timing: Timing) -> bool:
        raise ValueError("a limit of nothing")

    with pytest.raises(ValueError, match="a limit of nothing"):
        measure_latency(pairs, enough, seed=1)

    assert pairs.open_now == 0


def test_rounds_of_two_also_time_the_other_side() -> None:
    hot = Context(seconds=1.0, throttled=True)
    timing = replace(measure_latency(Pairs((1e6, 2e6)), once, seed=1), context=hot)

    beside = timing.of_other()

    assert beside is not None
    assert beside.epochs_ns == [other for one in timing.pairs for _, other in one]
    assert beside.candidate_ns is timing.other_ns
    assert (beside.iterations, beside.context, beside.paired) == (timing.iterations, hot, False)
    assert beside.of_other() is None, "it was not timed beside anything that is a candidate's reference"
    assert "latency_ratio" not in values(beside)
    assert values(beside)["latency_p50_ns_per_inference"] == pytest.approx(2e6, rel=0.01)


def test_rounds_of_one_time_nothing_else() -> None:
    assert timed_alone(rounds(1.0)).of_other() is None
    assert timing_of(rounds(2.0), rounds(3.0)).epochs_ns == [ours for one in (2.0, 3.0) for ours, _ in rounds(one)]
    assert (NOT_TIMED.own, NOT_TIMED.against_baseline) == (None, None)


def test_every_percentile_that_can_be_limited_is_given() -> None:
    limited = {metric.percent for metric in METRICS.values() if metric.name.startswith("latency_p")}

    assert limited == set(LATENCY_PERCENTILES)
