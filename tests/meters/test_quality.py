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
from harness.core.tensors import Array
from harness.meters.quality import contributions, quality_measurements


def metric(
    kind: Kind = Kind.VALUE,
    better: Better = Better.LOWER,
    unit: str = "nats",
    compute: Callable[[Any, Any], Any] = lambda outputs, labels: outputs,
    combine: Callable[[Any], Any] | None = None,
) -> TaskMetric:
    return TaskMetric(
        name="m",
        title="M",
        kind=kind,
        better=better,
        unit=unit,
        compute=compute,
        combine=combine,
        source=Source.of(metric),
    )


def measured(entry: TaskMetric, current: Any, reference: Any) -> dict[str, float]:
    sides = [one if isinstance(one, dict) else {"": np.asarray(one, np.float64)} for one in (current, reference)]
    return {one.name: one.value for one in quality_measurements(entry, *sides)}


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
    (_, loss, ratio) = quality_measurements(metric(), {"": np.arange(9.0)}, {"": np.arange(9.0)})
    assert (loss.value, loss.interval) == (0.0, (0.0, 0.0))
    assert (ratio.value, ratio.interval) == (1.0, (1.0, 1.0))


@pytest.mark.parametrize("reference", [[0.0, 0.0, 0.0], [-1.0, -2.0, -3.0]], ids=["zero", "negative"])
def test_there_is_no_factor_of_what_is_not_positive(reference: list[float]) -> None:
    assert "m_ratio" not in measured(metric(), [1.0, 2.0, 3.0], reference)


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
