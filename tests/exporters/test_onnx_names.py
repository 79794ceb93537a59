"""A name on both sides of a model is refused with another one to take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.core.signature import Input, Signature
from harness.errors import UnsupportedModel
from harness.exporters.keras_to_onnx import KerasToOnnx
from harness.exporters.onnx_names import check_names
from harness.exporters.torch_to_onnx import TorchToOnnx

INPUTS = (Input(name="rows", shape=(4,)), Input(name="state", shape=(4,)))
SAID = r"'state' is an input and an output, .*: call the output 'next_state'"


def test_one_name_on_both_sides_is_refused() -> None:
    with pytest.raises(UnsupportedModel, match=SAID):
        check_names(Signature(inputs=INPUTS, outputs=("logits", "state")))
    check_names(Signature(inputs=INPUTS, outputs=("logits", "next_state")))


@pytest.mark.parametrize("exporter", [TorchToOnnx, KerasToOnnx])
def test_exporters_refuse_it_before_an_engine_does(exporter: type, tmp_path: Path) -> None:
    example = {one.name: np.zeros((1, 4), np.float32) for one in INPUTS}

    with pytest.raises(UnsupportedModel, match=SAID):
        exporter().export(None, Signature(inputs=INPUTS, outputs=("state",)), example, tmp_path / "model.onnx")
