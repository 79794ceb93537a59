"""The data sets ``source_topics`` and ``source_characters``: pieces of Python's standard library."""

from __future__ import annotations

import numpy as np

from examples.tasks.sources import PARTS, TOPICS, characters, source, words
from harness.core.data import DataSet, Split
from harness.core.tensors import Array
from harness.registering import dataset

LENGTHS = (24, 64)
"""Words in a piece, at least and at most."""
WINDOW = 64
"""Characters in a piece."""
TOPIC_COUNTS = {"evaluation": 100, "calibration": 20}
"""Pieces of each topic."""
WINDOWS = {"evaluation": 500, "calibration": 100}
_SEEDS = {"evaluation": 1, "calibration": 2}


@dataset("source_topics", samples=100 * len(TOPICS), smallest_class=100)
def source_topics() -> DataSet:
    """``tokens`` and ``kinds``, int64 (24 to 64,) each, of a piece of source; its label is the number of its topic.

    Raises:
        DataSetError: a source is missing.
    """
    return DataSet(evaluation=_topic_pieces("evaluation"), calibration=_topic_pieces("calibration"))


def topic_training() -> Split:
    """The training pieces, all of 64 words: inputs (n, 2, 64), ``tokens`` and ``kinds``, labels (n,)."""
    cut = [_rows(np.stack(words(source(topic, "train"))), LENGTHS[1]) for topic in TOPICS]
    labels = np.repeat(np.arange(len(cut)), [len(pieces) for pieces in cut])
    return Split(np.concatenate(cut), labels)


@dataset("source_characters", samples=WINDOWS["evaluation"])
def source_characters() -> DataSet:
    """64 characters of source, int64 (n, 64); the labels are the characters that follow each.

    Raises:
        DataSetError: a source is missing.
    """
    parts = {}
    for part, count in WINDOWS.items():
        windows = _windows(part)
        chosen = np.random.RandomState(_SEEDS[part]).permutation(len(windows))[:count]
        parts[part] = _followed(windows[np.sort(chosen)])
    return DataSet(**parts)


def character_training() -> Split:
    """The training pieces of the same kind."""
    return _followed(_windows("train"))


def _topic_pieces(part: str) -> Split:
    """Pieces of random lengths, as many of each topic."""
    random, samples, count = np.random.RandomState(_SEEDS[part]), [], TOPIC_COUNTS[part]
    for topic in TOPICS:
        tokens, kinds = words(source(topic, part))
        ends = np.cumsum(random.randint(LENGTHS[0], LENGTHS[1] + 1, len(tokens) // LENGTHS[0]))
        ends = ends[ends <= len(tokens)]
        for number in np.sort(random.permutation(len(ends) - 1)[:count]):
            piece = slice(ends[number], ends[number + 1])
            samples.append({"tokens": tokens[piece], "kinds": kinds[piece]})
    return Split(samples, np.repeat(np.arange(len(TOPICS)), count))


def _windows(part: str) -> Array:
    """Sources of *part* cut into (n, 65) characters: the last one of each is only a label.

    What later parts have too is left out, licences and rulers.
    """
    own, *others = (
        np.concatenate([_rows(characters(source(topic, one)), WINDOW + 1) for topic in TOPICS])
        for one in PARTS[PARTS.index(part) :]
    )
    held_out = {window[:-1].tobytes() for other in others for window in other}
    return own[[window[:-1].tobytes() not in held_out for window in own]]


def _followed(windows: Array) -> Split:
    return Split(np.ascontiguousarray(windows[:, :-1]), np.ascontiguousarray(windows[:, 1:]))


def _rows(values: Array, length: int) -> Array:
    """*values* (..., n) cut into pieces (pieces, ..., length); what is left of the end is dropped."""
    count = values.shape[-1] // length
    whole = values[..., : count * length].reshape(*values.shape[:-1], count, length)
    return np.ascontiguousarray(np.moveaxis(whole, -2, 0))
