"""Sizes are exact, and a ratio to or of nothing is no ratio."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.artifact import Artifact, Provenance
from harness.core.measurement import Measurement
from harness.core.metric import Stage
from harness.core.metrics import relative_figures
from harness.core.weights import Weights, WeightTensor
from harness.meters.ratios import ratio_measurements
from harness.meters.size import size_measurements


def artifact(size: int = 1000, gzip: int = 800, *, macs: int | None = None, **bytes_: int) -> Artifact:
    return Artifact(
        key="k",
        folder=Path("f"),
        main="m",
        sha256="s",
        size_bytes=size,
        gzip_bytes=gzip,
        zstd_bytes=gzip // 2,
        weights=Weights(bytes=bytes_),
        provenance=Provenance(macs=macs),
    )


def measured(ours: Artifact, theirs: Artifact | None = None) -> dict[str, float]:
    return {one.name: one.value for one in [*size_measurements(ours), *ratios(ours, theirs)]}


def ratios(ours: Artifact, theirs: Artifact | None) -> list[Measurement]:
    if theirs is None:
        return []
    both = ({one.name: one for one in size_measurements(artifact)} for artifact in (ours, theirs))
    return ratio_measurements(relative_figures(Stage.ARTIFACT), *both)


def test_sizes() -> None:
    found = size_measurements(artifact(1000, 800, int8=600, float32=40))

    assert {one.name: one.value for one in found} == {
        "size_bytes": 1000,
        "weights_bytes": 640,
        "rest_bytes": 360,
        "gzip_bytes": 800,
        "zstd_bytes": 400,
    }
    assert {one.unit for one in found} == {"bytes"}
    assert all(one.interval is None for one in found)


def test_what_the_audit_finds() -> None:
    tensors = [
        WeightTensor(name="w", dtype="int8", size=80, dimensions=2, stored_bytes=80, zeros=60),
        WeightTensor(name="v", dtype="float32", size=5, dimensions=4, stored_bytes=20, zeros=0),
        WeightTensor(name="b", dtype="int32", size=10, dimensions=1, stored_bytes=40, zeros=10),
        WeightTensor(name="s", dtype="float32", size=2, dimensions=2, stored_bytes=8, zeros=2, parameter=False),
    ]
    held = replace(artifact(macs=500), weights=Weights.of(tensors))

    found = measured(held, replace(artifact(macs=1000), weights=Weights(parameters=190)))

    assert held.weights.bytes == {"float32": 28, "int32": 40, "int8": 80}
    assert held.weights.kernel_bytes == {"float32": 20, "int8": 80}, "neither biases nor scales are kernels"
    assert (found["parameters_count"], found["macs_count"]) == (95, 500)
    assert [found[f"{dtype}_share_fraction"] for dtype in ("int8", "fp16", "fp32")] == [0.8, 0.0, 0.2]
    assert found["sparsity_fraction"] == pytest.approx(60 / 85)
    assert (found["parameters_ratio"], found["macs_ratio"]) == (0.5, 0.5)
    assert Weights.read(json.loads(json.dumps(held.weights.plain()))) == held.weights


def test_what_can_not_be_read_gives_no_figure() -> None:
    found = measured(artifact(), artifact())

    assert not {name for name in found if name.startswith(("parameters", "macs", "int8", "fp16", "sparsity"))}


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        pytest.param(
            artifact(250, 200, int8=100),
            artifact(1000, 800, float32=400),
            {"size_ratio": 0.25, "weights_ratio": 0.25, "gzip_ratio": 0.25, "zstd_ratio": 0.25},
            id="a quarter",
        ),
        pytest.param(
            artifact(1360, 800, int8=100),
            artifact(1000, 800, float32=100),
            {"size_ratio": 1.36, "weights_ratio": 1.0, "gzip_ratio": 1.0, "zstd_ratio": 1.0},
            id="grown",
        ),
        pytest.param(
            artifact(int8=100),
            artifact(),
            {"size_ratio": 1.0, "gzip_ratio": 1.0, "zstd_ratio": 1.0},
            id="reference without weights",
        ),
        pytest.param(
            artifact(),
            artifact(float32=100),
            {"size_ratio": 1.0, "gzip_ratio": 1.0, "zstd_ratio": 1.0},
            id="weights that can't be read",
        ),
        pytest.param(
            artifact(int8=0),
            artifact(float32=100),
            {"size_ratio": 1.0, "gzip_ratio": 1.0, "zstd_ratio": 1.0},
            id="weights of no bytes",
        ),
        pytest.param(
            artifact(), artifact(), {"size_ratio": 1.0, "gzip_ratio": 1.0, "zstd_ratio": 1.0}, id="neither has weights"
        ),
        pytest.param(artifact(), artifact(0, 0), {}, id="an empty reference"),
        pytest.param(artifact(0, 0), artifact(), {}, id="an empty artifact"),
    ],
)
def test_ratios(ours: Artifact, theirs: Artifact, expected: dict[str, float]) -> None:
    found = ratios(ours, theirs)

    assert {one.name: one.value for one in found} == expected
    assert {one.unit for one in found} <= {"ratio"}
