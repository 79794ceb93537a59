"""The engine versions that this version of the harness was tested with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.core.result import CellResult

TESTED: Mapping[str, str] = {
    "ai-edge-litert": "2.3",
    "executorch": "1.5",
    "onnxruntime": "1.32",
    "onnxruntime-ep-openvino": "1.8",
    "onnxruntime-qnn": "2.7",
    "openvino": "2026.4",
    "tensorflow": "2.21",
    "tensorrt-rtx-cu13": "1.7",
    "torch": "2.14",
}
"""Major and minor version by distribution; constraints.txt has them exactly."""


def untested(versions: Iterable[tuple[str, str]]) -> list[str]:
    """A sentence for each of *versions*, distribution and version, that is another than was tested."""
    return [
        f"{name} {version} is untested: this harness was tested with {name} {TESTED[name]}"
        for name, version in versions
        if name in TESTED and _minor(version) != TESTED[name]
    ]


def untested_engines(cells: Iterable[CellResult]) -> list[str]:
    """The same of all engines that measured *cells*, each once."""
    versions = {one for cell in cells if cell.environment is not None for one in cell.environment.runtime_versions}
    return untested(sorted(versions))


def _minor(version: str) -> str:
    return ".".join(version.partition("+")[0].split(".")[:2])
