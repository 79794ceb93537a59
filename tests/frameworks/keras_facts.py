"""Facts about Keras models under our framework, found in a process of its own: ``... keras_facts FOLDER``.

TensorFlow and the tools of other engines in one process crash, and it settles its threads once.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from harness.core.signature import Signature
from harness.errors import ContractError
from harness.exporters.keras_called import named_tensors
from harness.frameworks.keras import KEPT_STRUCTURE, KEPT_WEIGHTS, Keras
from harness.pipeline.float_outputs import float_outputs
from tests.fakes.named import one, signature

FRAMEWORK = Keras()


class Unregistered(layers.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x


@keras.saving.register_keras_serializable("tests")
class Registered(layers.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.dense(x)


@keras.saving.register_keras_serializable("tests")
class Classed(Subclassed):
    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        return cls()


def stack(shape: tuple[int, ...], *parts: Any) -> Any:
    return keras.Sequential([keras.Input(shape), *parts])


def convolutions() -> Any:
    return stack(
        (8, 8, 3),
        *(layers.Conv2D(4, 3, strides=2, padding="same"), layers.BatchNormalization(), layers.Activation("relu")),
        *(layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), layers.SeparableConv2D(5, 3)),
        *(layers.Conv2DTranspose(6, 3, strides=2), layers.Dropout(0.5), layers.Flatten(), layers.Dense(7)),
    )


def attention() -> Any:
    given = keras.Input((5, 8))
    return keras.Model(given, layers.MultiHeadAttention(2, 4)(given, given))


def subclassed(kind: Any = Subclassed) -> Any:
    model = kind()
    model(np.zeros((1, 4), np.float32))
    return model


def half() -> Any:
    return stack((4,), layers.Dense(3, dtype="mixed_bfloat16"))


MODELS = {
    "convolutions": ((8, 8, 3), convolutions),
    "grouped": ((8, 8, 4), lambda: stack((8, 8, 4), layers.Conv2D(8, 3, groups=2))),
    "sequence": ((10, 4), lambda: stack((10, 4), layers.Conv1D(8, 3), layers.Dense(2))),
    "attention": ((5, 8), attention),
    "recurrent": ((5, 8), lambda: stack((5, 8), layers.LSTM(4))),
    "registered": ((4,), lambda: stack((4,), Registered(), layers.Dense(3))),
    "unregistered": ((4,), lambda: stack((4,), Unregistered(), layers.Dense(3))),
    "lambda": ((4,), lambda: stack((4,), layers.Lambda(lambda x: 2 * x), layers.Dense(3))),
    "subclassed": ((4,), subclassed),
}


def predicted(model: Any, inputs: Any) -> Any:
    return FRAMEWORK.predict(model, {"given": inputs})


def kept(name: str, folder: Path) -> dict[str, Any]:
    shape, build = MODELS[name]
    inputs = np.random.default_rng(0).standard_normal((300, *shape)).astype(np.float32)
    model = build()
    outputs = predicted(model, inputs)
    folder.mkdir()
    main = FRAMEWORK.keep(model, {}, folder)
    facts = {
        "main": main,
        "macs": FRAMEWORK.macs(model, {"given": inputs[:1]}),
        "dtype": str(outputs.dtype),
        "files": sorted(path.name for path in folder.iterdir()),
    }
    if main:
        again = FRAMEWORK.restore(folder / main, {})
        facts["same"] = bool(np.array_equal(predicted(again, inputs), outputs))
        facts["same_names"] = list(FRAMEWORK.state(again)) == list(FRAMEWORK.state(model))
    return facts


def said(action: Any) -> str:
    try:
        action()
    except (ContractError, ValueError) as err:
        return f"{type(err).__name__}: {err}"
    return ""


def hostile(folder: Path) -> str:
    """What is said of a kept model whose structure was changed to one that holds code."""
    written = folder / "lambda_in"
    written.mkdir()
    FRAMEWORK.keep(convolutions(), {}, written)
    structure = keras.saving.serialize_keras_object(MODELS["lambda"][1]())
    (written / KEPT_STRUCTURE).write_text(json.dumps(structure))
    return said(lambda: FRAMEWORK.restore(written / KEPT_STRUCTURE, {}))


def foreign(folder: Path) -> str:
    """What is said of a kept model with another one's weights."""
    one, other = folder / "one", folder / "other"
    for place, build in ((one, convolutions), (other, MODELS["grouped"][1])):
        place.mkdir()
        FRAMEWORK.keep(build(), {}, place)
    (other / KEPT_WEIGHTS).rename(one / KEPT_WEIGHTS)
    return said(lambda: FRAMEWORK.restore(one / KEPT_STRUCTURE, {}))


def seeded() -> dict[str, bool]:
    def weights(seed: int) -> Any:
        return FRAMEWORK.state(FRAMEWORK.build(MODELS["grouped"][1], seed))["0000.kernel"]

    np.random.seed(7)
    wanted = np.random.random(3)
    np.random.seed(7)
    first, second, third = weights(1), weights(1), weights(2)
    return {
        "repeats": bool(np.array_equal(first, second)),
        "differs": not np.array_equal(first, third),
        "numpy_kept": bool(np.array_equal(np.random.random(3), wanted)),
    }


TWO = Signature(inputs=signature((4,)).inputs, outputs=("a", "b"))
GIVING: dict[str, Any] = {
    "tensor": lambda x, training: tf.constant(x),
    "list": lambda x, training: [tf.constant(x), tf.constant(x[:, 0])],
    "nested": lambda x, training: (tf.constant(x), [tf.constant(x[:, 0]), tf.constant(x)]),
    "dict": lambda x, training: {"b": tf.constant(x), "a": tf.constant(x[:, 0])},
    "nested in a dict": lambda x, training: {"a": [tf.constant(x), tf.constant(x[:, 0])]},
    "integers": lambda x, training: tf.constant(x.astype("int32")),
    "bools": lambda x, training: tf.constant(x > 0),
    "halves": lambda x, training: [tf.cast(x, tf.bfloat16), tf.cast(x, tf.float16), tf.cast(x, tf.float64)],
}
"""What models may give, of a batch of floats (3, 4)."""


def told(given: Any) -> Any:
    """Dtype and shape of each array in *given*, which is one, a list or a dict of them."""
    if isinstance(given, dict):
        return {name: told(one) for name, one in given.items()}
    if isinstance(given, list):
        return [told(one) for one in given]
    assert isinstance(given, np.ndarray)
    return f"{given.dtype} {given.shape}"


def named() -> dict[str, Any]:
    """What models of two inputs make of them, by their names or in their order."""
    a, b = keras.Input((2,), name="a"), keras.Input((2,), dtype="int64", name="b")
    model = keras.Model([a, b], {"less": layers.Dense(2, kernel_initializer="identity")(a), "more": b * 2})
    values = {"b": np.array([[3, 2**40]]), "a": np.array([[1, 2]], np.float32)}
    others = {"first": values["a"], "second": values["b"]}
    return {
        "by name": {name: held.tolist() for name, held in FRAMEWORK.predict(model, values).items()},
        "in order": {name: held.tolist() for name, held in FRAMEWORK.predict(model, others).items()},
        "macs": FRAMEWORK.macs(model, values),
        "leaves": [held.numpy().tolist() for held in named_tensors([tf.constant(1), (tf.constant(2),)], TWO).values()],
        "turned": list(named_tensors({"b": tf.constant(1), "a": tf.constant(2)}, TWO)),
        "only": list(named_tensors({"whatever": tf.constant(1)}, signature((4,)))),
    }


def files(folder: Path) -> dict[str, Any]:
    """What of models that ``keras.Model.save`` wrote is read, and what is said of files that are none."""
    a, b = keras.Input((2,), name="a"), keras.Input((None,), dtype="int64", name="b")
    saved = {
        "sequential": stack((4,), layers.Dense(3)),
        "unnamed": attention(),
        "named": keras.Model([a, b], {"less": layers.Dense(2)(a), "more": b * 2}),
        "two": keras.Model(a, [layers.Dense(2, name="left")(a), layers.Dense(2, name="right")(a)]),
        "lambda": MODELS["lambda"][1](),
        "unregistered": MODELS["unregistered"][1](),
        "classed": subclassed(Classed),
        "eight": keras.Sequential([keras.Input((4,), batch_size=8), layers.Dense(3)]),
    }
    folder.mkdir()
    for name, model in saved.items():
        model.save(folder / f"{name}.keras")
    whole = (folder / "sequential.keras").read_bytes()
    others = {"cut": whole[: len(whole) // 2], "empty": b"", "other": b"TFL3" * 9}
    for name, content in others.items():
        (folder / f"{name}.keras").write_bytes(content)

    def opened(name: str) -> Any:
        return FRAMEWORK.open(folder / f"{name}.keras")

    def read(name: str) -> list[str]:
        """In words; twice, because Keras counts the tensors of a process into the names that it makes up."""
        return [FRAMEWORK.signature(opened(name)).describe() for _ in range(2)]

    inputs = np.random.default_rng(2).standard_normal((5, 4)).astype(np.float32)
    return {
        "read": {name: read(name) for name in ("sequential", "unnamed", "named", "two")},
        "same": bool(np.array_equal(predicted(opened("sequential"), inputs), predicted(saved["sequential"], inputs))),
        "said": {
            **{name: said(lambda name=name: opened(name)) for name in (*others, "gone", "lambda", "unregistered")},
            **{name: said(lambda name=name: FRAMEWORK.signature(opened(name))) for name in ("eight", "classed")},
        },
    }


def outputs_of(model: Any, inputs: Any) -> Any:
    """All outputs of *model*, which takes and gives one tensor, as the pipeline asks for them."""
    return float_outputs(FRAMEWORK, model, one(inputs), signature(inputs.shape[1:])).plain()


def main(folder: Path) -> None:
    numbers = np.zeros((3, 4), np.float32)
    model = convolutions()
    facts = {
        "kept": {name: kept(name, folder / name) for name in MODELS},
        "state": {name: list(held.shape) for name, held in FRAMEWORK.state(model).items()},
        "batches": max_difference(model),
        "half": str(predicted(half(), numbers).dtype),
        "given": {name: told(predicted(model, numbers)) for name, model in GIVING.items()},
        "named": named(),
        "seeded": seeded(),
        "files": files(folder / "files"),
        "said": {
            "type": said(lambda: FRAMEWORK.state([1, 2])),
            "unbuilt": said(lambda: FRAMEWORK.state(keras.Sequential([layers.Dense(3)]))),
            "array": said(lambda: predicted(lambda x, training: x, numbers)),
            "nothing": said(lambda: predicted(lambda x, training: None, numbers)),
            "mixed": said(lambda: predicted(lambda x, training: {"a": tf.constant(x), "b": 1}, numbers)),
            "several": said(lambda: outputs_of(lambda x, training: [tf.constant(x)] * 2, numbers)),
            "rows": said(lambda: outputs_of(lambda x, training: tf.constant(x[:2]), numbers)),
            "short": said(lambda: named_tensors([tf.constant(numbers)], TWO)),
            "other": said(lambda: named_tensors({"a": tf.constant(numbers), "c": tf.constant(numbers)}, TWO)),
            "hostile": hostile(folder),
            "foreign": foreign(folder),
        },
    }
    (folder / "facts.json").write_text(json.dumps(facts))


def max_difference(model: Any) -> float:
    """Between a batch that is split and its samples one by one; dropout at work would show."""
    inputs = np.random.default_rng(1).standard_normal((260, 8, 8, 3)).astype(np.float32)
    single = np.concatenate([predicted(model, inputs[i : i + 1]) for i in range(0, 260, 40)])
    return float(np.abs(outputs_of(model, inputs)[::40] - single).max())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
