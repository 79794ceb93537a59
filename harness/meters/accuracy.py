"""Accuracy: the task metric, agreement with the reference, and how far raw outputs are from it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from harness.core.data import Array
from harness.core.measurement import Measurement
from harness.stats.paired_drop import Flips

CONFIDENCE = 0.95


def correctness(metric: Callable[[Array, Array], Array], outputs: Array, labels: Array, name: str) -> Array:
    """Per-sample correctness, bool of shape (n,).

    Raises:
        ValueError: there is no sample, outputs hold NaN or infinity, their number differs from the labels', or the
            metric fails or breaks its contract.
    """
    if len(outputs) != len(labels):
        raise ValueError(f"{len(outputs)} outputs for {len(labels)} labels")
    if len(outputs) == 0:
        raise ValueError("there is no sample to evaluate")
    bad = np.flatnonzero(~np.isfinite(outputs.reshape(len(outputs), -1)).all(axis=1))
    if bad.size:
        raise ValueError(
            f"outputs hold NaN or infinity in {bad.size} of {len(outputs)} samples, the first is sample {bad[0]}"
        )
    try:
        correct = np.asarray(metric(outputs, labels))
    except Exception as err:  # the boundary of a user's function: it ends one cell, with its reason
        raise ValueError(f"task metric {name!r} failed: {type(err).__name__}: {err}") from err
    if correct.shape != (len(labels),) or correct.dtype != np.bool_:
        raise ValueError(
            f"task metric {name!r} must return bool of shape ({len(labels)},), it returned {correct.dtype} {correct.shape}"
        )
    return correct


def flips(reference: Array, current: Array) -> Flips:
    """How correctness changed, sample by sample."""
    return Flips(
        n=len(reference),
        negative=int((reference & ~current).sum()),
        positive=int((~reference & current).sum()),
    )


def accuracy_measurements(
    correct: Array, reference_correct: Array, outputs: Array, reference_outputs: Array
) -> list[Measurement]:
    """Accuracy and drop, agreement of the predictions, error of the raw outputs."""
    from harness.stats.proportion import proportion_interval

    n = len(correct)
    paired = flips(reference_correct, correct)
    found = [
        Measurement(
            name="accuracy_fraction",
            value=float(correct.mean()),
            unit="fraction",
            n=n,
            interval=proportion_interval(int(correct.sum()), n, CONFIDENCE),
        ),
        Measurement(name="accuracy_drop_fraction", value=paired.drop, unit="fraction", n=n),
        Measurement(name="negative_flips_count", value=paired.negative, unit="samples", n=n),
        Measurement(name="positive_flips_count", value=paired.positive, unit="samples", n=n),
    ]
    if outputs.shape != reference_outputs.shape:
        raise ValueError(f"outputs have shape {outputs.shape}, the reference's have {reference_outputs.shape}")
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        same = int((outputs.argmax(axis=1) == reference_outputs.argmax(axis=1)).sum())
        found.append(
            Measurement(
                name="agreement_fraction",
                value=same / n,
                unit="fraction",
                n=n,
                interval=proportion_interval(same, n, CONFIDENCE),
            )
        )
    exact = reference_outputs.astype(np.float64)
    error = outputs.astype(np.float64) - exact
    found.append(Measurement(name="output_max_error_abs", value=float(np.abs(error).max()), unit="abs", n=n))
    signal, noise = float((exact**2).sum()), float((error**2).sum())
    # Equal outputs have no noise to speak of; 200 dB is beyond what float32 can show.
    sqnr = 10 * math.log10(signal / noise) if noise > 0 and signal > 0 else 200.0 if noise == 0 else -200.0
    found.append(Measurement(name="output_sqnr_db", value=min(sqnr, 200.0), unit="dB", n=n))
    return found
