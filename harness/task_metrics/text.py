"""Text: the word error rate, by jiwer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.errors import DataSetError
from harness.registering import score
from harness.task_metrics.checked import one_tensor


def word_errors(spoken: Sequence[str], heard: Sequence[str]) -> dict[str, Array]:
    """Of each sentence, how many words must be put in, left out or exchanged, and how many were spoken: (n,).

    For a model whose outputs need a decoder: ``@harness.score(NAME, of=...)`` of a function that decodes and calls this.

    Args:
        spoken: what was said, a text for each sample; words stand between spaces.
        heard: what the model made of it.

    Raises:
        DataSetError: nothing was said in any of them.
    """
    from jiwer import process_words

    aligned = process_words(list(spoken), list(heard))
    errors = [
        sum(
            max(step.ref_end_idx - step.ref_start_idx, step.hyp_end_idx - step.hyp_start_idx)
            for step in sentence
            if step.type != "equal"
        )
        for sentence in aligned.alignments
    ]
    words = np.array([len(sentence) for sentence in aligned.references])
    if not words.any():
        raise DataSetError("labels hold no word at all, and a word error rate is of the words that were said.")
    return {"errors": np.array(errors), "words": words}


def read_words(outputs: Any, labels: Any) -> dict[str, Array]:
    """``word_errors`` of what a model wrote.

    Labels are texts (n,), and outputs the Unicode numbers of its letters, 0 where a text has ended, (n, length); or both
    are numbers of words, negative where a text has ended. Samples may differ in length.

    Raises:
        ValueError: outputs are no whole numbers in one dimension.
        DataSetError: labels are neither, or hold no word.
    """
    outputs, labels = one_tensor(outputs, "outputs"), one_tensor(labels, "labels")
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "US":
        if labels.ndim != 1:
            raise DataSetError(f"labels are texts of shape {labels.shape}; one of each sample is ({len(labels)},).")
        spoken = [text.decode() if isinstance(text, bytes) else str(text) for text in labels]
        return word_errors(spoken, [_letters(output, number) for number, output in enumerate(outputs)])
    try:
        spoken = [_words(label, number, "labels") for number, label in enumerate(labels)]
    except ValueError as err:
        raise DataSetError(str(err)) from None
    return word_errors(spoken, [_words(output, number, "outputs") for number, output in enumerate(outputs)])


def _whole(given: Any, number: int, what: str) -> Array:
    values = np.asarray(given)
    if values.ndim != 1 or values.dtype.kind not in "iuf" or not np.array_equal(values, np.rint(values)):
        raise ValueError(
            f"{what} of sample {number} are {values.dtype} {values.shape}; the word error rate takes whole numbers (length,). "
            "Outputs that need a decoder take @harness.score of a function that decodes and calls "
            "harness.task_metrics.text.word_errors."
        )
    return values.astype(np.int64)


def _letters(output: Any, number: int) -> str:
    values = _whole(output, number, "outputs")
    ended = np.flatnonzero(values == 0)
    values = values[: ended[0]] if ended.size else values
    if values.size and not (values.min() > 0 and values.max() <= 0x10FFFF):
        raise ValueError(f"outputs of sample {number} hold {values.min()} to {values.max()}, which are no letters.")
    return "".join(map(chr, values))


def _words(given: Any, number: int, what: str) -> str:
    values = _whole(given, number, what)
    ended = np.flatnonzero(values < 0)
    return " ".join(map(str, values[: ended[0]] if ended.size else values))


@score("word_error_rate", of=read_words, title="WER", better="lower", packages=["jiwer"])
def word_error_rate(sums: dict[str, Array]) -> float:
    """Wrong words over words that were said, from what ``word_errors`` sums up to; more than 1 is possible."""
    return float(sums["errors"] / sums["words"])
