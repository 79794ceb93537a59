"""Keras models as ONNX files."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.exporters.keras_called import as_called, named_tensors, sizes
from harness.exporters.onnx_names import check_names
from harness.exporters.tensorflow_settings import quiet_tensorflow
from harness.registering import exporter

OPSET = 18
"""The one that torch's exporter writes, so that a runtime's tools see one dialect; Keras' own choice is 15."""


@exporter
class KerasToOnnx:
    """``keras.Model.export`` by way of ``tf2onnx``, with a free batch and the weights inside the file."""

    name = "keras_to_onnx"
    source: Source
    framework = "keras"
    format = "onnx"
    packages = ("keras", "tensorflow", "tf2onnx", "onnx")
    extra = "tensorflow"

    def export(self, model: Any, signature: Signature, example: Mapping[str, Array], path: Path) -> Path:
        """Write *model* to *path*; its inputs and outputs are called as *signature* says.

        Raises:
            UnsupportedModel: one name is an input's and an output's.
        """
        check_names(signature)
        quiet_tensorflow()
        import onnx

        (_export_single if signature.single else _export_several)(model, signature, path)
        exported = onnx.load(str(path))
        graph = exported.graph
        graph.name, graph.doc_string = "model", ""
        for side in (*graph.input, *graph.output):
            side.type.tensor_type.shape.dim[0].dim_param = "batch"
        for one, held in zip(signature.inputs, graph.input, strict=True):
            for axis, length in enumerate(one.dimensions, 1):
                if isinstance(length, str):
                    held.type.tensor_type.shape.dim[axis].dim_param = length
        given = {one.name: name for one, name in zip(graph.output, signature.outputs, strict=True)}
        names = {"": "", **given, **{one.name: one.name for one in graph.input}}
        _settle(graph, names, {})
        onnx.save(exported, str(path))
        return path


def _export_single(model: Any, signature: Signature, path: Path) -> None:
    import keras

    (one,) = signature.inputs
    taken = [keras.InputSpec(shape=(None, *sizes(one)), dtype=one.dtype, name=one.name)]
    model.export(str(path), format="onnx", verbose=False, input_signature=taken, opset_version=OPSET)


def _export_several(model: Any, signature: Signature, path: Path) -> None:
    """By a function of our own: Keras sorts what a model gives by names that it makes up."""
    import tensorflow as tf
    import tf2onnx

    def infer(*inputs: Any) -> list[Any]:
        called = as_called(model, dict(zip(signature.input_names, inputs, strict=True)))
        return list(named_tensors(model(called, training=False), signature).values())

    taken = [tf.TensorSpec((None, *sizes(one)), one.dtype, name=one.name) for one in signature.inputs]
    function = tf.function(infer, input_signature=taken, autograph=False)
    tf2onnx.convert.from_function(function, input_signature=taken, opset=OPSET, output_path=str(path))


@dataclass(slots=True)
class _Constant:
    """A constant and the constants of its graph that are read, by their contents."""

    held: Any
    read: dict[bytes, Any]


def _settle(graph: Any, names: dict[str, str], outer: Mapping[str, _Constant]) -> None:
    """Make *graph* depend on the model alone, by the order of its nodes.

    tf2onnx counts on over all that a process converts, and goes through sets: names, the order of constants and which of
    two equal ones is read differ from process to process. Names that Keras makes up count other models too.

    Args:
        graph: whose values are named anew; constants that nothing reads are left out.
        names: the new names so far, by the old ones.
        outer: constants of the graphs around this one.
    """
    read: dict[bytes, Any] = {}
    known = {**outer, **{one.name: _Constant(copy.copy(one), read) for one in graph.initializer}}

    def renamed(name: str) -> str:
        if name not in names:
            names[name] = _named_constant(known[name], names) if name in known else f"value_{_count(names, 'value')}"
        return names[name]

    for one in graph.input:
        one.name = renamed(one.name)
    for number, node in enumerate(graph.node):
        node.name, node.doc_string = f"{node.op_type}_{number}", ""
        node.input[:] = [renamed(name) for name in node.input]
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                _settle(inner, names, known)
        node.output[:] = [renamed(name) for name in node.output]
    for one in graph.output:
        one.name = renamed(one.name)
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(read.values())


def _named_constant(constant: _Constant, names: Mapping[str, str]) -> str:
    """Its new name, which equal ones of its graph share."""
    held = constant.held
    held.name = ""
    content = held.SerializeToString(deterministic=True)
    if content in constant.read:
        return str(constant.read[content].name)
    held.name = f"constant_{_count(names, 'constant')}"
    constant.read[content] = held
    return str(held.name)


def _count(names: Mapping[str, str], kind: str) -> int:
    """How many values have a new name of this kind."""
    return len({name for name in names.values() if name.startswith(f"{kind}_")})
