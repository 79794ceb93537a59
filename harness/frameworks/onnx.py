"""ONNX files as models: onnxruntime on the CPU gives the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.errors import ContractError
from harness.formats.onnx import onnx_tensors, read_onnx, takes_one_sample
from harness.frameworks.model_files import ModelFiles, one_by_one
from harness.registering import framework


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnnxModel:
    """An opened ONNX file."""

    model: Any
    """The ``ModelProto``, weights included."""
    content: bytes
    session: Any
    """Of onnxruntime, on one thread of the CPU."""


@framework
class Onnx(ModelFiles):
    """ONNX files on one thread of onnxruntime."""

    name = "onnx"
    source: Source
    packages = ("onnxruntime|onnxruntime-gpu", "onnx")
    extra = "onnxruntime"

    def open(self, file: Path) -> OnnxModel:
        """The model in *file*.

        Raises:
            ContractError: it is no whole ONNX file, or onnxruntime doesn't know an operator of it.
        """
        import onnxruntime

        model, content = read_onnx(file)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as err:  # onnxruntime's error types are not public
            raise ContractError(f"{file}: onnxruntime does not take this model: {str(err).strip()}") from err
        return OnnxModel(model=model, content=content, session=session)

    def signature(self, model: OnnxModel) -> Signature:
        """What the file takes and gives.

        Raises:
            ContractError: as ``FileTensors.signature``.
        """
        return onnx_tensors(model.model).signature()

    def state(self, model: OnnxModel) -> Mapping[str, Array]:
        """All initializers by name.

        Raises:
            ContractError: *model* is no opened file.
        """
        import onnx

        if not isinstance(model, OnnxModel):
            raise ContractError(
                f"the model function returned {type(model).__name__}; an ONNX file is registered by "
                "harness.model(name, file='model.onnx', dataset=...)"
            )
        return {one.name: onnx.numpy_helper.to_array(one) for one in model.model.graph.initializer}

    def predict(self, model: OnnxModel, inputs: Mapping[str, Array]) -> Any:
        """Outputs by the file's names, each (n, ...); sample by sample where its batch is fixed at one."""
        names = [one.name for one in model.session.get_outputs()]

        def infer(batch: Mapping[str, Array]) -> dict[str, Array]:
            return dict(zip(names, model.session.run(None, dict(batch)), strict=True))

        return one_by_one(infer, inputs) if takes_one_sample(model.model) else infer(inputs)
