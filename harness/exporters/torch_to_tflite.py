"""PyTorch models as LiteRT (TensorFlow Lite) files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.errors import UnsupportedModel
from harness.exporters.tensorflow_settings import quiet_tensorflow
from harness.exporters.torch_exportable import arguments, exportable, free_shapes, refusals_explained
from harness.registering import exporter

_TRACED_LENGTH = re.compile(
    r"concrete values of integer type.*JitTracer|not supported between instances of 'int' and 'Node'", re.DOTALL
)
"""What the converter says of a length that it would have to compute with, or to count up to."""
_OPERATOR = re.compile(r"torch\.ops\.([\w.]+)\.\w+\]")


@contextmanager
def _free_lengths_refused(signature: Signature) -> Iterator[None]:
    """Say that the converter keeps no free length where it stumbles over one inside the block.

    Raises:
        UnsupportedModel: it did. Other errors pass as they are.
    """
    try:
        yield
    except TypeError as err:
        if not signature.free or not _TRACED_LENGTH.search(str(err)):
            raise
        where = _OPERATOR.search(str(err))
        raise UnsupportedModel(
            f"litert_torch keeps no free length ({', '.join(signature.free)}) through "
            f"{where[1] if where else 'an operator of this model'}: give the input a fixed shape, or bring a Keras model"
        ) from err


@exporter
class TorchToTflite:
    """``litert_torch.convert`` with a batch of one: models that flatten their features can't keep a free batch."""

    name = "torch_to_tflite"
    source: Source
    framework = "torch"
    format = "tflite"
    packages = ("torch", "litert-torch")
    extra = "litert-torch"

    def export(self, model: Any, signature: Signature, example: Mapping[str, Array], path: Path) -> Path:
        """Write *model* to *path*; its inputs and outputs stand in the order of *signature*."""
        quiet_tensorflow()
        import litert_torch

        one = {name: values[:1] for name, values in example.items()}
        with refusals_explained(model), _free_lengths_refused(signature):
            module = exportable(model, signature, one)
            shapes = free_shapes(module, signature, free_batch=False)
            converted = litert_torch.convert(module, arguments(one), dynamic_shapes=shapes)
        converted.export(str(path))
        return path
