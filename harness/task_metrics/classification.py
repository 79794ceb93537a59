"""Classes: whether the label is among the largest outputs, F1, and AUC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.errors import DataSetError
from harness.registering import score, task_metric
from harness.task_metrics.checked import class_numbers, class_scores, one_array

TOP = (1, 3, 5, 10)
"""Numbers of largest outputs that a task metric ships for, ``top1`` and so on."""


def top(k: int) -> Callable[[Any, Any], Array]:
    """The task metric ``top{k}``: whether the label is among the *k* largest outputs.

    Outputs are (n, classes), labels class numbers (n,).
    """

    def among_largest(outputs: Any, labels: Any) -> Array:
        scores = one_array(outputs, "outputs")
        known = class_numbers(labels, scores)
        if class_scores(scores).shape[1] <= k:
            raise ValueError(f"among the {k} largest of {scores.shape[1]} outputs is every class: take a smaller top.")
        if k == 1:
            return np.asarray(scores.argmax(axis=1) == known)
        largest = np.argpartition(scores, -k, axis=1)[:, -k:]
        return np.asarray((largest == known[:, np.newaxis]).any(axis=1))

    among_largest.__name__ = f"top{k}"
    return among_largest


for _k in TOP:
    task_metric(f"top{_k}")(top(_k))


def decisions(outputs: Any, labels: Any) -> dict[str, Array]:
    """Of two classes, whether each sample is called positive, is positive, and both: bool (n,).

    Outputs are scores (n, 2) of classes 0 and 1, labels 0 and 1, (n,).

    Raises:
        ValueError: outputs are of more or fewer classes.
        DataSetError: labels are no 0 and 1, or all 0.
    """
    scores = one_array(outputs, "outputs")
    if scores.ndim != 2 or scores.shape[1] != 2:
        raise ValueError(
            f"outputs have the shape {scores.shape}; binary F1 takes a score for each of two classes, (n, 2). A single "
            "score needs a threshold: register a task metric that knows it. Several classes take f1_macro."
        )
    known = class_numbers(labels, scores) == 1
    if not known.any():
        raise DataSetError("no label is 1, the class that binary F1 is of.")
    called = scores.argmax(axis=1) == 1
    return {"both": called & known, "called": called, "labelled": known}


@score("f1_binary", of=decisions, title="F1")
def f1_binary(sums: dict[str, Array]) -> float:
    """F1 of class 1, from what ``decisions`` sums up to: (both, called, labelled) as ``sklearn.metrics.f1_score``."""
    return float(2 * sums["both"] / (sums["called"] + sums["labelled"]))


def classes_of(outputs: Any, labels: Any) -> dict[str, Array]:
    """The predicted and the true class number of each sample, (n,); outputs are (n, classes), labels (n,)."""
    scores = class_scores(outputs)
    return {"predicted": scores.argmax(axis=1), "labelled": class_numbers(labels, scores)}


@score("f1_macro", of=classes_of, title="macro F1", weighted=True)
def f1_macro(samples: dict[str, Array], weights: Array) -> Array:
    """The mean over classes of F1, of those that are predicted or true, as ``sklearn.metrics.f1_score(average="macro")``."""
    predicted, labelled = samples["predicted"], samples["labelled"]
    classes, hit = 1 + int(max(predicted.max(), labelled.max())), predicted == labelled
    scores = np.empty(len(weights))
    for row, drawn in enumerate(weights):
        both = np.bincount(labelled[hit], drawn[hit], classes)
        either = np.bincount(labelled, drawn, classes) + np.bincount(predicted, drawn, classes)
        there = either > 0
        scores[row] = np.mean(2 * both[there] / either[there])
    return scores


def two_classes(outputs: Any, labels: Any) -> dict[str, Array]:
    """The score of the positive class, and whether it is the true one, (n,).

    Outputs are that score, (n,) or (n, 1), or scores (n, 2) of classes 0 and 1, of which the difference counts: it
    orders logits as probabilities do. Labels are 0 and 1, (n,).

    Raises:
        ValueError: outputs are of more classes.
        DataSetError: labels are no 0 and 1, or of one class only.
    """
    scores = one_array(outputs, "outputs")
    if scores.ndim > 2 or (scores.ndim == 2 and scores.shape[1] > 2):
        raise ValueError(
            f"outputs have the shape {scores.shape}; AUC takes a score of the positive class, (n,) or (n, 1), or of two "
            "classes, (n, 2). For more classes register a task metric that says how to average."
        )
    known = class_numbers(labels, np.empty((len(scores), 2)))
    if len(np.unique(known)) == 1:
        raise DataSetError(f"all labels are {known[0]}, and AUC compares samples of two classes.")
    scores = scores.astype(np.float64)
    positive = scores[:, 1] - scores[:, 0] if scores.shape[1:] == (2,) else scores.reshape(len(scores))
    return {"score": positive, "positive": known == 1}


@score("roc_auc", of=two_classes, title="AUC", weighted=True)
def roc_auc(samples: dict[str, Array], weights: Array) -> Array:
    """Area under the receiver's curve, equal scores counting half; NaN of a resample that lacks a class.

    It is the share of pairs of a positive and a negative sample that are in order (Hanley and McNeil, Radiology 143,
    1982, 29-36), each pair as often as both were drawn.
    """
    order = np.argsort(samples["score"])
    ranked, positive = samples["score"][order], samples["positive"][order]
    drawn = weights[:, order].astype(np.float64)
    below = np.zeros((len(drawn), len(order) + 1))  # the negative weight below each place
    np.cumsum(np.where(positive, 0.0, drawn), axis=1, out=below[:, 1:])
    own = ranked[positive]
    first, past = np.searchsorted(ranked, own, "left"), np.searchsorted(ranked, own, "right")
    positives = drawn[:, positive]
    ordered = (positives * (below[:, first] + below[:, past])).sum(axis=1) / 2
    with np.errstate(invalid="ignore"):
        return np.asarray(ordered / (positives.sum(axis=1) * below[:, -1]))
