"""The architectures of ``examples.tasks``; imports torch, so import it only where a model is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from examples.tasks.canvases import CELLS, SIDE
from examples.tasks.digit_rows import HIDDEN
from examples.tasks.source_pieces import LENGTHS
from examples.tasks.sources import BUCKETS, CHARACTERS, KINDS, TOPICS
from examples.tasks.turned_digits import MOST

CLASSES = 11
"""Ten digits, after the background."""
LEAST_SIDE, SIDES = 1.0, 16.0
"""The shortest side of a box, and by how many pixels it can be longer."""


def _block(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU())


class Detector(nn.Module):
    """Convolutions down to a grid of 8 x 8 cells; a cell tells of the digit whose box has its centre there."""

    corners: Tensor
    """x and y of each cell (64, 2), in cells."""

    def __init__(self) -> None:
        """Build it with random weights."""
        super().__init__()
        blocks = [_block(1, 16), _block(16, 32, 2), _block(32, 32), _block(32, 64, 2), _block(64, 48), _block(48, 48)]
        self.features = nn.Sequential(*blocks)
        self.head = nn.Conv2d(48, CLASSES + 4, 1)
        cells = torch.arange(CELLS, dtype=torch.float32)
        y, x = torch.meshgrid(cells, cells, indexing="ij")
        # Known before training: no part of the checkpoint.
        self.register_buffer("corners", torch.stack([x, y], dim=-1).reshape(-1, 2), persistent=False)

    def cells(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits (n, 64, 11), the background first, and boxes (n, 64, 4) as x1, y1, x2, y2 in pixels."""
        predicted = self.head(self.features(image)).flatten(2).transpose(1, 2)
        logits, place = predicted[..., :CLASSES], torch.sigmoid(predicted[..., CLASSES:])
        centre = (self.corners + place[..., :2]) * (SIDE / CELLS)
        half = (place[..., 2:] * SIDES + LEAST_SIDE) / 2
        return logits, torch.cat([centre - half, centre + half], dim=-1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``boxes`` (n, 64, 4), ``scores`` (n, 64), the share of the likeliest digit, and ``classes`` (n, 64), which it is."""
        logits, boxes = self.cells(image)
        digits = logits.softmax(dim=-1)[..., 1:]
        # By logits: of a cell without a digit all shares are nearly 0, and equal in whole numbers.
        return boxes, digits.amax(dim=-1), logits[..., 1:].argmax(dim=-1)


class Segmenter(nn.Module):
    """An encoder of three resolutions and a decoder that adds what the encoder had: (n, 1, 32, 32) to (n, 11, 32, 32)."""

    def __init__(self) -> None:
        """Build it with random weights."""
        super().__init__()
        self.fine, self.middle, self.coarse = _block(1, 16), _block(16, 32, 2), _block(32, 48, 2)
        self.bottom = nn.Sequential(_block(48, 48), _block(48, 32))
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.decoder_middle = _block(32, 16)
        self.decoder_fine = _block(16, 16)
        self.classifier = nn.Conv2d(16, CLASSES, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (n, 11, 32, 32), the background first."""
        fine = self.fine(image)
        middle = self.middle(fine)
        features = self.up(self.bottom(self.coarse(middle))) + middle
        features = self.up(self.decoder_middle(features)) + fine
        return cast(Tensor, self.classifier(self.decoder_fine(features)))


class Topics(nn.Module):
    """A transformer encoder over words and their kinds: int64 (n, length) each to logits (n, topics)."""

    def __init__(self, width: int = 32, layers: int = 2) -> None:
        """Build it with random weights, *width* values for each word."""
        super().__init__()
        self.words, self.kinds = nn.Embedding(BUCKETS, width), nn.Embedding(len(KINDS), width)
        self.positions = nn.Embedding(LENGTHS[1], width)
        self.dropout = nn.Dropout(0.3)
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.3, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.classifier = nn.Linear(width, len(TOPICS))

    def forward(self, tokens: Tensor, kinds: Tensor) -> Tensor:
        """Logits (n, topics) of pieces of 1 to 64 words."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        embedded = self.dropout(self.words(tokens) + self.kinds(kinds) + self.positions(places))
        return cast(Tensor, self.classifier(self.encoder(embedded).mean(dim=1)))


class Characters(nn.Module):
    """A language model of one recurrent layer: int64 (n, length) to logits (n, length, characters)."""

    def __init__(self, hidden: int = 96) -> None:
        """Build it with random weights and *hidden* values of state."""
        super().__init__()
        self.embedding = nn.Embedding(CHARACTERS, 32)
        self.lstm = nn.LSTM(32, hidden, batch_first=True)
        self.classifier = nn.Linear(hidden, CHARACTERS)

    def forward(self, characters: Tensor) -> Tensor:
        """Logits of the character that follows each."""
        return cast(Tensor, self.classifier(self.lstm(self.embedding(characters))[0]))


class Rotation(nn.Module):
    """Convolutions that tell by how many degrees a digit is turned: (n, 1, 20, 20) to (n, 1)."""

    def __init__(self) -> None:
        """Build it with random weights."""
        super().__init__()
        self.features = nn.Sequential(_block(1, 16), _block(16, 32, 2), _block(32, 48, 2), nn.Flatten())
        last = nn.Linear(32, 1)
        with torch.no_grad():
            last.weight *= MOST  # degrees are larger numbers than layers begin with
        self.head = nn.Sequential(nn.Linear(48 * 5 * 5, 32), nn.ReLU(), last)

    def forward(self, image: Tensor) -> Tensor:
        """Degrees, counterclockwise."""
        return cast(Tensor, self.head(self.features(image)))


class Embedding(nn.Module):
    """Convolutions that put images of one digit close to each other: (n, 1, 8, 8) to (n, 16)."""

    def __init__(self) -> None:
        """Build it with random weights."""
        super().__init__()
        blocks = [_block(1, 16), _block(16, 32, 2), _block(32, 48)]
        self.features = nn.Sequential(*blocks, nn.Flatten(), nn.Linear(48 * 4 * 4, 16))

    def forward(self, image: Tensor) -> Tensor:
        """An embedding (n, 16), of any length: its direction counts."""
        return cast(Tensor, self.features(image))


class Rows(nn.Module):
    """A recurrent model that is given its state and gives the next one."""

    def __init__(self) -> None:
        """Build it with random weights."""
        super().__init__()
        self.gru = nn.GRU(8, HIDDEN, batch_first=True)
        self.classifier = nn.Linear(HIDDEN, 10)

    def forward(self, rows: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """``logits`` (n, 10) after *rows* (n, length, 8), and the ``next_state`` (n, hidden) that is left of them."""
        after = self.gru(rows, state[None])[1][0]
        return self.classifier(after), after


class Called(nn.Module):
    """A network that is called in another way while it learns, so that the training loop can give it one tensor."""

    def __init__(self, network: nn.Module, call: Callable[[nn.Module, Tensor], Any]) -> None:
        """Wrap *network*; *call* gets it and the inputs of a batch."""
        super().__init__()
        self.network, self.call = network, call

    def forward(self, inputs: Tensor) -> Any:
        """What *call* gives."""
        return self.call(self.network, inputs)


ARCHITECTURES: Mapping[str, Callable[[], nn.Module]] = {
    "digits_detector": Detector,
    "digits_segmenter": Segmenter,
    "source_topics": Topics,
    "source_characters": Characters,
    "digits_rotation": Rotation,
    "digits_embedding": Embedding,
    "digits_rows": Rows,
}
