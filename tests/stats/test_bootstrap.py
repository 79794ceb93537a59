"""Bootstrap intervals: by hand, on degenerate scores, where a score fails, and their coverage in simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from harness.core.tensors import Array
from harness.stats import bootstrap as module
from harness.stats.bootstrap import BCA_LIMIT, bootstrap, paired_bootstrap


def mean(outputs: Array, labels: Array) -> float:
    return float(outputs.mean())


def share_right(outputs: Array, labels: Array) -> float:
    return float((outputs == labels).mean())


def f1(outputs: Array, labels: Array) -> float:
    """Of class 1; 2 TP / (2 TP + FP + FN)."""
    return float(2 * (outputs & labels).sum() / (outputs.sum() + labels.sum()))


def auc(outputs: Array, labels: Array) -> float:
    positive, negative = outputs[labels == 1], outputs[labels == 0]
    if not len(positive) or not len(negative):
        raise ZeroDivisionError("only one class in the labels")
    return float((positive[:, None] > negative[None, :]).mean())


def zeros(n: int) -> Array:
    return np.zeros(n)


def test_two_samples_by_hand() -> None:
    """The drop of each is 0 or 1: resamples are 0, 1/2, 1 with 1/4, 1/2, 1/4, so 90 % reaches from end to end."""
    found = paired_bootstrap(mean, np.array([0.0, 0.0]), np.array([0.0, 1.0]), zeros(2), 0.90)

    assert found == (0.0, 1.0)
    assert all(type(end) is float for end in found)


def test_a_score_of_one_side_by_hand() -> None:
    assert bootstrap(mean, np.array([0.0, 1.0]), zeros(2), 0.90) == (0.0, 1.0)
    assert bootstrap(mean, np.array([3.0, 3.0]), zeros(2), 0.90) == (3.0, 3.0)


def test_the_interval_of_a_mean_is_that_of_its_normal_approximation() -> None:
    """And positive means lost: 1000 samples of mean 0.5 and deviation 1 (made so), 1.96 standard errors either way.

    Three standard errors of the 2.5 % point of 2,000 resamples are 0.006; BCa's shift adds a little.
    """
    drops = np.random.default_rng(3).normal(size=1000)
    drops = (drops - drops.mean()) / drops.std() + 0.5

    found = paired_bootstrap(mean, -drops, zeros(1000), zeros(1000), 0.95)

    assert found == pytest.approx((0.5 - 1.96 / math.sqrt(1000), 0.5 + 1.96 / math.sqrt(1000)), abs=0.008)


def test_the_sides_of_a_multiclass_score_are_drawn_as_rows() -> None:
    def top1(outputs: Array, labels: Array) -> float:
        return float((outputs.argmax(axis=1) == labels).mean())

    labels = np.arange(60) % 3
    reference = np.eye(3)[labels]
    current = np.where((np.arange(60) < 12)[:, None], -reference, reference)

    low, high = paired_bootstrap(top1, current, reference, labels, 0.95)

    assert 0.05 < low < 0.2 < high < 0.35, "12 of 60 lost"


@pytest.mark.parametrize("score", [mean, share_right, auc])
def test_equal_outputs_have_a_drop_of_nothing(score: Callable[[Array, Array], float]) -> None:
    """Without drawing: labels of one class would fail the last."""
    outputs = np.random.default_rng(0).normal(size=20)

    assert paired_bootstrap(score, outputs, outputs.copy(), zeros(20), 0.95) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("score", "current", "drop"),
    [
        pytest.param(mean, np.arange(40) - 1.0, 1.0, id="every sample lost as much: both sides get the same samples"),
        pytest.param(share_right, np.arange(40) + 100.0, 0.0, id="outputs changed, no score did"),
        pytest.param(lambda outputs, labels: 7.0, np.arange(40) - 1.0, 0.0, id="a constant"),
    ],
)
def test_a_drop_that_does_not_vary(score: Callable[[Array, Array], float], current: Array, drop: float) -> None:
    """BCa is not defined there; the percentiles are."""
    found = paired_bootstrap(score, current, np.arange(40) + 0.0, zeros(40) - 1, 0.95, resamples=200)

    assert found == pytest.approx((drop, drop), abs=1e-12)


@pytest.mark.parametrize("least", [np.min, np.max], ids=["min", "max"])
def test_a_score_for_which_bca_fails_still_has_an_interval(least: Callable[[Array], float]) -> None:
    found = bootstrap(lambda outputs, labels: float(least(outputs)), np.arange(30.0), zeros(30), 0.95, resamples=200)

    assert all(math.isfinite(end) for end in found)
    assert 0 <= found[0] <= found[1] <= 29


@pytest.mark.parametrize(("n", "more"), [(BCA_LIMIT, BCA_LIMIT + 1), (BCA_LIMIT + 1, 0)])
def test_only_up_to_the_limit_each_sample_is_left_out_once(n: int, more: int) -> None:
    """One evaluation of all samples, one per resample; BCa wants all samples again and n that lack one."""
    lengths: list[int] = []

    def counted(outputs: Array, labels: Array) -> float:
        lengths.append(len(outputs))
        return float(outputs.mean())

    bootstrap(counted, np.arange(n) + 0.0, zeros(n), 0.95, resamples=50)

    assert len(lengths) == 1 + 50 + more
    assert lengths.count(n - 1) == max(more - 1, 0)


def test_near_the_limit_both_methods_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(11)
    labels = draw.random(BCA_LIMIT) < 0.3
    reference, current = (labels ^ (draw.random(BCA_LIMIT) < wrong) for wrong in (0.05, 0.08))

    bca = paired_bootstrap(f1, current, reference, labels, 0.90)
    monkeypatch.setattr(module, "BCA_LIMIT", 0)
    percentile = paired_bootstrap(f1, current, reference, labels, 0.90)

    assert bca != percentile
    assert percentile == pytest.approx(bca, abs=0.05 * (bca[1] - bca[0])), "within a twentieth of the width"


def test_large_sets_are_drawn_in_parts() -> None:
    """100 resamples of 30,000 are three parts; the interval is that of a mean all the same."""
    outputs = np.random.default_rng(5).normal(size=30_000)

    low, high = bootstrap(mean, outputs, zeros(30_000), 0.90, resamples=100)

    assert low < outputs.mean() < high
    assert high - low == pytest.approx(2 * 1.645 / math.sqrt(30_000), rel=0.3)


def test_the_seed_decides() -> None:
    current, reference = np.random.default_rng(2).normal(size=(2, 50))

    first, again, other = (paired_bootstrap(mean, current, reference, zeros(50), 0.95, seed, 200) for seed in (0, 0, 1))

    assert first == again != other


@pytest.mark.parametrize("rare", [auc, lambda outputs, labels: math.nan if labels.sum() == 0 else auc(outputs, labels)])
def test_a_class_that_resamples_miss_is_told(rare: Callable[[Array, Array], float]) -> None:
    """One positive of 20 is missing from .95^20 = 36 % of the resamples; three standard errors are 7 points of 400."""
    current, reference = np.random.default_rng(4).normal(size=(2, 20))
    labels = np.arange(20) == 0

    with pytest.raises(ValueError, match=r"can't be computed on \d+ of 400 resamples: ") as caught:
        paired_bootstrap(rare, current, reference, labels, 0.95, resamples=400)

    failed = int(str(caught.value).split(" of 400")[0].split()[-1])
    assert failed / 400 == pytest.approx(0.358, abs=0.072)
    assert "class" in str(caught.value) or "not finite" in str(caught.value)
    assert caught.value.__cause__ is not None


def test_each_resample_that_fails_is_counted_once() -> None:
    def distinct(outputs: Array, labels: Array) -> float:
        if len(np.unique(labels)) < len(labels):
            raise RuntimeError("labels repeat")
        return 0.0

    with pytest.raises(ValueError, match="on 100 of 100 resamples: labels repeat"):
        bootstrap(distinct, np.arange(50), np.arange(50), 0.95, resamples=100)


def test_what_fails_on_the_samples_themselves_comes_through() -> None:
    def broken(outputs: Array, labels: Array) -> float:
        raise TypeError("a bug of the score")

    with pytest.raises(TypeError, match="a bug of the score"):
        bootstrap(broken, np.arange(5), np.arange(5), 0.95)
    with pytest.raises(ValueError, match="the score is not finite"):
        bootstrap(lambda outputs, labels: math.inf, np.arange(5), np.arange(5), 0.95)


@pytest.mark.parametrize(
    ("current", "reference", "labels"),
    [
        pytest.param(0, 0, 0, id="no sample"),
        pytest.param(9, 10, 10, id="fewer current outputs"),
        pytest.param(10, 9, 10, id="fewer reference outputs"),
        pytest.param(10, 10, 9, id="fewer labels"),
        pytest.param(9, 9, 10, id="more labels"),
    ],
)
def test_unequal_lengths_are_refused(current: int, reference: int, labels: int) -> None:
    with pytest.raises(ValueError, match="outputs for"):
        paired_bootstrap(mean, zeros(current), zeros(reference) + 1, zeros(labels), 0.95)


@pytest.mark.parametrize(("outputs", "labels"), [(0, 0), (9, 10), (10, 9)])
def test_unequal_lengths_of_one_side_are_refused(outputs: int, labels: int) -> None:
    with pytest.raises(ValueError, match="outputs for"):
        bootstrap(mean, zeros(outputs), zeros(labels), 0.95)


def test_one_sample_has_no_interval() -> None:
    """Every resample would be that sample, and the interval look certain."""
    with pytest.raises(ValueError, match="one sample"):
        paired_bootstrap(mean, zeros(1), zeros(1) + 1, zeros(1), 0.95)


@pytest.mark.parametrize(
    ("score", "n"),
    [
        pytest.param(share_right, 100, id="accuracy, n=100"),
        pytest.param(f1, 100, id="F1, n=100"),
        pytest.param(f1, 300, id="F1, n=300"),
    ],
)
def test_coverage_is_about_what_is_said(score: Callable[[Array, Array], float], n: int) -> None:
    """300 data sets: 90 % of the intervals hold the true drop, give or take 6 points.

    Three standard errors of 300 data sets are 5.2 points; the rest is the bootstrap's own error at this n.
    """
    # Every combination of label, reference and current output, with its probability: 40 % are of class 1, and the
    # sides get 10 % and 15 % wrong, 6 % the same ones.
    cells = np.array(list(product((False, True), repeat=3)))
    wrong = cells[:, 1:] ^ cells[:, :1]
    both = {(False, False): 0.81, (True, False): 0.04, (False, True): 0.09, (True, True): 0.06}
    shares = np.array([both[a, b] for a, b in wrong.tolist()]) * np.where(cells[:, 0], 0.4, 0.6)
    population = cells[np.repeat(np.arange(8), np.round(shares * 1000).astype(int))]
    true = score(population[:, 1], population[:, 0]) - score(population[:, 2], population[:, 0])

    draw = np.random.default_rng(n)
    held = 0
    for _ in range(300):
        labels, reference, current = cells[draw.choice(8, size=n, p=shares)].T
        low, high = paired_bootstrap(score, current, reference, labels, 0.90, resamples=200)
        held += low <= true <= high

    assert abs(held / 300 - 0.90) <= 0.06, f"{held / 300:.4f} hold the true drop"
