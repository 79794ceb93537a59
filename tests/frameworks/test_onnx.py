"""ONNX files as models: outputs by name on batches of any size, weights, and the file kept as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.files import BIAS, OTHERS, SAMPLE, SCORES, cubes, onnx_model, write_onnx

from harness.errors import ContractError
from harness.frameworks.onnx import Onnx

pytestmark = pytest.mark.runtimes

FRAMEWORK = Onnx()
INPUTS = cubes(5).evaluation.inputs
BOTH = {"others": OTHERS, "scores": SCORES}


@pytest.mark.parametrize("shape", [("batch", *SAMPLE), (1, *SAMPLE), (-1, 4, "side", 4)])
@pytest.mark.parametrize("count", [1, 5])
def test_outputs_have_the_files_names_and_a_row_per_sample(tmp_path: Path, shape: Any, count: int) -> None:
    model = FRAMEWORK.open(write_onnx(tmp_path / "m.onnx", shape=shape, outputs=BOTH))
    found = FRAMEWORK.predict(model, {"x": INPUTS[:count]})

    assert list(found) == ["others", "scores"] == list(FRAMEWORK.signature(model).outputs)
    rows = INPUTS[:count].reshape(count, -1)
    np.testing.assert_allclose(found["scores"], rows @ SCORES + BIAS, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["others"], rows @ OTHERS + BIAS, rtol=1e-4, atol=1e-4)


def test_state_holds_the_weights_and_macs_are_not_counted(tmp_path: Path) -> None:
    model = FRAMEWORK.open(write_onnx(tmp_path / "m.onnx"))
    state = FRAMEWORK.state(model)
    assert sorted(state) == ["bias", "flat", "kernel0"]
    np.testing.assert_array_equal(state["kernel0"], SCORES)
    assert FRAMEWORK.macs(model, {"x": INPUTS[:1]}) is None


def test_a_model_is_kept_as_its_file_with_all_weights_inside(tmp_path: Path) -> None:
    import onnx

    path = tmp_path / "a" / "m.onnx"
    path.parent.mkdir()
    onnx.save(onnx_model(), str(path), save_as_external_data=True, location="w.bin", size_threshold=0)
    model = FRAMEWORK.open(path)
    (tmp_path / "b").mkdir()
    kept = FRAMEWORK.keep(model, {}, tmp_path / "b")
    again = FRAMEWORK.restore(tmp_path / "b" / kept, {})

    assert [one.name for one in (tmp_path / "b").iterdir()] == [kept] == ["model.onnx"]
    np.testing.assert_array_equal(
        FRAMEWORK.predict(again, {"x": INPUTS})["scores"], FRAMEWORK.predict(model, {"x": INPUTS})["scores"]
    )


def test_a_function_that_returns_no_opened_file_is_told_how_files_are_registered() -> None:
    with pytest.raises(
        ContractError, match=re.escape("the model function returned ModelProto; an ONNX file is registered by")
    ):
        FRAMEWORK.state(onnx_model())  # type: ignore[arg-type]
    assert FRAMEWORK.build(lambda: 3, seed=0) == 3
