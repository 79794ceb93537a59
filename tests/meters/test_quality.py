"""Levels, losses and factors by hand: which way is worse, and what is no number."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.core.figure import Better
from harness.core.source import Source
from harness.core.task_metric import Kind, TaskMetric
from harness.core.tensors import Array, Tensors
from harness.meters.quality import contributions, level, quality_measurements
from harness.stats.bootstrap import BCA_LIMIT
from harness.stats.weighted_bootstrap import RESAMPLES


def metric(
    kind: Kind = Kind.VALUE,
    better: Better = Better.LOWER,
    unit: str = "nats",
    compute: Callable[[Any, Any], Any] = lambda outputs, labels: outputs,
    combine: Callable[..., Any] | None = None,
    weighted: bool = False,
) -> TaskMetric:
    return TaskMetric(
        name="m",
        title="M",
        kind=kind,
        better=better,
        unit=unit,
        compute=compute,
        combine=combine,
        weighted=weighted,
        source=Source.of(metric),
    )


def added(given: Any) -> Tensors:
    return Tensors(given if isinstance(given, dict) else {"": np.asarray(given, np.float64)})


def measured(entry: TaskMetric, current: Any, reference: Any) -> dict[str, float]:
    return {one.name: one.value for one in quality_measurements(entry, added(current), added(reference))}


@pytest.mark.parametrize(
    ("better", "unit", "names"),
    [
        pytest.param(Better.LOWER, "nats", ("m_nats", "m_rise_nats"), id="lower is better"),
        pytest.param(Better.HIGHER, "nats", ("m_nats", "m_drop_nats"), id="higher is better"),
        pytest.param(Better.LOWER, "fraction", ("m_fraction", "m_rise_fraction"), id="a share"),
        pytest.param(Better.LOWER, "°C", ("m_C", "m_rise_C"), id="a unit with a sign"),
        pytest.param(Better.LOWER, "m/s", ("m_m_s", "m_rise_m_s"), id="a unit of two"),
    ],
)
def test_a_loss_is_positive_whichever_way_is_worse(better: Better, unit: str, names: tuple[str, str]) -> None:
    worse, base = [2.0, 4.0, 6.0], [1.0, 2.0, 3.0]
    now, before = (worse, base) if better is Better.LOWER else (base, worse)

    found = measured(metric(better=better, unit=unit), now, before)

    assert found[names[0]] == np.mean(now)
    assert found[names[1]] == pytest.approx(2.0)
    assert found["m_ratio"] == pytest.approx(np.mean(now) / np.mean(before))


def test_equal_sides_lose_exactly_nothing() -> None:
    (_, loss, ratio) = quality_measurements(metric(), added(np.arange(9.0)), added(np.arange(9.0)))
    assert (loss.value, loss.interval) == (0.0, (0.0, 0.0))
    assert (ratio.value, ratio.interval) == (1.0, (1.0, 1.0))


@pytest.mark.parametrize("reference", [[0.0, 0.0, 0.0], [-1.0, -2.0, -3.0]], ids=["zero", "negative"])
def test_there_is_no_factor_of_what_is_not_positive(reference: list[float]) -> None:
    assert "m_ratio" not in measured(metric(), [1.0, 2.0, 3.0], reference)


def test_nor_of_what_is_zero_in_some_resample_and_all_else_is_judged() -> None:
    """One wrong word of the float model: a third of the resamples lack it."""
    found = measured(metric(), np.ones(10), np.eye(10)[0])
    assert (found["m_nats"], found["m_rise_nats"]) == (1.0, 0.9)
    assert "m_ratio" not in found
    assert "m_ratio" in measured(metric(), np.ones(10), np.full(10, 0.5))


def test_a_score_is_made_of_sums() -> None:
    entry = metric(Kind.SCORE, Better.HIGHER, "fraction", combine=lambda sums: sums["hit"] / sums["all"])
    sides = [{"hit": np.array(hits), "all": np.array([4, 1, 5])} for hits in ([2, 1, 2], [4, 1, 3])]

    found = measured(entry, *sides)

    assert found["m_fraction"] == 0.5
    assert found["m_drop_fraction"] == pytest.approx(0.3)
    assert found["m_ratio"] == pytest.approx(0.625)


def test_of_one_array_the_sum_comes_alone_in_its_shape() -> None:
    seen: list[Array] = []

    def trace(sums: Array) -> float:
        seen.append(sums)
        return float(np.trace(sums) / sums.sum())

    measured(metric(Kind.SCORE, combine=trace), {"": np.ones((5, 3, 3))}, {"": np.ones((5, 3, 3)) + np.eye(3)})
    assert {one.shape for one in seen} == {(3, 3)}


def mean_length(samples: Any, weights: Array) -> Array:
    lengths = np.array([len(one) for one in samples])
    return np.asarray(weights @ lengths / weights.sum(axis=1))


def test_a_weighted_score_gets_what_samples_added_and_how_often_each_was_drawn() -> None:
    seen: list[tuple[int, int]] = []

    def median(samples: dict[str, Any], weights: Array) -> Array:
        assert list(samples) == ["value", "more"]
        assert samples["value"].tolist() == sorted(samples["value"])
        seen.append(weights.shape)
        assert (weights.sum(axis=1) >= 29).all(), "all were drawn as often as there are, or all but one once"
        middle = np.cumsum(weights, axis=1) >= weights.sum(axis=1, keepdims=True) / 2
        return np.asarray(samples["value"][middle.argmax(axis=1)])

    entry = metric(Kind.SCORE, combine=median, weighted=True)
    sides = [{"value": np.arange(30.0) + up, "more": [np.zeros(1 + one % 3) for one in range(30)]} for up in (2, 1)]
    given = [
        contributions(metric(Kind.SCORE, compute=lambda _, __, s=side: s, weighted=True), 0, 0, 30) for side in sides
    ]
    level, loss, ratio = quality_measurements(entry, *given)

    assert (level.value, loss.value, ratio.value) == (16, 1, 16 / 15)
    assert loss.interval == (1, 1)
    assert level.interval is not None
    assert level.interval[0] < 16 < level.interval[1]
    assert {columns for _, columns in seen} == {30}


def test_both_sides_are_weighed_once_for_all_intervals() -> None:
    rows = {1.0: 0, 2.0: 0}

    def counted(samples: Array, weights: Array) -> Array:
        rows[float(samples[0])] += len(weights)
        return weights @ samples / weights.sum(axis=1)

    n = BCA_LIMIT + 1
    entry = metric(Kind.SCORE, combine=counted, weighted=True)
    quality_measurements(entry, added(np.full(n, 2.0)), added(np.full(n, 1.0)))
    assert rows == {1.0: 1 + RESAMPLES, 2.0: 1 + RESAMPLES}


def test_samples_that_differ_in_length_can_be_weighted_and_not_summed() -> None:
    lengths = [np.zeros(count) for count in (3, 0, 2)]
    entry = metric(Kind.SCORE, compute=lambda *_: lengths, combine=mean_length, weighted=True)

    found = contributions(entry, None, None, 3)
    assert [len(one) for one in found.plain()] == [3, 0, 2]
    assert quality_measurements(entry, found, found)[0].value == pytest.approx(5 / 3)
    summed = metric(Kind.SCORE, compute=lambda *_: lengths, combine=mean_length)
    with pytest.raises(ValueError, match=r"samples of different shapes; what can't be summed takes .*weighted=True"):
        contributions(summed, None, None, 3)


def test_samples_that_all_add_nothing_are_empty_and_not_wrong() -> None:
    entry = metric(Kind.SCORE, compute=lambda *_: [np.zeros(0)] * 3, combine=mean_length, weighted=True)
    assert quality_measurements(entry, *[contributions(entry, None, None, 3)] * 2)[0].value == 0


def test_nan_in_a_sample_of_another_length_is_told() -> None:
    samples = [np.zeros(3), np.array([1.0, np.nan]), np.zeros(0)]
    entry = metric(Kind.SCORE, compute=lambda *_: samples, combine=mean_length, weighted=True)
    with pytest.raises(ValueError, match="NaN or infinity for 1 of 3 samples, the first is sample 1"):
        contributions(entry, None, None, 3)


@pytest.mark.parametrize(
    ("combine", "says"),
    [
        pytest.param(lambda samples, weights: 1 / 0, "combining failed: ZeroDivisionError", id="it raises"),
        pytest.param(
            lambda samples, weights: 1.0, r"a score of each resample, shape \(1,\), it gave shape \(\)", id="one"
        ),
        pytest.param(lambda samples, weights: weights, r"it gave shape \(1, 5\)", id="a row each"),
        pytest.param(lambda samples, weights: ["a"] * len(weights), "combining failed: ValueError", id="texts"),
        pytest.param(lambda samples, weights: np.full(len(weights), np.nan), "task metric 'm' is nan", id="NaN"),
        pytest.param(
            lambda samples, weights: np.where(weights[:, 0] > 0, 1.0, np.nan),
            r"it is not finite on \d+ of \d+ resamples.*give more samples of what is rare",
            id="NaN of some",
        ),
    ],
)
def test_a_weighted_score_that_is_no_number_is_told(combine: Callable[..., Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        measured(metric(Kind.SCORE, combine=combine, weighted=True), np.ones(5), np.zeros(5))


@pytest.mark.parametrize(
    ("combine", "says"),
    [
        pytest.param(lambda sums: 1 / 0, "combining failed: ZeroDivisionError", id="it raises"),
        pytest.param(lambda sums: None, "combining failed: TypeError", id="nothing"),
        pytest.param(lambda sums: [1, 2], "combining failed: TypeError", id="two numbers"),
        pytest.param(lambda sums: float("nan"), "task metric 'm' is nan", id="NaN"),
    ],
)
def test_a_score_that_is_no_number_is_told(combine: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        measured(metric(Kind.SCORE, combine=combine), np.ones(5), np.zeros(5))


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        pytest.param(
            Kind.VALUE, np.ones(4), "must return numbers of shape (3,), it returned float64 (4,)", id="one more"
        ),
        pytest.param(Kind.VALUE, np.ones(3, bool), "it returned bool (3,)", id="right and wrong"),
        pytest.param(Kind.VALUE, np.array([1, np.nan, 2]), "for 1 of 3 samples, the first is sample 1", id="NaN"),
        pytest.param(Kind.VALUE, np.array([1, 2, np.inf]), "the first is sample 2", id="infinity"),
        pytest.param(Kind.SCORE, np.ones((4, 2)), "must give numbers of shape (3, ...)", id="a score of more"),
        pytest.param(Kind.SCORE, {"a": np.ones(3), "b": np.ones(2)}, "different numbers of samples", id="unequal"),
        pytest.param(Kind.SCORE, [np.ones(2), np.ones(3), np.ones(2)], "samples of different shapes", id="ragged"),
        pytest.param(Kind.SCORE, np.array(["a", "b", "c"]), "it gave <U1 (3,)", id="texts"),
        pytest.param(Kind.SCORE, {}, "no tensor", id="nothing"),
        pytest.param(Kind.SCORE, 1.0, "not a numpy array", id="a number"),
    ],
)
def test_what_samples_add_must_be_numbers_of_each(kind: Kind, given: Any, says: str) -> None:
    entry = metric(kind, compute=lambda outputs, labels: given)
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        contributions(entry, None, None, 3)
    assert "task metric 'm'" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "given", "value"),
    [
        pytest.param(metric(), [1.0, 2.0, 6.0], 3.0, id="a mean"),
        pytest.param(
            metric(Kind.SCORE, combine=lambda sums: sums["hit"] / sums["all"]),
            {"hit": np.array([1, 0, 1]), "all": np.array([1, 2, 1])},
            0.5,
            id="a score of sums",
        ),
        pytest.param(
            metric(Kind.SCORE, combine=lambda given, weights: weights @ given / 2, weighted=True),
            np.array([1, 2, 3]),
            3.0,
            id="a weighted score",
        ),
    ],
)
def test_a_level_is_of_all_samples_once(entry: TaskMetric, given: Any, value: float) -> None:
    assert level(entry, added(given)) == value
