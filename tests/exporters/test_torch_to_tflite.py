"""What LiteRT's converter can't do with free lengths is told as that; all else stays an error."""

from __future__ import annotations

import pytest

from harness.core.signature import Input, Signature
from harness.errors import UnsupportedModel
from harness.exporters.torch_to_tflite import _free_lengths_refused

FREE = Signature(inputs=(Input(name="tokens", shape=("length",), dtype="int64"),))
FIXED = Signature(inputs=(Input(name="tokens", shape=(8,), dtype="int64"),))


@pytest.mark.parametrize(
    ("error", "operator"),
    [
        pytest.param(
            "torch.ops.aten.mean.dim] Shapes must be 1D sequences of concrete values of integer type, got JitTracer",
            "aten.mean",
            id="computed with",
        ),
        pytest.param("'<=' not supported between instances of 'int' and 'Node'", "an operator", id="counted up to"),
    ],
)
def test_a_free_length_that_it_stumbles_over_is_unsupported(error: str, operator: str) -> None:
    with (
        pytest.raises(UnsupportedModel, match=rf"keeps no free length \(length\) through {operator}"),
        _free_lengths_refused(FREE),
    ):
        raise TypeError(error)
    with pytest.raises(TypeError), _free_lengths_refused(FIXED):
        raise TypeError(error)


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(TypeError, match="no such thing"), _free_lengths_refused(FREE):
        raise TypeError("no such thing")
