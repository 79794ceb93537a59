"""Calibration: trials through real workers, whose slow-downs are known."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from fakes.lab import Lab

from harness.core.names import Cell
from harness.errors import CalibrationError
from harness.pipeline import noise_trials
from harness.pipeline.neighbours import neighbours
from harness.pipeline.noise_trials import Bench, planned, run_trials, set_up
from harness.pipeline.settings import Settings

pytestmark = pytest.mark.slow

STEADY = 'runtimes.add(FakeRuntime("steady", base_us=400))'
UNBUILDABLE = 'runtimes.add(FakeRuntime("unbuildable", build="raise"))'
WARMER = "harness.meters.latency.LEAST_WARM_NS = 50_000_000"
CELL = Cell(model="linear", recipe="fp32", runtime="steady", target="local")


@pytest.fixture
def settings(lab: Lab) -> Settings:
    lab.register(STEADY, 'runtimes.add(FakeRuntime("broken", timed="SIGSEGV"))', UNBUILDABLE, WARMER)
    return Settings(cache=lab.cache, scratch=lab.folder / "scratch")


def trials(settings: Settings, order: list[float | None], **named: Any) -> list[Any]:
    told: list[str] = []
    (bench,) = set_up([CELL], settings, told.append)
    return list(run_trials([(bench, one) for one in order], 1.05, settings, told.append, **named))


def test_equal_artifacts_pass_and_slowed_ones_fail(settings: Settings) -> None:
    equal, slowed, different = trials(settings, [0.0, 0.10, None])
    assert (equal.verdict, equal.slowdown, equal.different) == ("pass", 0.0, False)
    assert equal.ratio == pytest.approx(1.0, abs=0.02)
    assert len(equal.process_ns) == 2 * len(equal.pair_ratios), "both sides are the artifact as it is"
    assert (slowed.verdict, slowed.slowdown) == ("over_budget", 0.10)
    assert slowed.ratio == pytest.approx(1.10, abs=0.02)
    assert len(slowed.process_ns) == len(slowed.pair_ratios), "the slowed side is none"
    assert (different.different, different.slowdown) == (True, 0.0)
    assert len(different.pair_ratios) == 1, "nothing is to be decided"
    assert all(one.seconds > 0 and one.context is not None for one in (equal, slowed, different))


def test_time_is_kept(settings: Settings) -> None:
    assert trials(settings, [0.0] * 5, seconds=-1.0) == []


def test_a_worker_that_breaks_ends_it_with_its_reason(settings: Settings) -> None:
    broken_cell = Cell(model="linear", recipe="fp32", runtime="broken", target="local")
    bench, broken = set_up([CELL, broken_cell], settings, lambda line: None)
    with pytest.raises(CalibrationError, match=r"trial 1, of linear/fp32/broken/local, broke: .*SIGSEGV"):
        list(run_trials([(broken, 0.0)], 1.05, settings, lambda line: None))
    assert bench.other is not None


def test_a_cell_that_cannot_be_built_is_refused(settings: Settings) -> None:
    cell = Cell(model="linear", recipe="fp32", runtime="unbuildable", target="local")
    with pytest.raises(CalibrationError, match=r"can't be calibrated with: .*the quantizer was sabotaged"):
        set_up([CELL, cell], settings, lambda line: None)


def bench(name: str, *, pair: bool = True) -> Bench:
    """One that is only planned with, and whether there is a second artifact."""
    cell = Cell(model="m", recipe="fp32", runtime=name)
    artifact: Any = object()
    return Bench(
        cell=cell,
        artifact=artifact,
        other_cell=cell,
        other=artifact if pair else None,
        sample={"x": np.zeros(1)},
        versions=(),
        run=artifact,
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_trials_are_mixed_evenly(seed: int) -> None:
    order = [kind for _, kind in planned([bench("a")], {0.0: 20, 0.10: 10}, 5, seed)]
    assert [order.count(kind) for kind in (0.0, 0.10, None)] == [20, 10, 5]
    half = order[: len(order) // 2]
    assert 9 <= half.count(0.0) <= 11
    assert 4 <= half.count(0.10) <= 6
    assert 2 <= half.count(None) <= 3


@pytest.mark.parametrize(("equal", "shares"), [(21, (7, 7, 7)), (20, (7, 7, 6)), (2, (1, 1, 0)), (1, (1, 0, 0))])
def test_trials_are_shared_out_among_what_is_timed(equal: int, shares: tuple[int, ...]) -> None:
    benches = [bench("a"), bench("b"), bench("c", pair=False)]
    plan = planned(benches, {0.0: equal}, 3, seed=0)
    assert tuple(sum(one is each and kind == 0.0 for one, kind in plan) for each in benches) == shares
    assert [sum(one is each and kind is None for one, kind in plan) for each in benches] == [1, 1, 0]


def test_the_order_depends_on_the_seed_alone() -> None:
    benches = [bench("a"), bench("b")]
    assert planned(benches, {0.0: 20, 0.1: 20}, 0, 1) == planned(benches, {0.0: 20, 0.1: 20}, 0, 1)


def test_every_second_spell_has_neighbours(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    @contextmanager
    def neighbours(count: int) -> Iterator[None]:
        asked.append(count)
        yield

    monkeypatch.setattr(noise_trials, "neighbours", neighbours)
    monkeypatch.setattr(noise_trials, "SPELL", 2)

    found = trials(settings, [None] * 5, load=3)

    assert asked == [0, 3, 0]
    assert [one.loaded for one in found] == [False, False, True, True, False]
    assert {one.cell for one in found} == {CELL.id}


def test_neighbours_compute_and_are_gone_afterwards() -> None:
    before = set(multiprocessing.active_children())
    with neighbours(2):
        made = set(multiprocessing.active_children()) - before
        assert len(made) == 2
        assert all(one.is_alive() for one in made)
    assert not any(one.is_alive() for one in made)
