"""Sizes are exact, and a ratio to or of nothing is no ratio."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.artifact import Artifact
from harness.meters.size import size_measurements


def artifact(size: int = 1000, gzip: int = 800, **weights: int) -> Artifact:
    return Artifact(key="k", folder=Path("f"), main="m", sha256="s", size_bytes=size, gzip_bytes=gzip, weights=weights)


def measured(ours: Artifact, theirs: Artifact | None) -> dict[str, float]:
    return {one.name: one.value for one in size_measurements(ours, theirs)}


def test_sizes() -> None:
    found = size_measurements(artifact(1000, 800, int8=600, float32=40), None)

    assert {one.name: one.value for one in found} == {"size_bytes": 1000, "weights_bytes": 640, "gzip_bytes": 800}
    assert {one.unit for one in found} == {"bytes"}
    assert all(one.interval is None for one in found)


@pytest.mark.parametrize(
    ("ours", "theirs", "ratios"),
    [
        pytest.param(
            artifact(250, 200, int8=100),
            artifact(1000, 800, float32=400),
            {"size_ratio": 0.25, "weights_ratio": 0.25, "gzip_ratio": 0.25},
            id="a quarter",
        ),
        pytest.param(
            artifact(1360, 800, int8=100),
            artifact(1000, 800, float32=100),
            {"size_ratio": 1.36, "weights_ratio": 1.0, "gzip_ratio": 1.0},
            id="grown",
        ),
        pytest.param(
            artifact(int8=100), artifact(), {"size_ratio": 1.0, "gzip_ratio": 1.0}, id="reference without weights"
        ),
        pytest.param(
            artifact(), artifact(float32=100), {"size_ratio": 1.0, "gzip_ratio": 1.0}, id="weights that can't be read"
        ),
        pytest.param(
            artifact(int8=0), artifact(float32=100), {"size_ratio": 1.0, "gzip_ratio": 1.0}, id="weights of no bytes"
        ),
        pytest.param(artifact(), artifact(), {"size_ratio": 1.0, "gzip_ratio": 1.0}, id="neither has weights"),
        pytest.param(artifact(), artifact(0, 0), {}, id="an empty reference"),
        pytest.param(artifact(0, 0), artifact(), {}, id="an empty artifact"),
    ],
)
def test_ratios(ours: Artifact, theirs: Artifact, ratios: dict[str, float]) -> None:
    found = measured(ours, theirs)

    assert {name: value for name, value in found.items() if name.endswith("_ratio")} == ratios
    assert all(one.unit == "ratio" for one in size_measurements(ours, theirs) if one.name.endswith("_ratio"))
