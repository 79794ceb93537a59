"""Models of several named tensors, of whole numbers, of free lengths, and with a state; registered by reading this file."""

import numpy as np

import harness

SAMPLES, CLASSES, PIXELS, CODES, WORDS = 24, 10, (1, 12, 12), 3, 50
LENGTHS = (5, 17)
STATE = 12


@harness.task_metric("logits_right")
def logits_right(outputs, labels):
    return outputs["logits"].argmax(axis=1) == labels


@harness.task_metric("any_shape")
def any_shape(outputs, labels):
    return np.array([len(one) > 0 for one in outputs])


def _split(inputs, count):
    labels = np.arange(count) % CLASSES
    return harness.DataSet(
        evaluation=harness.Split({name: one[: count // 2] for name, one in inputs.items()}, labels[: count // 2]),
        calibration=harness.Split({name: one[count // 2 :] for name, one in inputs.items()}, labels[count // 2 :]),
    )


def _pairs(shape):
    drawn = np.random.default_rng(7)
    count = 2 * SAMPLES
    return _split(
        {
            # Not in the order of the model's inputs: names decide.
            "codes": drawn.integers(0, WORDS, (count, CODES)),
            "image": drawn.random((count, *shape)).astype(np.float32),
            "seen": drawn.random((count, CODES)) < 0.7,
        },
        count,
    )


harness.dataset("pairs")(lambda: _pairs(PIXELS))
harness.dataset("pairs_last")(lambda: _pairs((*PIXELS[1:], PIXELS[0])))


@harness.dataset("sentences")
def sentences():
    drawn = np.random.default_rng(8)
    count = 2 * SAMPLES
    lengths = drawn.integers(*LENGTHS, count)
    samples = [
        {"tokens": drawn.integers(0, WORDS, length), "weights": drawn.random(length).astype(np.float32)}
        for length in lengths
    ]
    labels = np.arange(count) % CLASSES
    return harness.DataSet(
        evaluation=harness.Split(samples[:SAMPLES], labels[:SAMPLES]),
        calibration=harness.Split(samples[SAMPLES:], labels[SAMPLES:]),
    )


@harness.dataset("steps")
def steps():
    drawn = np.random.default_rng(9)
    count = 2 * SAMPLES
    return _split(
        {
            "frame": drawn.random((count, 8)).astype(np.float32),
            "state": drawn.standard_normal((count, STATE)).astype(np.float32),
        },
        count,
    )


def inputs_of(shape):
    return [
        harness.Input(name="image", shape=shape),
        harness.Input(name="codes", shape=(CODES,), dtype="int64"),
        harness.Input(name="seen", shape=(CODES,), dtype="bool"),
    ]


def _pair_torch(form):
    import torch
    from torch import nn

    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.words = nn.Conv2d(1, 8, 3), nn.Embedding(WORDS, 8)
            self.join, self.head = nn.Linear(16, 16), nn.Linear(16, CLASSES)

        def forward(self, image, codes, seen):
            of_image = torch.relu(self.convolution(image)).mean((2, 3))
            of_codes = (self.words(codes) * seen.unsqueeze(2).to(torch.float32)).mean(1)
            features = torch.relu(self.join(torch.cat([of_image, of_codes], 1)))
            logits = self.head(features)
            if form == "dict":
                return {"logits": logits, "features": features}
            return logits, features

    torch.manual_seed(5)
    return Pair().eval()


for form, outputs in (("tuple", ("logits", "features")), ("dict", ("features", "logits"))):
    harness.model(f"pair_{form}", dataset="pairs", inputs=inputs_of(PIXELS), outputs=outputs, metric="logits_right")(
        lambda form=form: _pair_torch(form)
    )


@harness.model(
    "pair_keras",
    dataset="pairs_last",
    framework="keras",
    inputs=inputs_of((*PIXELS[1:], PIXELS[0])),
    outputs=("logits", "features"),
    metric="logits_right",
)
def pair_keras():
    import keras
    from keras import layers

    keras.utils.set_random_seed(5)
    image = keras.Input((*PIXELS[1:], PIXELS[0]), name="image")
    codes = keras.Input((CODES,), dtype="int64", name="codes")
    seen = keras.Input((CODES,), dtype="bool", name="seen")
    of_image = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, activation="relu")(image))
    words = layers.Embedding(WORDS, 8)(codes)
    shown = keras.ops.expand_dims(keras.ops.cast(seen, "float32"), 2)
    of_codes = keras.ops.mean(words * shown, axis=1)
    features = layers.Dense(16, activation="relu", name="join")(layers.Concatenate()([of_image, of_codes]))
    logits = layers.Dense(CLASSES, name="head")(features)
    return keras.Model([image, codes, seen], {"features": features, "logits": logits})


@harness.model(
    "lengths_torch",
    dataset="sentences",
    inputs=[
        harness.Input(name="tokens", shape=("length",), dtype="int64"),
        harness.Input(name="weights", shape=("length",)),
    ],
    outputs=["logits"],
)
def lengths_torch():
    import torch
    from torch import nn

    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.inner, self.head = nn.Embedding(WORDS, 16), nn.Linear(16, 32), nn.Linear(32, CLASSES)

        def forward(self, tokens, weights):
            features = torch.relu(self.inner(self.words(tokens))) * weights.unsqueeze(2)
            return self.head(features.mean(1))

    torch.manual_seed(6)
    return Bag().eval()


@harness.model(
    "lengths_out_torch",
    dataset="sentences",
    inputs=[
        harness.Input(name="tokens", shape=("length",), dtype="int64"),
        harness.Input(name="weights", shape=("length",)),
    ],
    metric="any_shape",
)
def lengths_out_torch():
    import torch
    from torch import nn

    class PerToken(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.head = nn.Embedding(WORDS, 16), nn.Linear(16, 4)

        def forward(self, tokens, weights):
            return self.head(torch.relu(self.words(tokens)) * weights.unsqueeze(2))

    torch.manual_seed(6)
    return PerToken().eval()


@harness.model(
    "lengths_keras",
    dataset="sentences",
    framework="keras",
    inputs=[
        harness.Input(name="tokens", shape=("length",), dtype="int64"),
        harness.Input(name="weights", shape=("length",)),
    ],
    outputs=["logits"],
)
def lengths_keras():
    import keras
    from keras import layers

    keras.utils.set_random_seed(6)
    tokens = keras.Input((None,), dtype="int64", name="tokens")
    weights = keras.Input((None,), name="weights")
    features = layers.Dense(32, activation="relu")(layers.Embedding(WORDS, 16)(tokens))
    weighted = features * keras.ops.expand_dims(weights, 2)
    return keras.Model([tokens, weights], layers.Dense(CLASSES)(keras.ops.mean(weighted, axis=1)))


@harness.model(
    "state_torch",
    dataset="steps",
    inputs=[harness.Input(name="frame", shape=(8,)), harness.Input(name="state", shape=(STATE,))],
    outputs=["logits", "next_state"],
    metric="logits_right",
)
def state_torch():
    import torch
    from torch import nn

    class Step(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.head = nn.GRUCell(8, STATE), nn.Linear(STATE, CLASSES)

        def forward(self, frame, state):
            state = self.cell(frame, state)
            return self.head(state), state

    torch.manual_seed(7)
    return Step().eval()
