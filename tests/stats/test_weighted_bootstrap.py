"""Intervals from how often samples were drawn: those of the samples themselves."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats

from harness.core.tensors import Array
from harness.stats.bootstrap import BCA_LIMIT, bootstrap
from harness.stats.weighted_bootstrap import weighted_interval, weighted_intervals


@pytest.mark.parametrize("n", [2, 40, BCA_LIMIT, BCA_LIMIT + 1])
def test_it_is_the_bootstrap_of_the_samples(n: int) -> None:
    values = np.random.default_rng(n).gamma(0.5, size=n)

    found = weighted_interval(lambda weights: weights @ values / weights.sum(axis=1), n, 0.9)
    drawn = bootstrap(lambda some, _: float(some.mean()), values, np.zeros(n), 0.9)

    assert found == pytest.approx(drawn, rel=1e-9, abs=1e-12)


def test_of_a_mean_of_many_it_is_students_interval() -> None:
    values = np.random.default_rng(0).normal(3, 2, 5000)

    found = weighted_interval(lambda weights: weights @ values / weights.sum(axis=1), len(values), 0.95)
    students = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))

    assert found == pytest.approx(students, abs=0.004)


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    """A skewed difference that is zero for most samples, as of a metric that few samples change."""
    random, covered = np.random.default_rng(1), 0
    for seed in range(200):
        values = random.exponential(1.0, 300) * (random.random(300) < 0.2)
        low, high = weighted_interval(lambda w, v=values: w @ v / w.sum(axis=1), 300, 0.9, seed)
        covered += low <= 0.2 <= high
    assert 0.83 <= covered / 200 <= 0.97


@pytest.mark.parametrize("n", [0, 1])
def test_one_sample_has_no_interval(n: int) -> None:
    with pytest.raises(ValueError, match=f"{n} samples can't be resampled"):
        weighted_interval(lambda weights: weights.sum(axis=1), n, 0.9)


def test_a_value_that_some_resamples_lack_is_told() -> None:
    def needs_the_first(weights: Array) -> Array:
        return np.where(weights[:, 0] > 0, 1.0, np.nan)

    with pytest.raises(ValueError, match=r"not finite on \d+ of \d+ resamples"):
        weighted_interval(needs_the_first, 40, 0.9)


@pytest.mark.parametrize("n", [40, BCA_LIMIT + 1])
def test_several_quantities_have_the_interval_that_each_has_alone(n: int) -> None:
    values = np.random.default_rng(n).gamma(0.5, size=n)

    def mean(weights: Array) -> Array:
        return np.asarray(weights @ values / weights.sum(axis=1))

    def constant(weights: Array) -> Array:
        return np.full(len(weights), 3.0)

    found = weighted_intervals(lambda w: np.stack([mean(w), constant(w), mean(w) ** 2]), n, [0.95, 0.9, 0.9])

    assert found[0] == pytest.approx(weighted_interval(mean, n, 0.95), rel=1e-12)
    assert found[1] == (3.0, 3.0)
    assert found[2] == pytest.approx(weighted_interval(lambda w: mean(w) ** 2, n, 0.9), rel=1e-12)


def test_a_constant_has_an_interval_of_no_width() -> None:
    assert weighted_interval(lambda weights: np.ones(len(weights)), 40, 0.9) == (1.0, 1.0)


def test_threads_do_not_take_each_others_filters_of_warnings() -> None:
    """Cells are probed in several threads, and a constant has no BCa interval, of which scipy warns."""

    inside, other_inside, done = threading.Event(), threading.Event(), threading.Event()

    def first(weights: Array) -> Array:
        inside.set()
        other_inside.wait(0.2)  # for good where one waits for the other
        return np.ones(len(weights))

    def second(weights: Array) -> Array:
        other_inside.set()
        done.wait(5)
        return np.ones(len(weights))

    with ThreadPoolExecutor(max_workers=2) as pool:
        one = pool.submit(weighted_interval, first, 30, 0.9)
        assert inside.wait(5)
        other = pool.submit(weighted_interval, second, 30, 0.9)
        assert one.result() == (1.0, 1.0)
        done.set()
        assert other.result() == (1.0, 1.0)


@pytest.mark.slow
def test_ten_thousand_samples_of_confusion_matrices_take_seconds() -> None:
    added = np.random.default_rng(0).integers(0, 50, (10_000, 21 * 21)).astype(np.float64)

    def score(weights: Array) -> Array:
        sums = (weights.astype(np.float64) @ added).reshape(-1, 21, 21)
        inner = np.diagonal(sums, axis1=1, axis2=2)
        return np.asarray((inner / (sums.sum(1) + sums.sum(2) - inner)).mean(axis=1))

    begun = time.monotonic()
    weighted_interval(score, 10_000, 0.95)
    assert time.monotonic() - begun <= 15, "5 s where nothing else runs"
