"""TFLite files as models: outputs by name, sample by sample, weights, and the file kept as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.files import BIAS, OTHERS, SAMPLE, SCORES, TfliteWriter, cubes, tflite_content, write_tflite

from harness.errors import ContractError
from harness.frameworks.tflite import Tflite

pytestmark = pytest.mark.runtimes

FRAMEWORK = Tflite()
INPUTS = cubes(5).evaluation.inputs
BOTH = {"others": OTHERS, "scores": SCORES}


@pytest.mark.parametrize(
    "what",
    [
        pytest.param({}, id="a batch of one"),
        pytest.param({"shape": (-1, *SAMPLE)}, id="a free batch"),
        pytest.param({"signatures": ()}, id="no signature"),
        pytest.param({"tensor_names": ("i", "o1", "o2")}, id="other names inside"),
        pytest.param({"tensor_names": ("i", "o1", "o2"), "signatures": ("a", "b")}, id="two signatures"),
    ],
)
@pytest.mark.parametrize("count", [1, 5])
def test_outputs_have_the_files_names_and_a_row_per_sample(tmp_path: Path, what: Any, count: int) -> None:
    model = FRAMEWORK.open(write_tflite(tmp_path / "m.tflite", outputs=BOTH, **what))
    found = FRAMEWORK.predict(model, {FRAMEWORK.signature(model).input_names[0]: INPUTS[:count]})

    assert list(found) == ["others", "scores"] == list(FRAMEWORK.signature(model).outputs)
    rows = INPUTS[:count].reshape(count, -1)
    np.testing.assert_allclose(found["scores"], rows @ SCORES + BIAS, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["others"], rows @ OTHERS + BIAS, rtol=1e-4, atol=1e-4)


def tokens(path: Path) -> Path:
    """A model of int64 tokens of any number: it adds them to themselves."""
    file = TfliteWriter()
    place = file.tensor("serving_default_tokens:0", (1, -1), "int64")
    doubled = file.tensor("PartitionedCall:0", (1, -1), "int64")
    file.operator("ADD", [place, place], [doubled], "AddOptions")
    file.graph.inputs, file.graph.outputs = [place], [doubled]
    path.write_bytes(file.content())
    return path


def test_tokens_of_any_number_stay_whole_numbers(tmp_path: Path) -> None:
    model = FRAMEWORK.open(tokens(tmp_path / "m.tflite"))
    (taken,) = FRAMEWORK.signature(model).inputs
    assert (taken.name, taken.dtype, taken.shape) == ("serving_default_tokens:0", "int64", (None,))
    for length in (3, 5, 1):
        given = np.arange(length)[None] + 2**40
        found = FRAMEWORK.predict(model, {taken.name: given})["PartitionedCall:0"]
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, 2 * given)


def test_state_holds_the_weights_and_macs_are_not_counted(tmp_path: Path) -> None:
    model = FRAMEWORK.open(write_tflite(tmp_path / "m.tflite"))
    assert list(FRAMEWORK.state(model)) == ["0.1.scores/kernel", "0.2.scores/bias"]
    assert FRAMEWORK.macs(model, {"x": INPUTS[:1]}) is None


def test_a_model_is_kept_as_its_file(tmp_path: Path) -> None:
    model = FRAMEWORK.open(write_tflite(tmp_path / "m.tflite"))
    kept = FRAMEWORK.keep(model, {}, tmp_path)
    assert (tmp_path / kept).read_bytes() == tflite_content()
    assert FRAMEWORK.signature(FRAMEWORK.restore(tmp_path / kept, {})) == FRAMEWORK.signature(model)


def test_a_file_that_is_quantized_at_its_ends_is_an_artifact(tmp_path: Path) -> None:
    model = FRAMEWORK.open(write_tflite(tmp_path / "m.tflite", int8=True))
    with pytest.raises(ContractError, match="the float file is the model, and such a file an artifact of it"):
        FRAMEWORK.signature(model)


def test_a_function_that_returns_no_opened_file_is_told_how_files_are_registered() -> None:
    with pytest.raises(
        ContractError, match=re.escape("the model function returned bytes; a TFLite file is registered by")
    ):
        FRAMEWORK.state(b"")  # type: ignore[arg-type]
