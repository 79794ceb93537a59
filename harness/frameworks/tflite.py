"""TFLite files as models: LiteRT on the CPU gives the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.errors import ContractError
from harness.formats.tflite import TfliteFile
from harness.frameworks.model_files import ModelFiles, one_by_one
from harness.registering import framework


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TfliteModel:
    """An opened TFLite file."""

    file: TfliteFile
    content: bytes
    interpreter: Any
    """LiteRT's, on one thread."""


@framework
class Tflite(ModelFiles):
    """TFLite files on one thread of LiteRT."""

    name = "tflite"
    source: Source
    packages = ("ai-edge-litert",)
    extra = "litert"

    def open(self, file: Path) -> TfliteModel:
        """The model in *file*.

        Raises:
            ContractError: it is no whole TFLite file, or LiteRT doesn't know an operator of it.
        """
        from ai_edge_litert.interpreter import Interpreter

        found = TfliteFile.read(file)
        try:
            interpreter = Interpreter(model_content=found.content, num_threads=1)
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as err:
            raise ContractError(f"{file}: LiteRT does not take this model: {err}") from err
        return TfliteModel(file=found, content=found.content, interpreter=interpreter)

    def signature(self, model: TfliteModel) -> Signature:
        """What the file takes and gives.

        Raises:
            ContractError: as ``FileTensors.signature``, or it takes or gives integers that stand for numbers.
        """
        tensors = model.file.tensors
        for one in (*tensors.inputs, *tensors.outputs):
            if one.scale:
                raise ContractError(
                    f"it is quantized at its ends ({one.describe()}); the float file is the model, and such a file an "
                    "artifact of it: harness.artifact(name, model=..., runtime='litert', file=..., claims='int8_static')"
                )
        return tensors.signature()

    def state(self, model: TfliteModel) -> Mapping[str, Array]:
        """All constants by place and name.

        Raises:
            ContractError: *model* is no opened file.
        """
        if not isinstance(model, TfliteModel):
            raise ContractError(
                f"the model function returned {type(model).__name__}; a TFLite file is registered by "
                "harness.model(name, file='model.tflite', dataset=...)"
            )
        return dict(model.file.constants())

    def predict(self, model: TfliteModel, inputs: Mapping[str, Array]) -> Any:
        """Outputs by the file's names, each (n, ...), sample by sample."""
        interpreter, tensors = model.interpreter, model.file.tensors
        indices = [one["index"] for one in interpreter.get_input_details()]
        places = [one["index"] for one in interpreter.get_output_details()]

        def infer(sample: Mapping[str, Array]) -> dict[str, Array]:
            resized = False
            for index, one in zip(indices, tensors.inputs, strict=True):
                if tuple(interpreter.get_tensor(index).shape) != sample[one.name].shape:
                    interpreter.resize_tensor_input(index, sample[one.name].shape, strict=True)
                    resized = True
            if resized:
                interpreter.allocate_tensors()
            for index, one in zip(indices, tensors.inputs, strict=True):
                interpreter.set_tensor(index, np.ascontiguousarray(sample[one.name]))
            interpreter.invoke()
            outputs = zip(tensors.outputs, places, strict=True)
            return {one.name: interpreter.get_tensor(place) for one, place in outputs}

        return one_by_one(infer, inputs)
