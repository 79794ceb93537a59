"""What TensorRT's builder logs of the engine it finished: its layers with their types, and the memory it will take."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

LISTED = 200
"""Layers that are told one by one; beyond that only their counts are."""
HEADINGS = ("Layers:\n", "Engine Layer Information:\n")
LAYER = re.compile(r"^Name: (?P<name>.*?), LayerType: (?P<type>\w+), (?P<rest>.*)$", re.MULTILINE)
MADE_OF = re.compile(r"\[ONNX Layer: (.*?)\]")
MEMORY = re.compile(r"^Total (Activation|Weights) Memory: (\d+) bytes")


def read_layers(messages: Iterable[str]) -> dict[str, Any]:
    """Layers of the engine, counted by type and listed; empty where the log doesn't hold them.

    The builder writes them in the inspector's own format when it logs everything and the profiling verbosity is
    detailed. It is the one way to have them without a GPU: an inspector needs a loaded engine.
    """
    text = next((message for message in messages if message.startswith(HEADINGS)), "")
    layers = [_layer(found) for found in LAYER.finditer(text)]
    if not layers:
        return {}
    counts = Counter(f"{one['type']} {'+'.join(one['reads'])}->{'+'.join(one['writes'])}" for one in layers)
    told: dict[str, Any] = {"source": "the builder's log", "counts": dict(sorted(counts.items()))}
    return {**told, "listed": layers[:LISTED], "left_out": max(0, len(layers) - LISTED)}


def read_memory(messages: Iterable[str]) -> dict[str, int]:
    """Bytes that the engine takes on the GPU: ``activation_bytes`` for its largest batch, and ``weights_bytes``."""
    found = (MEMORY.match(message) for message in messages)
    return {f"{one[1].lower()}_bytes": int(one[2]) for one in found if one}


def _layer(found: re.Match[str]) -> dict[str, Any]:
    rest = found["rest"]
    reads, _, after = rest.partition("Outputs: [")
    writes, _, last = after.partition("TacticName: ")
    return {
        "name": found["name"],
        "type": found["type"],
        "reads": _types(reads),
        "writes": _types(writes),
        "tactic": last.partition(",")[0],
        "onnx": MADE_OF.findall(last),
    }


def _types(tensors: str) -> list[str]:
    return sorted(set(re.findall(r"Datatype: (\w+)", tensors)))
