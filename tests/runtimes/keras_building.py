"""Builds artifacts of a small Keras network, in a process of its own: TensorFlow and other tools in one crash.

``python -m tests.runtimes.keras_building [--disturbed] FOLDER`` leaves ``model.savedmodel``, ``model.onnx``, artifacts in folders,
``arrays.npz`` and ``facts.json``. Disturbed, it does other things first, and leaves the two models alone.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from harness.core.names import RuntimeName
from harness.errors import ContractError
from harness.pipeline.catalog import load_catalog
from harness.registries import exporters, frameworks, runtimes
from harness.runtimes.options import choice_of
from tests.fakes.named import signature

from .building import lowering

SHAPE = (12, 12, 3)
SIGNATURE = signature(SHAPE)
SAMPLES = 40
CELLS = [
    ("tensorflow", "fp32"),
    *(("litert", name) for name in ("fp32", "fp16", "int8_dynamic", "int8_static", "int8_static_minmax")),
    *(("litert,io=int8", name) for name in ("fp32", "int8_static")),
]


def network():
    """Convolutions with normalization, half of whose kernels is zero, and a flattening that needs to know the batch."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    given = keras.Input(SHAPE, name="given")
    x = layers.Conv2D(16, 3, padding="same", use_bias=False, name="first")(given)
    x = layers.BatchNormalization(name="normed")(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.Conv2D(24, 3, strides=2, activation="relu", name="second")(x)
    x = layers.Flatten(name="flat")(layers.MaxPooling2D(2, name="pool")(x))
    net = keras.Model(given, layers.Dense(10, name="head")(x), name="net")
    random = np.random.default_rng(0)
    for held in net.weights:
        values = held.numpy()
        if values.ndim >= 2:
            values.reshape(-1)[random.permutation(values.size)[: values.size // 2]] = 0
            held.assign(3 * values)
        elif held.name != "bias":
            held.assign(random.uniform(0.5, 1.5, values.shape))
    return net


def main(folder, disturbed):
    load_catalog()
    framework = frameworks.get("keras")
    if disturbed:
        import keras

        other = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(2)])
        framework.macs(other, {"image": np.zeros((1, *SHAPE), np.float32)})
    net = network()
    inputs = np.random.default_rng(0).standard_normal((SAMPLES, *SHAPE)).astype(np.float32)
    source = {}
    for exporter in exporters:
        if exporter.framework == "keras":
            path = folder / f"model.{exporter.format}"
            source[exporter.format] = exporter.export(net, SIGNATURE, {"image": inputs[:2]}, path)
    if disturbed:
        return
    for name, precision in CELLS:
        runtime, options, place = chosen(name, folder / name / precision)
        wanted = lowering(precision, inputs, SIGNATURE, options=options)
        runtime.lower(source["savedmodel"], wanted, place)
    degenerate = ""
    try:
        runtime, options, place = chosen("litert", folder / "degenerate")
        wanted = lowering("int8_static", np.zeros_like(inputs), SIGNATURE, options=options)
        runtime.lower(source["savedmodel"], wanted, place)
    except ContractError as err:
        degenerate = str(err)
    np.savez(folder / "arrays.npz", inputs=inputs, reference=framework.predict(net, {"image": inputs}))
    kernels = [held.numpy() for held in net.weights if held.name in ("kernel", "depthwise_kernel")]
    read = runtimes.get("tensorflow").weights(folder / "tensorflow" / "fp32" / "model.savedmodel" / "saved_model.pb")
    facts = {
        "tensors": [asdict(one) for one in read],
        "kernels": sum(held.size for held in kernels),
        "zeros": sum(int((held == 0).sum()) for held in kernels),
        "learned": sum(held.numpy().size for held in net.trainable_weights),
        "measured": sum(held.numpy().size for held in net.non_trainable_weights),
        "degenerate": degenerate,
    }
    (folder / "facts.json").write_text(json.dumps(facts))


def chosen(name, place):
    parsed = RuntimeName.parse(name)
    runtime = runtimes.get(parsed.runtime)
    place.mkdir(parents=True)
    return runtime, choice_of(parsed, runtime).options, place


if __name__ == "__main__":
    main(Path(sys.argv[-1]), "--disturbed" in sys.argv)
