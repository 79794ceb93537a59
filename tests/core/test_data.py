"""Data sets: every part usable, and the calibration samples not those that accuracy is measured on."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from harness.core.data import DataSet, RegisteredDataSet, Split
from harness.core.source import Source
from harness.core.tensors import Ragged
from harness.errors import DataSetError

PARTS = ("evaluation", "calibration", "train")


def split(first: int, n: int = 40, shape: tuple[int, ...] = (2, 2)) -> Split:
    """*n* samples that no split with another *first* shares."""
    inputs = np.arange(n, dtype=np.float32).reshape(n, *[1] * len(shape)) + np.zeros(shape, np.float32) + first
    return Split(inputs, np.zeros(n, np.int64))


def data(**changed: Any) -> DataSet:
    return DataSet(**{"evaluation": split(0), "calibration": split(1000), "train": split(2000), **changed})


def test_a_usable_data_set_is_returned() -> None:
    whole, without = data(), data(train=None)

    assert whole.checked("d") is whole
    assert without.checked("d") is without


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        pytest.param(split(5000, n=0), "it is empty", id="empty"),
        pytest.param(Split(split(5000).inputs, np.zeros(39)), "40 inputs but 39 labels", id="a label short"),
        pytest.param(Split(split(5000).inputs, np.zeros(0)), "40 inputs but 0 labels", id="no labels"),
        pytest.param(Split(split(5000).inputs * np.float32("nan"), np.zeros(40)), "NaN or infinity", id="NaN"),
        pytest.param(Split(split(5000).inputs + np.float32("inf"), np.zeros(40)), "NaN or infinity", id="infinity"),
        pytest.param(Split([[1.0]], np.zeros(1)), "its inputs: list of list, not a numpy array", id="lists for inputs"),
        pytest.param(
            Split(np.zeros((1, 2, 2)), [0]), "its labels: list of int, not a numpy array", id="a list of labels"
        ),
        pytest.param(Split(np.float32(1), np.zeros(1)), "its inputs: float32, not a numpy array", id="one number"),
        pytest.param(Split(np.zeros(()), np.zeros(1)), "its inputs: no sample dimension", id="no dimension"),
        pytest.param(Split(np.zeros((1, 2, 2)), np.zeros(())), "its labels: no sample dimension", id="one label"),
        pytest.param(Split([], np.zeros(0)), "it is empty", id="an empty list"),
        pytest.param(Split({}, np.zeros(0)), "its inputs: no tensor", id="an empty mapping"),
        pytest.param(
            Split({"a": np.zeros((4, 2)), "b": np.zeros((3, 2))}, np.zeros(4)),
            "its inputs: tensors with different numbers of samples: {'a': 4, 'b': 3}",
            id="inputs of different number",
        ),
        pytest.param(
            Split([{"a": np.zeros(2)}, {"b": np.zeros(2)}], np.zeros(2)),
            "its inputs: samples that have different tensors",
            id="samples of different names",
        ),
        pytest.param(
            Split([np.zeros(2), np.zeros((2, 2))], np.zeros(2)),
            "its inputs: samples of 2 kinds",
            id="samples of different dimensions",
        ),
        pytest.param(
            Split([np.zeros(2), np.zeros(0), np.zeros(0)], np.zeros(3)),
            "its inputs hold an empty sample, the first is sample 1",
            id="an empty sample",
        ),
        pytest.param(
            Split({"a": np.zeros((2, 3)), "b": [np.zeros((2, 3)), np.zeros((2, 0))]}, np.zeros(2)),
            "its inputs 'b' hold an empty sample, the first is sample 1",
            id="an empty sample of one input",
        ),
        pytest.param(
            Split([np.zeros(2), np.array([0, np.nan, 0])], np.zeros(2)), "its inputs hold NaN", id="NaN in a sample"
        ),
        pytest.param(
            Split({"a": np.zeros((2, 3)), "b": np.full((2, 3), np.inf)}, np.zeros(2)),
            "its inputs 'b' hold NaN or infinity",
            id="infinity in one input",
        ),
        pytest.param(Split([np.zeros(2), np.zeros(1)], np.zeros(3)), "2 inputs but 3 labels", id="a label more"),
        pytest.param(Split(np.zeros((2, 2)), ["a"]), "2 inputs but 1 labels", id="a text short"),
    ],
)
def test_a_spoilt_part_is_named(part: str, spoilt: Split, says: str) -> None:
    with pytest.raises(DataSetError, match=re.escape(says)) as caught:
        data(**{part: spoilt}).checked("digits")

    assert f"data set 'digits', {part} split" in str(caught.value)


@pytest.mark.parametrize("part", ["calibration", "train"])
def test_dimensions_of_one_sample_must_agree(part: str) -> None:
    with pytest.raises(DataSetError, match=rf"dimensions of one sample differ.*'{part}': 3"):
        data(**{part: split(5000, shape=(3, 2, 1))}).checked("digits")


def test_lengths_are_the_models_to_say() -> None:
    longer = data(calibration=split(5000, shape=(3, 2)))
    assert longer.checked("digits") is longer


def test_one_nan_among_many_is_found() -> None:
    spoilt = split(0)
    spoilt.inputs[39, 1, 1] = np.nan

    with pytest.raises(DataSetError, match="evaluation split: its inputs hold NaN"):
        data(evaluation=spoilt).checked("digits")


@pytest.mark.parametrize(
    ("shared", "refused"),
    [
        pytest.param(0, False, id="none"),
        pytest.param(2, False, id="5 %: equal pictures exist"),
        pytest.param(3, True, id="just over 5 %"),
        pytest.param(40, True, id="the evaluation set itself"),
    ],
)
def test_calibration_on_evaluation_samples_is_refused(shared: int, refused: bool) -> None:
    inputs = split(1000).inputs
    inputs[:shared] = split(0).inputs[:shared]
    mixed = data(calibration=Split(inputs, np.zeros(40)))

    if not refused:
        assert mixed.checked("digits") is mixed
        return
    with pytest.raises(DataSetError, match=f"{shared} of 40 calibration samples are evaluation samples"):
        mixed.checked("digits")


def test_overlap_is_found_in_arrays_of_other_memory_order() -> None:
    same = np.asfortranarray(split(0).inputs)

    with pytest.raises(DataSetError, match="40 of 40 calibration samples"):
        data(calibration=Split(same, np.zeros(40))).checked("digits")


def test_integer_inputs_are_taken() -> None:
    def whole(first: int) -> Split:
        return Split(split(first).inputs.astype(np.int64), np.zeros(40))

    found = data(evaluation=whole(0), calibration=whole(1000), train=None)
    assert found.checked("d") is found


def named(first: int, n: int = 40) -> Split:
    """Samples of two inputs, the second one of lengths that differ."""
    sentences = [np.arange(1 + number % 5) + first + 10 * number for number in range(n)]
    return Split({"grid": split(first, n).inputs, "tokens": sentences}, np.zeros(n, np.int64))


def ragged(first: int, shape: tuple[int, ...] = (), n: int = 40) -> Split:
    """Samples of different lengths."""
    samples = [np.zeros((1 + number % 5, *shape)) + first + number for number in range(n)]
    return Split(samples, np.zeros(n, np.int64))


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([named(0), named(1000)], id="a mapping"),
        pytest.param([ragged(0), ragged(1000)], id="a list of arrays"),
        pytest.param([Split(tuple(ragged(0).inputs), ragged(0).labels), ragged(1000)], id="a tuple of arrays"),
        pytest.param([ragged(0), Split(np.ones((40, 7)), np.zeros(40))], id="different lengths and one length"),
        pytest.param(
            [
                Split([{"b": np.arange(3), "a": np.float32(number)} for number in range(40)], np.zeros(40)),
                Split([{"a": np.float32(-number - 1), "b": np.arange(3)} for number in range(40)], np.zeros(40)),
            ],
            id="a list of mappings, in any order",
        ),
        pytest.param(
            [Split(split(0).inputs, ["yes", "no"] * 20), Split(split(1000).inputs, ["no"] * 40)], id="texts for labels"
        ),
        pytest.param(
            [Split(part.inputs, {"class": part.labels, "box": np.zeros((40, 4))}) for part in (split(0), split(1000))],
            id="a mapping for labels",
        ),
        pytest.param([Split(part.inputs, part.inputs) for part in (ragged(0), ragged(1000))], id="a list for labels"),
    ],
)
def test_samples_in_any_form_are_taken(parts: list[Split]) -> None:
    found = DataSet(evaluation=parts[0], calibration=parts[1])
    assert found.checked("d") is found
    assert len(found.evaluation) == len(found.calibration) == 40


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        (np.zeros((3, 2)), 3),
        ({"a": np.zeros((4, 2)), "b": np.zeros(4)}, 4),
        ({"a": [np.zeros(1)] * 5}, 5),
        ([np.zeros(1), np.zeros(2)], 2),
        ([{"a": np.zeros(1)}] * 6, 6),
        ({}, 0),
        ([], 0),
    ],
)
def test_the_length_of_a_split_is_its_samples(inputs: Any, count: int) -> None:
    assert len(Split(inputs, np.zeros(count))) == count


def test_inputs_and_labels_as_tensors() -> None:
    part = Split(ragged(0).inputs, ["cat", "dog"] * 20)

    inputs, labels = part.input_tensors("d"), part.label_tensors("d")

    assert (inputs.names, labels.names) == (("",), ("",))
    assert isinstance(inputs.only, Ragged)
    assert labels.plain().tolist() == ["cat", "dog"] * 20


@pytest.mark.parametrize(
    ("other", "says"),
    [
        pytest.param(
            Split({"grid": split(5000).inputs, "words": named(5000).inputs["tokens"]}, np.zeros(40)),
            "the inputs of its splits have different names",
            id="names",
        ),
        pytest.param(split(5000), "the inputs of its splits have different names", id="names and none"),
        pytest.param(
            Split({**named(5000).inputs, "grid": split(5000, shape=(3, 2, 1)).inputs}, np.zeros(40)),
            "the dimensions of one sample of 'grid' differ between splits",
            id="the dimensions of one input",
        ),
        pytest.param(
            Split({**named(5000).inputs, "tokens": ragged(5000, (2,)).inputs}, np.zeros(40)),
            "the dimensions of one sample of 'tokens' differ between splits",
            id="the dimensions where lengths differ",
        ),
    ],
)
@pytest.mark.parametrize("part", ["calibration", "train"])
def test_splits_of_several_inputs_must_agree(part: str, other: Split, says: str) -> None:
    whole = {"evaluation": named(0), "calibration": named(1000), "train": named(2000)}
    assert DataSet(**whole).checked("digits")
    with pytest.raises(DataSetError, match=f"data set 'digits': {says}"):
        DataSet(**{**whole, part: other}).checked("digits")


@pytest.mark.parametrize(
    ("change", "shared"),
    [
        pytest.param({}, 40, id="the same"),
        pytest.param({"grid": split(1000).inputs}, 0, id="another input beside the same"),
        pytest.param({"tokens": named(1000).inputs["tokens"]}, 0, id="other lengths' values"),
    ],
)
def test_samples_are_shared_when_all_their_inputs_are(change: dict[str, Any], shared: int) -> None:
    turned = dict(reversed({**named(0).inputs, **change}.items()))  # the order of names is none of the samples'
    mixed = DataSet(evaluation=named(0), calibration=Split(turned, np.zeros(40)))
    if not shared:
        assert mixed.checked("digits") is mixed
        return
    with pytest.raises(DataSetError, match=f"{shared} of 40 calibration samples are evaluation samples"):
        mixed.checked("digits")


@pytest.mark.parametrize(
    ("declared", "labels", "says"),
    [
        pytest.param({"samples": 40, "smallest_class": 10}, np.arange(40) % 4, "", id="right"),
        pytest.param({"smallest_class": 9}, np.arange(40) % 4, "smallest_class=9", id="another smallest class"),
        pytest.param({"samples": 41}, np.arange(40) % 4, "samples=41", id="another number"),
        pytest.param({"smallest_class": 10}, ["a"] * 40, "smallest_class=10", id="texts are no classes"),
        pytest.param({"smallest_class": 10}, {"class": np.arange(40) % 4, "box": np.zeros(40)}, "=10", id="a mapping"),
        pytest.param({"smallest_class": 10}, ragged(0).inputs, "smallest_class=10", id="labels of different lengths"),
    ],
)
def test_what_was_declared_of_the_evaluation_is_held_against_it(
    declared: dict[str, int], labels: Any, says: str
) -> None:
    whole = data(evaluation=Split(split(0).inputs, labels))
    given: dict[str, int | None] = {"samples": None, "smallest_class": None, **declared}
    held = RegisteredDataSet(name="d", load=lambda: whole, source=Source.of(data), **given)  # type: ignore[arg-type]
    if not says:
        assert held.loaded() is whole
        return
    with pytest.raises(DataSetError, match=says):
        held.loaded()
