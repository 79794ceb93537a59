"""Latency: the two sides really alternate, do the same work, and what a slower one costs is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from harness.core.data import Array
from harness.core.finding import Verdict
from harness.judge.latency import MAX_PAIRS, ROUNDS_PER_PAIR
from harness.meters.latency import (
    LEAST_EPOCH_ITERATIONS,
    LEAST_EPOCH_NS,
    LEAST_WARM_ITERATIONS,
    LEAST_WARM_NS,
    Timing,
    latency_measurements,
    measure_latency,
)

CANDIDATE, REFERENCE = "candidate", "reference"


class Side:
    """A worker of a known speed; writes down what it is asked."""

    def __init__(self, name: str, ns: float, log: list[tuple[str, str, Any]], noise: float = 0.01) -> None:
        self.name, self.ns, self.log, self.noise = name, ns, log, noise
        self.random = np.random.default_rng(len(name))

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        self.log.append((self.name, operation, fields))
        return {"p50_ns": int(self.ns), "iterations": 10}

    def time(self, iterations: int) -> Array:
        self.log.append((self.name, "time", iterations))
        return np.maximum(1, self.ns * self.random.normal(1, self.noise, iterations)).astype(np.int64)


class Pairs:
    """Opens pairs of sides and counts how many are open."""

    def __init__(self, *ns: tuple[float, float | None], noise: float = 0.01) -> None:
        self.ns, self.noise = ns, noise
        self.log: list[tuple[str, str, Any]] = []
        self.opened = self.open_now = 0

    @contextmanager
    def __call__(self) -> Iterator[tuple[Side, Side | None]]:
        ours, theirs = self.ns[min(self.opened, len(self.ns) - 1)]
        self.opened += 1
        self.open_now += 1
        try:
            candidate = Side(CANDIDATE, ours, self.log, self.noise)
            yield candidate, None if theirs is None else Side(REFERENCE, theirs, self.log, self.noise)
        finally:
            self.open_now -= 1

    def timed(self) -> list[tuple[str, int]]:
        return [(name, iterations) for name, operation, iterations in self.log if operation == "time"]


def values(timing: Timing) -> dict[str, float]:
    return {one.name: one.value for one in latency_measurements(timing)}


def test_every_round_times_both_sides_in_random_order() -> None:
    pairs = Pairs((1e6, 1e6))

    measure_latency(pairs, 1.05, seed=3)

    order = [name for name, _ in pairs.timed()]
    rounds = [tuple(order[i : i + 2]) for i in range(0, len(order), 2)]
    assert len(rounds) == ROUNDS_PER_PAIR
    assert all(sorted(one) == [CANDIDATE, REFERENCE] for one in rounds), "each side once in every round"
    first = Counter(one[0] for one in rounds)
    assert min(first[CANDIDATE], first[REFERENCE]) >= 3, "neither side is always the first"


def test_the_order_depends_on_the_seed_alone() -> None:
    def order(seed: int) -> list[str]:
        pairs = Pairs((1e6, 1e6))
        measure_latency(pairs, 1.05, seed)
        return [name for name, _ in pairs.timed()]

    assert order(3) == order(3)
    assert order(3) != order(4)


def test_the_order_goes_on_from_pair_to_pair() -> None:
    pairs = Pairs((1.05e6, 1e6))

    measure_latency(pairs, 1.05, seed=3)

    order = [name for name, _ in pairs.timed()]
    half = len(order) // MAX_PAIRS
    assert order[:half] != order[half : 2 * half]


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

    timing = measure_latency(pairs, None, seed=1)

    assert {count for _, count in pairs.timed()} == {iterations}
    assert timing.iterations == iterations
    assert iterations * min(ours, theirs) >= LEAST_EPOCH_NS
    assert len(timing.candidate_ns) == iterations * ROUNDS_PER_PAIR


def test_both_sides_are_warmed_up_before_anything_is_timed() -> None:
    pairs = Pairs((1e6, 1e6))

    measure_latency(pairs, None, seed=1)

    assert [(name, operation) for name, operation, _ in pairs.log[:2]] == [
        (CANDIDATE, "warm_up"),
        (REFERENCE, "warm_up"),
    ]
    assert pairs.log[0][2] == {"least_iterations": LEAST_WARM_ITERATIONS, "least_ns": LEAST_WARM_NS}
    assert {operation for _, operation, _ in pairs.log[2:]} == {"time"}


@pytest.mark.parametrize(
    ("ns", "limit", "verdict", "opened"),
    [
        pytest.param([(1e6, 1e6)], 1.05, Verdict.PASS, 1, id="as fast"),
        pytest.param([(0.5e6, 1e6)], 1.05, Verdict.PASS, 1, id="faster"),
        pytest.param([(1.2e6, 1e6)], 1.05, Verdict.OVER_BUDGET, 2, id="slower, confirmed by a second pair"),
        pytest.param([(1.05e6, 1e6)], 1.05, Verdict.INCONCLUSIVE, 3, id="on the limit"),
        pytest.param([(1.2e6, 1e6), (1e6, 1e6)], 1.05, Verdict.INCONCLUSIVE, 3, id="slower once"),
        pytest.param([(1.2e6, 1e6)], None, Verdict.REPORTED, 1, id="nothing demanded"),
        pytest.param([(0.7e6, 1e6)], 0.5, Verdict.OVER_BUDGET, 2, id="must be twice as fast, is not"),
    ],
)
def test_pairs_are_opened_until_the_limit_is_decided(
    ns: list[tuple[float, float | None]], limit: float | None, verdict: Verdict, opened: int
) -> None:
    pairs = Pairs(*ns)

    timing = measure_latency(pairs, limit, seed=1)

    assert timing.verdict is not None
    assert timing.verdict.verdict is verdict
    assert pairs.opened == len(timing.pairs) == opened
    assert pairs.open_now == 0
    assert all(len(rounds) == ROUNDS_PER_PAIR for rounds in timing.pairs)


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.1, 12.0])
def test_the_ratio_is_that_of_the_sides(factor: float) -> None:
    found = values(measure_latency(Pairs((factor * 1e6, 1e6)), 1.05, seed=1))

    assert found["latency_ratio"] == pytest.approx(factor, rel=0.02)
    assert found["latency_p50_ns_per_inference"] == pytest.approx(factor * 1e6, rel=0.02)
    assert found["latency_trimmed_mean_ns_per_inference"] == pytest.approx(factor * 1e6, rel=0.02)


def test_alone_there_is_one_pair_no_verdict_and_no_ratio() -> None:
    pairs = Pairs((1e6, None))

    timing = measure_latency(pairs, 1.05, seed=1)

    assert timing.verdict is None
    assert pairs.opened == 1
    assert {name for name, _ in pairs.timed()} == {CANDIDATE}
    assert "latency_ratio" not in values(timing)
    assert values(timing)["latency_p50_ns_per_inference"] == pytest.approx(1e6, rel=0.02)


def test_an_epoch_is_worth_its_median() -> None:
    """One inference in eight that takes ten times as long moves no epoch."""
    pairs = Pairs((1e6, 1e6))
    slow = Side.time

    def with_outlier(self: Side, iterations: int) -> Array:
        times = slow(self, iterations)
        times[0] *= 10
        return times

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Side, "time", with_outlier)
        timing = measure_latency(pairs, 1.05, seed=1)

    assert max(timing.epochs_ns) < 1.1e6
    assert timing.candidate_ns.max() > 9e6, "and it is kept all the same"


def timing(times: list[float], rounds: list[tuple[float, float]] | None = None) -> Timing:
    kept = np.array(times)
    return Timing(
        pairs=(tuple(rounds or [(one, 0.0) for one in times]),), candidate_ns=kept, verdict=None, iterations=1
    )


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
    found = values(timing([float(i) for i in range(1, n + 1)]))

    names = [name for name in found if name.startswith("latency_p") and "p50" not in name]
    assert names == [f"latency_p{percent}_ns_per_inference" for percent in percentiles]
    for percent in percentiles:
        assert found[f"latency_p{percent}_ns_per_inference"] == pytest.approx(np.percentile(range(1, n + 1), percent))


def test_figures_by_hand() -> None:
    found = {one.name: one for one in latency_measurements(timing([float(i) for i in range(1, 21)]))}

    assert found["latency_p50_ns_per_inference"].value == 10.5
    assert found["latency_p50_ns_per_inference"].interval == (6.0, 15.0)
    assert found["latency_trimmed_mean_ns_per_inference"].value == 10.5
    assert {one.n for one in found.values()} == {20}
    assert {one.unit for one in found.values()} == {"ns"}


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_a_time_that_is_no_time_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="a measured time is not positive"):
        latency_measurements(timing([1.0, bad, 2.0]))


def test_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="a measured time is not positive"):
        latency_measurements(timing([], rounds=[(1.0, 1.0)]))


@pytest.mark.parametrize("side", [0, 1], ids=[CANDIDATE, REFERENCE])
def test_a_clock_that_stands_still_is_no_ratio(side: int) -> None:
    class Stuck(Side):
        def time(self, iterations: int) -> Array:
            return np.zeros(iterations, np.int64)

    @contextmanager
    def open_pair() -> Iterator[tuple[Side, Side]]:
        sides = [Side(CANDIDATE, 1e6, []), Side(REFERENCE, 1e6, [])]
        sides[side] = Stuck("stuck", 1e6, [])
        yield sides[0], sides[1]

    with pytest.raises(ValueError, match="a measured time is not positive"):
        measure_latency(open_pair, 1.05, seed=1)


def test_a_worker_that_breaks_ends_the_measurement_and_its_pair() -> None:
    pairs = Pairs((1e6, 1e6))

    def died(self: Side, iterations: int) -> Array:
        raise RuntimeError("the worker died")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Side, "time", died)
        with pytest.raises(RuntimeError, match="the worker died"):
            measure_latency(pairs, 1.05, seed=1)

    assert pairs.open_now == 0


def test_a_pairs_rounds_also_time_the_reference() -> None:
    timing = measure_latency(Pairs((1e6, 2e6)), None, seed=1)
    beside = timing.of_reference()
    assert beside is not None
    assert beside.epochs_ns == [reference for rounds in timing.pairs for _, reference in rounds]
    assert beside.verdict is None
    assert beside.of_reference() is None
    assert {m.name: m for m in latency_measurements(beside)}["latency_p50_ns_per_inference"].value == pytest.approx(
        2e6, rel=0.01
    )
