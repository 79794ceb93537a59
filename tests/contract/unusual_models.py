"""Models as users write them that exporters once failed on with the engine's own words; read by ``test_unusual_models.py``."""

import numpy as np

import harness

IMAGE, SEQUENCE = (1, 8, 8), (8, 4)


def _data(shape):
    drawn = np.random.default_rng(1)
    inputs, labels = drawn.normal(size=(48, *shape)).astype("float32"), np.arange(48) % 10
    return harness.DataSet(
        evaluation=harness.Split(inputs[:24], labels[:24]), calibration=harness.Split(inputs[24:], labels[24:])
    )


harness.dataset("unusual_images")(lambda: _data(IMAGE))
harness.dataset("unusual_sequences")(lambda: _data(SEQUENCE))


def _network():
    import torch
    from torch import nn

    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10)]
    return nn.Sequential(*layers).eval()


@harness.model("compiled", dataset="unusual_images", input=harness.Input(shape=IMAGE))
def compiled():
    import torch

    return torch.compile(_network())


@harness.model("channels_last", dataset="unusual_images", input=harness.Input(shape=IMAGE))
def channels_last():
    import torch

    return _network().to(memory_format=torch.channels_last)


@harness.model("scripted", dataset="unusual_images", input=harness.Input(shape=IMAGE))
def scripted():
    import torch

    return torch.jit.script(_network())


@harness.model("branching", dataset="unusual_images", input=harness.Input(shape=IMAGE))
def branching():
    from torch import nn

    class Branching(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = _network()

        def forward(self, image):
            if image.sum() > 0:
                return self.network(image)
            return self.network(-image)

    return Branching().eval()


@harness.model("recurrent", dataset="unusual_sequences", input=harness.Input(shape=SEQUENCE))
def recurrent():
    import torch
    from torch import nn

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cells, self.head = nn.LSTM(4, 8, batch_first=True), nn.Linear(8, 10)

        def forward(self, sequence):
            return self.head(self.cells(sequence)[0][:, -1])

    torch.manual_seed(0)
    return Recurrent().eval()


@harness.model("recurrent_keras", dataset="unusual_sequences", input=harness.Input(shape=SEQUENCE), framework="keras")
def recurrent_keras():
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    sequence = keras.Input(SEQUENCE)
    return keras.Model(sequence, layers.Dense(10)(layers.LSTM(8)(sequence)))
