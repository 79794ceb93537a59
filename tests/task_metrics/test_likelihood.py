"""Perplexity and divergence as scipy and scikit-learn say, and what are no logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy
from sklearn.metrics import log_loss

from harness.errors import DataSetError
from harness.task_metrics.likelihood import kl_divergence, negative_log_likelihood, perplexity

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(0, 2, (5, 6, 8))
NEXT = RANDOM.integers(0, 8, (5, 6))


def score(outputs: Any, labels: Any) -> float:
    return perplexity({name: values.sum() for name, values in negative_log_likelihood(outputs, labels).items()})


def test_perplexity_is_e_to_scikit_learns_log_loss() -> None:
    loss = log_loss(NEXT.ravel(), softmax(LOGITS.reshape(-1, 8), axis=1), labels=np.arange(8))
    assert score(LOGITS, NEXT) == pytest.approx(np.exp(loss))
    assert score(LOGITS[:, 0], NEXT[:, 0]) > 1


def test_who_knows_nothing_is_as_unsure_as_among_all_classes() -> None:
    assert score(np.full((2, 3, 8), 5.0), NEXT[:2, :3]) == pytest.approx(8)


def test_negative_labels_count_for_nothing() -> None:
    padded = NEXT.copy()
    padded[:, 4:] = -100
    assert score(LOGITS, padded) == pytest.approx(score(LOGITS[:, :4], NEXT[:, :4]))
    assert negative_log_likelihood(LOGITS, padded)["counted"].tolist() == [4] * 5


def test_samples_may_differ_in_length() -> None:
    outputs, labels = [LOGITS[0], LOGITS[1][:2]], [NEXT[0], NEXT[1][:2]]
    padded = np.where(np.arange(6) < np.array([[6], [2]]), NEXT[:2], -1)
    assert score(outputs, labels) == pytest.approx(score(LOGITS[:2], padded))


def test_huge_logits_are_no_overflow() -> None:
    assert np.isfinite(negative_log_likelihood(LOGITS * 1e4, NEXT)["nats"]).all()


def test_divergence_is_scipys() -> None:
    outputs = LOGITS + RANDOM.normal(0, 0.3, LOGITS.shape)
    expected = entropy(softmax(LOGITS, axis=-1), softmax(outputs, axis=-1), axis=-1).mean(axis=1)
    assert kl_divergence(outputs, LOGITS) == pytest.approx(expected)
    assert kl_divergence(LOGITS, LOGITS).tolist() == [0] * 5


def test_divergence_of_artifacts_of_another_shape_is_told() -> None:
    with pytest.raises(ValueError, match=r"the shape \(6, 7\), the float model's \(6, 8\)"):
        kl_divergence(LOGITS[:, :, :7], LOGITS)


@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(softmax(LOGITS, axis=-1), NEXT, "outputs are probabilities.*leave the softmax off", id="shares"),
        pytest.param(LOGITS, np.full(NEXT.shape, -1), "no label counts", id="no label"),
        pytest.param(LOGITS, NEXT + 1, r"labels hold 8 at .*0 to 7", id="beyond the classes"),
        pytest.param(LOGITS, np.where(NEXT[0, 0] == NEXT, np.nan, NEXT), "labels hold nan", id="NaN"),
        pytest.param(LOGITS, NEXT + 0.5, "labels hold", id="halves"),
        pytest.param(LOGITS, NEXT[:, :3], r"the shape \(6, 8\) and its label \(3,\)", id="fewer"),
        pytest.param(LOGITS, NEXT.astype(str), "labels are texts", id="texts"),
        pytest.param(LOGITS[:, :, :1], NEXT, r"logits of each class are \(..., classes\)", id="one class"),
        pytest.param({"a": LOGITS, "b": LOGITS}, NEXT, "outputs are 2 tensors", id="several"),
    ],
)
def test_what_are_no_logits_or_no_labels_is_told(outputs: Any, labels: Any, says: str) -> None:
    with pytest.raises((ValueError, DataSetError), match=says):
        negative_log_likelihood(outputs, labels)
