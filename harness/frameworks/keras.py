"""Keras models on TensorFlow."""

from __future__ import annotations

import json
import os
import random
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.file_tensors import FileTensor, FileTensors
from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.errors import ContractError
from harness.exporters.keras_called import as_called
from harness.exporters.tensorflow_settings import quiet_tensorflow
from harness.frameworks.keras_macs import count_macs
from harness.registering import framework

KEPT_WEIGHTS = "weights.safetensors"
KEPT_STRUCTURE = "structure.json"


@framework
class Keras:
    """Keras models on one thread of TensorFlow, on the CPU."""

    name = "keras"
    source: Source
    packages = ("keras", "tensorflow")
    extra = "tensorflow"

    def state(self, model: Any) -> Mapping[str, Array]:
        """All weights, moving statistics and seeds by place and name.

        The place, because Keras counts the layers of a process into the names that it makes up: ``conv2d_7`` is
        ``conv2d`` where another model was built first.

        Raises:
            ContractError: *model* is not a ``keras.Model``, has no weights yet, or Keras runs on another backend.
        """
        keras = _keras()
        if not isinstance(model, keras.Model):
            raise ContractError(f"the model function returned {type(model).__name__}, not a keras.Model")
        if not model.built:
            raise ContractError("the keras.Model has no weights yet: call it or build it with its input's shape first")
        return {_place(number, held): np.asarray(held) for number, held in enumerate(model.variables)}

    def predict(self, model: Any, inputs: Mapping[str, Array]) -> Any:
        """Outputs (n, ...) with layers in inference mode, one or several, as the model nests them.

        Raises:
            ContractError: the model gives something else than tensors of numbers.
        """
        _keras()
        return _to_numpy(model(as_called(model, dict(inputs)), training=False))

    def build(self, function: Callable[[], Any], seed: int) -> Any:
        """What *function* returns, with Python's, numpy's and TensorFlow's random numbers seeded.

        The caller's random states stay as they were, but for TensorFlow's: that tells nobody what it is.
        """
        keras = _keras()
        pythons, numpys = random.getstate(), np.random.get_state()
        try:
            keras.utils.set_random_seed(seed)
            return function()
        finally:
            random.setstate(pythons)
            np.random.set_state(numpys)

    def open(self, file: Path) -> Any:
        """The model that ``keras.Model.save`` wrote.

        Raises:
            ContractError: it is no ``.keras`` file, holds code, or a class that isn't registered.
        """
        keras = _keras()
        if not zipfile.is_zipfile(file):
            raise ContractError(f"{file} is no whole .keras file: it is no zip archive")
        try:
            return keras.saving.load_model(file, compile=False, safe_mode=True)
        except (ValueError, TypeError, OSError, KeyError, ImportError) as err:
            # Keras quotes the whole model around the reason.
            reason = str(err).rpartition("Exception encountered: ")[2].partition(" Full object config:")[0].strip()
            raise ContractError(
                f"{file} can't be opened by Keras {keras.__version__}: {reason} Of a model that holds code or a class of its own "
                "register a function that loads it."
            ) from err

    def signature(self, model: Any) -> Signature:
        """What *model* takes and gives, by the names of its inputs and of its output layers.

        Raises:
            ContractError: as ``FileTensors.signature``, or it is of a class of its own, which tells no inputs.
        """
        if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
            raise ContractError(
                f"a {type(model).__name__} does not tell its inputs and outputs, as functional and sequential models do; register a "
                "function that loads it, with input=harness.Input(...)"
            )
        return FileTensors(
            inputs=tuple(
                FileTensor(name=one.name, dtype=str(one.dtype), shape=tuple(one.shape)) for one in model.inputs
            ),
            outputs=tuple(
                FileTensor(name=name, dtype=str(one.dtype), shape=tuple(one.shape))
                for name, one in zip(_output_names(model), model.outputs, strict=True)
            ),
        ).signature()

    def macs(self, model: Any, sample: Mapping[str, Array]) -> int | None:
        """Multiply-accumulates of convolutions and matrix products, counted in the traced graph."""
        _keras()
        import tensorflow as tf

        taken = as_called(model, {name: tf.TensorSpec(one.shape, one.dtype) for name, one in sample.items()})
        traced = tf.function(lambda inputs: model(inputs, training=False), autograph=False)
        return count_macs(traced.get_concrete_function(taken).graph)

    def keep(self, model: Any, bases: Mapping[str, Any], folder: Path) -> str:
        """Write *model* as safetensors, and its layers as Keras' own JSON; *bases* are not needed.

        A ``Lambda`` layer holds code and a class that isn't registered can't be found again: such models are not kept.
        """
        keras = _keras()
        from safetensors.numpy import save_file

        try:
            structure = keras.saving.serialize_keras_object(model)
        except (NotImplementedError, TypeError, ValueError):  # a class without a whole get_config
            return ""
        if not all(_is_known(entry, keras) for entry in _entries(structure)):
            return ""
        structure.pop("compile_config", None)
        save_file({name: np.ascontiguousarray(held) for name, held in self.state(model).items()}, folder / KEPT_WEIGHTS)
        (folder / KEPT_STRUCTURE).write_text(json.dumps(structure, sort_keys=True, indent=1), encoding="utf-8")
        return KEPT_STRUCTURE

    def restore(self, kept: Path, bases: Mapping[str, Callable[[], Any]]) -> Any:
        """The model that ``keep`` wrote.

        Raises:
            ValueError, TypeError: the files hold code, an unknown layer, or weights that don't fit the layers.
        """
        keras = _keras()
        from safetensors.numpy import load_file

        structure = json.loads(kept.read_text(encoding="utf-8"))
        model = keras.saving.deserialize_keras_object(structure, safe_mode=True)
        weights = load_file(kept.with_name(KEPT_WEIGHTS))
        places = {_place(number, held): held for number, held in enumerate(model.variables)}
        if weights.keys() != places.keys():
            raise ValueError(f"weights that don't fit the layers: {', '.join(sorted(weights.keys() ^ places.keys()))}")
        for name, held in places.items():
            held.assign(weights[name])
        return model


def _to_numpy(given: Any) -> Any:
    """What a model gave, with arrays in place of its tensors: one, a flat sequence of them, or a mapping."""
    import tensorflow as tf

    if isinstance(given, Mapping) and all(isinstance(one, tf.Tensor) for one in given.values()):
        return {str(name): _to_numpy(one) for name, one in given.items()}
    if not isinstance(given, tf.Tensor):
        leaves = tf.nest.flatten(given)
        if leaves and all(isinstance(one, tf.Tensor) for one in leaves):
            return [_to_numpy(one) for one in leaves]
        raise ContractError(f"the model must return tensors, it returned {type(given).__name__}")
    # Half precision comes of a dtype policy; its short type bfloat16 is none of numpy's.
    return (tf.cast(given, tf.float32) if given.dtype.is_floating and given.dtype.size < 4 else given).numpy()


def _output_names(model: Any) -> list[str]:
    """The keys of what *model* gives where that is a dict, else the names of the layers that give it."""
    given = getattr(model, "output", None)  # a sequential model that was just opened has none yet, nor names
    if isinstance(given, Mapping) and len(given) == len(model.outputs):
        return [str(one) for one in given]
    names = [str(one) for one in getattr(model, "output_names", None) or [model.layers[-1].name] * len(model.outputs)]
    return names if len(set(names)) == len(names) else [f"{name}_{number}" for number, name in enumerate(names)]


def _place(number: int, held: Any) -> str:
    return f"{number:04d}.{held.name}"


def _entries(structure: Any) -> Iterator[dict[str, Any]]:
    """Every object inside what Keras wrote of a model."""
    if isinstance(structure, dict):
        if "class_name" in structure:
            yield structure
        for inner in structure.values():
            yield from _entries(inner)
    elif isinstance(structure, list | tuple):
        for inner in structure:
            yield from _entries(inner)


def _is_known(entry: Mapping[str, Any], keras: Any) -> bool:
    """Whether *entry* is made again without running code from the file."""
    if entry["class_name"] in ("Lambda", "__lambda__"):
        return False
    module = entry.get("module") or ""
    if "registered_name" not in entry or module == "builtins" or module.split(".")[0] == "keras":
        return True
    return keras.saving.get_registered_object(entry["registered_name"]) is not None


def _keras() -> Any:
    """Keras on TensorFlow, limited to one CPU thread, unless TensorFlow is already running.

    Raises:
        ContractError: Keras runs on another backend.
    """
    quiet_tensorflow()
    import keras
    import tensorflow as tf

    found = keras.backend.backend()
    if found != "tensorflow":
        raise ContractError(f"Keras runs on {found!r} here; only 'tensorflow' is taken: set KERAS_BACKEND=tensorflow")
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError:
        # A model function that ran before this settled it; in a child process the variables below did.
        pass
    return keras


# A model function runs TensorFlow before anything here is called, and that counts its threads once. These are read by
# TensorFlow alone, and only in a child process: nothing here changes the process that a user's tests run in.
if os.environ.get("EDGE_HARNESS_CHILD"):
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
