"""Names in ONNX files: a graph has one value of a name, be it an input or an output."""

from __future__ import annotations

from harness.core.signature import Signature
from harness.errors import UnsupportedModel


def check_names(signature: Signature) -> None:
    """Refuse a model that gives a tensor under the name of one that it takes.

    Raises:
        UnsupportedModel: it does; engines would refuse the file, or take one for the other.
    """
    both = sorted(set(signature.input_names) & set(signature.outputs))
    if both:
        raise UnsupportedModel(
            f"{both[0]!r} is an input and an output, and an ONNX graph has one value of a name: call the output "
            f"'next_{both[0]}'"
        )
