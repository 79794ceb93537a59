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
from keras import layers

from harness.errors import ContractError
from harness.frameworks.keras import KEPT_STRUCTURE, KEPT_WEIGHTS, Keras

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


def subclassed() -> Any:
    model = Subclassed()
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


def kept(name: str, folder: Path) -> dict[str, Any]:
    shape, build = MODELS[name]
    inputs = np.random.default_rng(0).standard_normal((300, *shape)).astype(np.float32)
    model = build()
    outputs = FRAMEWORK.predict(model, inputs)
    folder.mkdir()
    main = FRAMEWORK.keep(model, {}, folder)
    facts = {
        "main": main,
        "macs": FRAMEWORK.macs(model, inputs[:1]),
        "dtype": str(outputs.dtype),
        "files": sorted(path.name for path in folder.iterdir()),
    }
    if main:
        again = FRAMEWORK.restore(folder / main, {})
        facts["same"] = bool(np.array_equal(FRAMEWORK.predict(again, inputs), outputs))
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


def main(folder: Path) -> None:
    import tensorflow as tf

    numbers = np.zeros((3, 4), np.float32)
    model = convolutions()
    facts = {
        "kept": {name: kept(name, folder / name) for name in MODELS},
        "state": {name: list(held.shape) for name, held in FRAMEWORK.state(model).items()},
        "batches": max_difference(model),
        "half": str(FRAMEWORK.predict(half(), numbers).dtype),
        "seeded": seeded(),
        "said": {
            "type": said(lambda: FRAMEWORK.state([1, 2])),
            "unbuilt": said(lambda: FRAMEWORK.state(keras.Sequential([layers.Dense(3)]))),
            "several": said(lambda: FRAMEWORK.predict(lambda x, training: [tf.constant(x)], numbers)),
            "rows": said(lambda: FRAMEWORK.predict(lambda x, training: tf.constant(x[:2]), numbers)),
            "integers": said(lambda: FRAMEWORK.predict(lambda x, training: tf.constant(x.astype("int32")), numbers)),
            "hostile": hostile(folder),
            "foreign": foreign(folder),
        },
    }
    (folder / "facts.json").write_text(json.dumps(facts))


def max_difference(model: Any) -> float:
    """Between a batch that is split and its samples one by one; dropout at work would show."""
    inputs = np.random.default_rng(1).standard_normal((260, 8, 8, 3)).astype(np.float32)
    single = np.concatenate([FRAMEWORK.predict(model, inputs[i : i + 1]) for i in range(0, 260, 40)])
    return float(np.abs(FRAMEWORK.predict(model, inputs)[::40] - single).max())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
