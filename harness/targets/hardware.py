"""The hardware class and the devices of a machine, from what its survey says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.core.environment import INT8_FEATURES, Hardware
from harness.core.offer import COMPILER, CUDA

VECTOR_FEATURES = (
    *INT8_FEATURES,
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512bw",
    "avx512_bf16",
    "amx_bf16",
    "asimd",
    "sve",
)


def hardware_from(survey: Mapping[str, Any]) -> Hardware:
    """The hardware class that *survey*, an answer of ``agent.machine.survey``, describes."""
    return Hardware(
        machine=survey["machine"],
        cpu=survey["cpu"],
        cores=survey["cores"],
        quota_cores=survey["quota_cores"],
        features=tuple(sorted(set(VECTOR_FEATURES) & set(survey["flags"]))),
        accelerator=", ".join(filter(None, [*survey["gpus"], survey["driver"]])),
        cluster=_cluster(survey["clusters"]),
    )


def _cluster(clusters: Sequence[tuple[str, Sequence[int]]]) -> str:
    """What the CPUs that measurements use are called, where there are others; empty where all are alike."""
    if len(clusters) < 2:
        return ""
    name, cpus = clusters[0]
    return f"{len(cpus)} of {sum(len(others) for _, others in clusters)} CPUs ({name})"


def cpus_from(survey: Mapping[str, Any]) -> tuple[int, ...]:
    """The CPUs that measurements use: those of the fastest kind; empty where there is no choosing."""
    return tuple(survey["clusters"][0][1]) if survey["clusters"] else ()


def devices_from(survey: Mapping[str, Any]) -> frozenset[str]:
    """What is there beside the CPU, by the names that providers ask for."""
    return frozenset(([CUDA] if survey["gpus"] else []) + ([COMPILER] if survey["compiler"] else []))


def pool_variables(threads: int) -> dict[str, str]:
    """Environment variables that give native thread pools *threads*."""
    pools = ("OMP", "OPENBLAS", "MKL")
    return {**{f"{pool}_NUM_THREADS": str(threads) for pool in pools}, "VECLIB_MAXIMUM_THREADS": str(threads)}
