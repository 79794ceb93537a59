"""The word error rate is jiwer's, of texts and of numbers of words."""

from __future__ import annotations

from typing import Any

import jiwer
import numpy as np
import pytest

from harness.errors import DataSetError
from harness.task_metrics.text import read_words, word_error_rate, word_errors

SPOKEN = ["the cat sat on the mat", "hello", "", "one two three", "same words"]
HEARD = ["the cat sit on mat today", "", "noise", "two three four five", "same words"]


def letters(texts: list[str], width: int = 40) -> Any:
    return np.array([[*map(ord, text), *[0] * (width - len(text))] for text in texts])


def score(added: dict[str, Any]) -> float:
    return word_error_rate({name: values.sum() for name, values in added.items()})


def test_it_is_jiwers_and_each_sentences_adds_up() -> None:
    added = word_errors(SPOKEN, HEARD)
    assert score(added) == pytest.approx(jiwer.wer(SPOKEN, HEARD))
    assert added["errors"].tolist() == [3, 1, 1, 3, 0]
    assert added["words"].tolist() == [6, 1, 0, 3, 2]


@pytest.mark.parametrize(
    "labels", [np.array(SPOKEN), np.array([text.encode() for text in SPOKEN])], ids=["str", "bytes"]
)
def test_a_model_may_write_letters(labels: Any) -> None:
    assert score(read_words(letters(HEARD), labels)) == pytest.approx(jiwer.wer(SPOKEN, HEARD))


@pytest.mark.parametrize("form", ["array", "list", "floats"])
def test_or_numbers_of_words(form: str) -> None:
    spoken, heard = np.array([[3, 4, 5, -1], [7, 7, -1, -1]]), np.array([[3, 5, -1, 9], [7, 8, 7, -1]])
    outputs: Any = {"array": heard, "floats": heard.astype(np.float32), "list": [heard[0][:2], heard[1][:3]]}[form]
    assert score(read_words(outputs, spoken)) == pytest.approx(jiwer.wer(["3 4 5", "7 7"], ["3 5", "7 8 7"]))


@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(np.zeros((2, 5, 30)), np.array(["a", "b"]), "a function that decodes and calls", id="logits"),
        pytest.param(np.full((2, 3), 65.5), np.array(["a", "b"]), "takes whole numbers", id="halves"),
        pytest.param(np.full((2, 3), -1), np.array(["a", "b"]), "hold -1 to -1, which are no letters", id="no letters"),
        pytest.param(np.ones((2, 3)), np.array(["", ""]), "labels hold no word at all", id="silence"),
        pytest.param(np.ones((2, 3)), np.full((2, 3), -1), "labels hold no word at all", id="no words"),
        pytest.param(np.ones((2, 3)), np.array([["a"], ["b"]]), r"labels are texts of shape \(2, 1\)", id="a column"),
        pytest.param(np.ones((2, 3)), np.array([[1, np.nan]] * 2), "labels of sample 0 are float64", id="NaN"),
        pytest.param(np.ones((2, 3)), np.zeros((2, 3, 4)), r"labels of sample 0 are float64 \(3, 4\)", id="one-hot"),
        pytest.param({"a": np.ones(2), "b": np.ones(2)}, np.array(["a", "b"]), "outputs are 2 tensors", id="several"),
    ],
)
def test_what_is_no_text_is_told(outputs: Any, labels: Any, says: str) -> None:
    with pytest.raises((ValueError, DataSetError), match=says):
        read_words(outputs, labels)
