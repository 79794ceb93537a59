"""Distributions over classes or words: perplexity, and the divergence from the float model. Outputs are logits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.errors import DataSetError
from harness.registering import sample_metric, score
from harness.task_metrics.checked import one_tensor, refuse_texts, whole_numbers


def log_shares(logits: Any, number: int) -> Array:
    """The logarithms of the shares that *logits* (..., classes) of sample *number* give to each class.

    Raises:
        ValueError: they are of one class or none, or are shares already.
    """
    scores = np.asarray(logits, np.float64)
    if scores.ndim < 1 or scores.shape[-1] < 2 or not scores.size:
        raise ValueError(f"one output has the shape {scores.shape}; logits of each class are (..., classes).")
    if scores.min() >= 0 and np.abs(scores.sum(axis=-1) - 1).max() < 1e-4:
        raise ValueError(
            f"outputs are probabilities: in sample {number} they add up to 1. This task metric takes logits: leave the softmax "
            "off the model, or register a task metric that takes probabilities."
        )
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def negative_log_likelihood(outputs: Any, labels: Any) -> dict[str, Array]:
    """The negative log likelihood of each sample's labels in nats, summed, and how many labels there are: (n,).

    Outputs are logits (n, ..., classes), labels the true class numbers (n, ...); a negative label, such as -100, marks
    a place that counts for nothing. Of a language model these are logits (n, length, words) and the words that follow.
    Samples may differ in length.

    Raises:
        ValueError: shapes don't fit each other, or outputs are probabilities.
        DataSetError: labels are no class numbers, or none counts.
    """
    outputs, labels = one_tensor(outputs, "outputs"), one_tensor(labels, "labels")
    nats, counted = np.zeros(len(outputs)), np.zeros(len(outputs), np.int64)
    for number, (output, label) in enumerate(zip(outputs, labels, strict=True)):
        known = np.asarray(label)
        refuse_texts(known)
        shares = log_shares(output, number)
        if known.shape != shares.shape[:-1]:
            raise ValueError(
                f"one output has the shape {shares.shape} and its label {known.shape} (sample {number}): logits (..., classes) "
                "go with a class number for each place, (...)."
            )
        counts = ~(known < 0)  # NaN is no class number, and is told
        chosen = whole_numbers(known[counts], shares.shape[-1])
        nats[number] = -np.take_along_axis(shares[counts], chosen[..., np.newaxis], axis=-1).sum()
        counted[number] = chosen.size
    if not counted.any():
        raise DataSetError("no label counts: all are negative.")
    return {"nats": nats, "counted": counted}


@score("perplexity", of=negative_log_likelihood, title="perplexity", unit="choices", better="lower")
def perplexity(sums: dict[str, Array]) -> float:
    """E to the mean negative log likelihood of a label: among how many equally likely choices it would be as unsure."""
    return math.exp(sums["nats"] / sums["counted"])


@sample_metric("kl_divergence", title="KL divergence", unit="nats", better="lower", of_reference=True)
def kl_divergence(outputs: Any, reference: Any) -> Array:
    """The Kullback-Leibler divergence of each sample from the float model's distribution, (n,), in nats.

    Both are logits (n, ..., classes); of several places their mean counts. It is the expectation, by the float model, of
    the logarithm of its share over the artifact's (Kullback and Leibler, Annals of Mathematical Statistics 22, 1951, 79-86).
    """
    sides = one_tensor(outputs, "outputs"), one_tensor(reference, "the float model's outputs")
    diverged = np.zeros(len(sides[0]))
    for number, (output, exact) in enumerate(zip(*sides, strict=True)):
        if np.shape(output) != np.shape(exact):
            raise ValueError(f"one output has the shape {np.shape(output)}, the float model's {np.shape(exact)}.")
        given, base = log_shares(output, number), log_shares(exact, number)
        # Never below 0 but for rounding.
        diverged[number] = max(float((np.exp(base) * (base - given)).sum(axis=-1).mean()), 0.0)
    return diverged
