"""Keras models as SavedModel folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.exporters.keras_called import as_called, named_tensors, sizes
from harness.exporters.tensorflow_settings import SIGNATURE, quiet_tensorflow
from harness.registering import exporter

MAIN = "saved_model.pb"
FINGERPRINT = "fingerprint.pb"
"""Holds a random id; TensorFlow loads a folder without it."""
NAMED_BY_USER = "_user_specified_name"


@exporter
class KerasToSavedModel:
    """``tf.saved_model.save`` of the model's inference alone, with a free batch and one signature."""

    name = "keras_to_savedmodel"
    source: Source
    framework = "keras"
    format = "savedmodel"
    packages = ("keras", "tensorflow")
    extra = "tensorflow"

    def export(self, model: Any, signature: Signature, example: Mapping[str, Array], path: Path) -> Path:
        """Write *model* into the folder *path*; its inputs and outputs are called as *signature* says."""
        quiet_tensorflow()
        import tensorflow as tf

        served = tf.Module(name="served")
        # The variables alone: the model itself would bring its layers' names and settings, which nothing here reads.
        served.held = [held.value for held in model.variables]
        names = signature.input_names

        def infer(*inputs: Any) -> dict[str, Any]:
            given = model(as_called(model, dict(zip(names, inputs, strict=True))), training=False)
            return named_tensors(given, signature)

        served.infer = tf.function(
            infer,
            input_signature=[tf.TensorSpec((None, *sizes(one)), one.dtype, name=one.name) for one in signature.inputs],
            autograph=False,
        )
        options = tf.saved_model.SaveOptions(save_debug_info=False)
        tf.saved_model.save(served, str(path), signatures={SIGNATURE: served.infer}, options=options)
        (path / FINGERPRINT).unlink(missing_ok=True)
        _settle(path / MAIN)
        return path / MAIN


def _settle(main: Path) -> None:
    """Rewrite *main* so that it depends on the model alone.

    TensorFlow counts all functions and captured variables of a process into their names, orders functions by those, and
    notes how many threads and which devices the process had.
    """
    from google.protobuf import text_format
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString(main.read_bytes())
    for meta in saved.meta_graphs:
        library = meta.graph_def.library
        for node in [*meta.graph_def.node, *(node for function in library.function for node in function.node_def)]:
            node.attr.pop("config_proto", None)
        for argument in (one for function in library.function for one in function.arg_attr.values()):
            if argument.attr[NAMED_BY_USER].s.isdigit():  # TensorFlow numbered it
                argument.attr.pop(NAMED_BY_USER)
    written = text_format.MessageToString(saved, as_utf8=True)
    counted = sorted(set(re.findall(r'"__inference_[^"\\]*_(\d+)"', written)), key=int)
    places = {number: place for place, number in enumerate(counted)}
    renamed = re.sub(r'"(__inference_[^"\\]*)_(\d+)"', lambda found: f'"{found[1]}_{places[found[2]]}"', written)
    settled = text_format.Parse(renamed, saved_model_pb2.SavedModel())
    for meta in settled.meta_graphs:
        functions = meta.graph_def.library.function
        functions.sort(key=lambda function: function.signature.name)
    main.write_bytes(settled.SerializeToString(deterministic=True))
