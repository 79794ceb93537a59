"""The models of a task each, with their verified checkpoints; importing this registers them and imports no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.core.signature import Input
from harness.registering import model

if TYPE_CHECKING:
    from torch import nn


@model(
    "digits_detector",
    dataset="digits_boxes",
    input=Input(name="image", shape=(1, 32, 32)),
    outputs=["boxes", "scores", "classes"],
    metric="coco_map",
)
def digits_detector() -> nn.Module:
    """Convolutions that say where on a canvas which digits are."""
    return _trained("digits_detector")


@model(
    "digits_segmenter",
    dataset="digits_pixels",
    input=Input(name="image", shape=(1, 32, 32)),
    metric="mean_iou",
)
def digits_segmenter() -> nn.Module:
    """An encoder and decoder that say of every pixel to which digit it belongs."""
    return _trained("digits_segmenter")


@model(
    "source_topics",
    dataset="source_topics",
    inputs=[
        Input(name="tokens", shape=("length",), dtype="int64"),
        Input(name="kinds", shape=("length",), dtype="int64"),
    ],
    metric="f1_macro",
)
def source_topics() -> nn.Module:
    """A transformer encoder that tells from which packages a piece of source is."""
    return _trained("source_topics")


@model(
    "source_characters",
    dataset="source_characters",
    input=Input(name="characters", shape=(64,), dtype="int64"),
    metric="perplexity",
)
def source_characters() -> nn.Module:
    """An LSTM that foretells the next character of source."""
    return _trained("source_characters")


@model(
    "digits_rotation",
    dataset="digits_turned",
    input=Input(name="image", shape=(1, 20, 20)),
    metric="rotation_error",
)
def digits_rotation() -> nn.Module:
    """Convolutions that tell by how many degrees a digit was turned."""
    return _trained("digits_rotation")


@model("digits_embedding", dataset="digits", input=Input(name="image", shape=(1, 8, 8)), metric="recall_at_5")
def digits_embedding() -> nn.Module:
    """Convolutions that put images of one digit close to each other."""
    return _trained("digits_embedding")


@model(
    "digits_rows",
    dataset="digits_rows",
    inputs=[Input(name="rows", shape=(4, 8)), Input(name="state", shape=(64,))],
    outputs=["logits", "next_state"],
    metric="rows_top1",
)
def digits_rows() -> nn.Module:
    """A GRU that reads a digit half by half and is given what it knew before."""
    return _trained("digits_rows")


def _trained(name: str) -> nn.Module:
    from examples.tasks.checkpoint import load
    from examples.tasks.networks import ARCHITECTURES

    return load(name, ARCHITECTURES[name]())
