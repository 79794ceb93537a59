"""Models for what the example models can't show: one that takes whole numbers and is large enough to share out.

Registered by reading this file, see ``conftest.py``.
"""

import numpy as np

import harness

SAMPLES, CLASSES = 24, 10
PIXELS = (1, 12, 12)
LARGE = (16, 64, 64)


def _data(shape, dtype):
    drawn = np.random.default_rng(5)
    inputs = drawn.integers(0, 256, (2 * SAMPLES, *shape)) if dtype == "uint8" else drawn.random((2 * SAMPLES, *shape))
    labels = np.arange(2 * SAMPLES) % CLASSES
    split = [harness.Split(inputs[half].astype(dtype), labels[half]) for half in (slice(SAMPLES), slice(SAMPLES, None))]
    return harness.DataSet(evaluation=split[0], calibration=split[1])


def channels_last(shape):
    return (*shape[1:], shape[0])


for name, shape, dtype in (
    ("small", PIXELS, "float32"),
    ("large", LARGE, "uint8"),
):
    harness.dataset(name)(lambda shape=shape, dtype=dtype: _data(shape, dtype))
    harness.dataset(f"{name}_last")(lambda shape=shape, dtype=dtype: _data(channels_last(shape), dtype))


@harness.model("large_torch", dataset="large", input=harness.Input(name="image", shape=LARGE, dtype="uint8"))
def large_torch():
    """Takes pixels as they come and makes them float itself; some hundred million multiply-accumulates."""
    import torch
    from torch import nn

    class Large(nn.Module):
        def __init__(self):
            super().__init__()
            layers = [nn.Conv2d(16, 64, 3, padding=1), nn.ReLU()]
            for _ in range(3):
                layers += [nn.Conv2d(64, 64, 3, padding=1), nn.ReLU()]
            self.layers, self.head = nn.Sequential(*layers), nn.Linear(64, CLASSES)

        def forward(self, image):
            return self.head(self.layers(image.float() / 255).mean((2, 3)))

    torch.manual_seed(2)
    return Large().eval()


@harness.model(
    "large_keras",
    dataset="large_last",
    framework="keras",
    input=harness.Input(name="image", shape=channels_last(LARGE), dtype="uint8"),
)
def large_keras():
    import keras
    from keras import layers

    keras.utils.set_random_seed(2)
    image = keras.Input(channels_last(LARGE), dtype="uint8", name="image")
    features = layers.Rescaling(1 / 255, name="scale")(image)
    for number in range(4):
        features = layers.Conv2D(64, 3, padding="same", activation="relu", name=f"convolution_{number}")(features)
    pooled = layers.GlobalAveragePooling2D(name="pool")(features)
    return keras.Model(image, layers.Dense(CLASSES, name="head")(pooled))


@harness.model("dividing_torch", dataset="small", input=harness.Input(name="image", shape=PIXELS))
def dividing_torch():
    """A convolution, and the rest of a division, which providers for phones have no kernel for."""
    import torch
    from torch import nn

    class Dividing(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.head = nn.Conv2d(1, 8, 3), nn.Linear(8, CLASSES)

        def forward(self, image):
            features = torch.relu(self.convolution(image)).mean((2, 3))
            return self.head(torch.fmod(features, 0.7))

    torch.manual_seed(3)
    return Dividing().eval()


@harness.model("fading_torch", dataset="small", input=harness.Input(name="image", shape=PIXELS))
def fading_torch():
    """What an untrained network may be: between its layers nothing is left of the image."""
    import torch
    from torch import nn

    torch.manual_seed(4)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=False), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.Flatten(), nn.Linear(512, CLASSES)
    )
    with torch.no_grad():
        net[0].weight *= 1e-9
    return net.eval()


@harness.model(
    "fading_keras",
    dataset="small_last",
    framework="keras",
    input=harness.Input(name="image", shape=channels_last(PIXELS)),
)
def fading_keras():
    import keras
    from keras import layers

    keras.utils.set_random_seed(4)
    image = keras.Input(channels_last(PIXELS), name="image")
    faint = keras.initializers.RandomNormal(stddev=1e-10, seed=4)
    features = layers.Conv2D(8, 3, use_bias=False, activation="relu", kernel_initializer=faint, name="faint")(image)
    features = layers.Conv2D(8, 3, name="convolution")(features)
    return keras.Model(image, layers.Dense(CLASSES, name="head")(layers.Flatten(name="flat")(features)))
