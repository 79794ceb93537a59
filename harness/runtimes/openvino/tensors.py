"""What an OpenVINO IR takes and gives, read from its XML file without OpenVINO."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from harness.core.file_tensors import OTHER, FileTensor, FileTensors
from harness.errors import ContractError
from harness.runtimes.openvino.reading import DTYPES

PRECISIONS = {"fp64": "f64", "fp32": "f32", "fp16": "f16", "bool": "boolean"}
"""How ports write types where they are not written as constants write them."""
SEPARATOR = re.compile(r"(?<!\\),")
"""Between the names of one tensor; a comma inside a name stands behind a backslash."""
Port = tuple[str, str]
"""The number of a layer and that of a port of it."""


def file_tensors(main: Path) -> FileTensors:
    """The tensors of the IR whose XML file is *main*, by the first of their names, or by their layer's where they have none.

    Raises:
        ContractError: it is no OpenVINO IR.
    """
    try:
        # Expat, which reads it, refuses entities that grow without bounds.
        net = ElementTree.parse(main).getroot()  # noqa: S314
    except (ElementTree.ParseError, UnicodeDecodeError) as err:
        raise ContractError(
            f"{main} is no OpenVINO IR, the .xml beside a .bin that openvino.save_model writes: {err}"
        ) from err
    layers = {layer.attrib["id"]: layer for layer in net.iterfind("layers/layer")}
    if net.tag != "net" or not layers:
        raise ContractError(f"{main} is no OpenVINO IR: it holds no layers")
    sources = {
        edge.attrib["to-layer"]: (edge.attrib["from-layer"], edge.attrib["from-port"])
        for edge in net.iterfind("edges/edge")
    }
    by_type = {kind: [one for one in layers.values() if one.attrib["type"] == kind] for kind in ("Parameter", "Result")}
    return FileTensors(
        inputs=tuple(_input(layer) for layer in by_type["Parameter"]),
        outputs=tuple(_output(layer, layers, sources[layer.attrib["id"]]) for layer in by_type["Result"]),
    )


def _input(layer: ElementTree.Element) -> FileTensor:
    described, port = layer.find("data"), layer.find("output/port")
    assert described is not None and port is not None, "an input says what it is"
    return FileTensor(
        name=_name(port.get("names", ""), layer),
        dtype=_dtype(described.get("element_type", "")),
        shape=_shape([one.strip() for one in described.get("shape", "...").split(",") if one.strip()]),
    )


def _output(layer: ElementTree.Element, layers: Mapping[str, ElementTree.Element], source: Port) -> FileTensor:
    of_source = layers[source[0]]
    port = next(one for one in of_source.iterfind("output/port") if one.attrib["id"] == source[1])
    return FileTensor(
        name=_name(layer.get("output_names", "") or port.get("names", ""), of_source),
        dtype=_dtype(port.get("precision", "").lower()),
        shape=_shape([(one.text or "").strip() for one in port.iterfind("dim")]),
    )


def _name(names: str, layer: ElementTree.Element) -> str:
    first = SEPARATOR.split(names)[0].replace("\\,", ",")
    return first or layer.attrib["name"]


def _dtype(name: str) -> str:
    return DTYPES.get(PRECISIONS.get(name, name), OTHER)


def _shape(lengths: Sequence[str]) -> tuple[int | None, ...] | None:
    """Lengths in the XML are numbers; ``?``, ``-1`` and bounds, ``1..8``, are free; ``...`` is any number of dimensions."""
    if "..." in lengths:
        return None
    return tuple(int(one) if one.isdigit() else None for one in lengths)
