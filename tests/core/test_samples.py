"""Packed per-sample outcomes: what goes in comes out, and damaged text is refused."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.samples import Samples

GOOD = Samples.pack(np.array([True, False, True, True, False, False, False, True, True]), np.eye(9), "sha")


@settings(deadline=None, database=None, derandomize=True, max_examples=100)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=70))
def test_round_trip(rows: list[tuple[bool, int]]) -> None:
    correct = np.array([right for right, _ in rows])
    labels = [label for _, label in rows]

    packed = Samples.pack(correct, np.array(labels), "sha")

    assert packed.n == len(rows)
    assert packed.unpack_correct().tolist() == correct.tolist()
    assert packed.unpack_correct().dtype == np.bool_
    stored = np.frombuffer(zlib.decompress(base64.b64decode(packed.predicted)), "<i2")
    assert stored.tolist() == labels
    assert packed == Samples.pack(correct, np.array(labels), "sha"), "packing is deterministic"


@pytest.mark.parametrize(
    ("predicted", "has_labels"),
    [
        pytest.param([0, 1, 0], True, id="two classes"),
        pytest.param([0, 1, 2**15 - 1], True, id="the largest that int16 holds"),
        pytest.param([0, 1, 2**15], False, id="one more"),
        pytest.param(None, False, id="no class scores"),
    ],
)
def test_labels_are_packed_where_outputs_are_class_scores(predicted: list[int] | None, has_labels: bool) -> None:
    labels = None if predicted is None else np.array(predicted)
    assert bool(Samples.pack(np.ones(3, bool), labels, "sha").predicted) is has_labels
    assert bool(Samples.scored(3, labels, "sha").predicted) is has_labels


def test_what_a_score_over_all_samples_leaves() -> None:
    packed = Samples.scored(3, np.array([2, 0, 1]), "sha")

    assert (packed.n, packed.correct, packed.dataset_sha256) == (3, "", "sha")
    assert packed.predicted == Samples.pack(np.ones(3, bool), np.array([2, 0, 1]), "sha").predicted


def test_ten_thousand_samples_fit_in_the_size_that_is_promised() -> None:
    random = np.random.default_rng(1)

    packed = Samples.pack(random.random(10_000) < 0.9, np.array(np.zeros(10_000, int)), "sha")

    assert len(packed.correct) <= 1.7e3, "1.25 kB of bits, a third more as base64"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"correct": "!!!!"}, "no base64", id="no base64"),
        pytest.param({"correct": GOOD.correct[:-1]}, "no base64", id="truncated text"),
        pytest.param({"correct": "größe"}, "ASCII", id="beyond ASCII"),
        pytest.param({"correct": ""}, "holds 0 bits, not 9", id="empty"),
        pytest.param({"correct": base64.b64encode(b"\0").decode()}, "holds 8 bits, not 9", id="a byte short"),
        pytest.param({"correct": base64.b64encode(b"\0\0\0").decode()}, "holds 24 bits, not 9", id="a byte long"),
        pytest.param({"n": 17}, "holds 16 bits, not 17", id="n too large"),
        pytest.param({"n": 8}, "holds 16 bits, not 8", id="n too small"),
        pytest.param({"n": -1}, "of -1 samples", id="n negative"),
        pytest.param({"n": 0, "correct": ""}, "of 0 samples", id="no samples"),
    ],
)
def test_damaged_text_is_refused(changed: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(GOOD, **changed).unpack_correct()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([0.1, -3.5, 12345.678], id="of different size"),
        pytest.param([0.0, 0.0, 0.0], id="zeros"),
        pytest.param([1e-30, 1e30, 1.0], id="far apart"),
        pytest.param([1, 2, 3], id="whole numbers"),
    ],
)
def test_values_are_kept_to_one_in_eight_thousand(values: list[float]) -> None:
    packed = Samples.scored(3, None, "sha").with_values(np.array(values))
    np.testing.assert_allclose(packed.unpack_values(), values, rtol=1 / 8192)
    assert packed == Samples.scored(3, None, "sha").with_values(np.array(values)), "packing is deterministic"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "can't be read", id="empty"),
        pytest.param("#", "can't be read", id="no base64"),
        pytest.param(base64.b64encode(b"no zlib").decode(), "can't be read", id="no zlib"),
        pytest.param(base64.b64encode(zlib.compress(bytes(8))).decode(), "hold 2 numbers, not 3", id="too few"),
    ],
)
def test_values_that_can_t_be_read_are_told(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(Samples.scored(3, None, "sha"), values=text).unpack_values()
