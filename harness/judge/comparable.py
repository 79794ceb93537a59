"""Whether today's figure may be compared with a stored one; decided per figure, with the reason when not."""

from __future__ import annotations

from dataclasses import replace

from harness.core.baseline import BaselineFigure
from harness.core.environment import Environment
from harness.core.names import Cell
from harness.core.samples import Samples


def why_incomparable(
    figure: str, cell: Cell, stored: BaselineFigure, environment: Environment | None, samples: Samples | None
) -> str:
    """Empty when comparable, else ``hardware: ...``, ``environment: ...`` or ``data set: ...``.

    Size needs nothing. Accuracy needs the same data set; int8 accuracy also the same class of int8 kernels and the same
    runtime version. Latency and memory need the same hardware class, provider and threads.
    """
    if figure == "size_bytes":
        return ""
    if figure == "accuracy_fraction":
        return _accuracy(cell, stored, environment, samples)
    return why_other_machine(stored.environment, environment)


def _accuracy(cell: Cell, stored: BaselineFigure, environment: Environment | None, samples: Samples | None) -> str:
    if stored.samples is None or samples is None:
        return "data set: no per-sample outcome is stored"
    if stored.samples.dataset_sha256 != samples.dataset_sha256 or stored.samples.n != samples.n:
        return (
            f"data set: baseline {stored.samples.dataset_sha256[:12]} ({stored.samples.n} samples), "
            f"now {samples.dataset_sha256[:12]} ({samples.n} samples)"
        )
    if "int8" not in cell.recipe:
        return ""
    if stored.environment is None or environment is None:
        return "environment: not recorded"
    if stored.environment.hardware.isa != environment.hardware.isa:
        return f"hardware: int8 kernels of {stored.environment.hardware.isa}, now {environment.hardware.isa}"
    if stored.environment.runtime_versions != environment.runtime_versions:
        return f"environment: {_versions(stored.environment)}, now {_versions(environment)}"
    return ""


def why_other_machine(stored: Environment | None, now: Environment | None) -> str:
    """Empty when both are one hardware class, run alike; what absolute times and memory need."""
    if stored is None or now is None:
        return "environment: not recorded"
    if stored.hardware != now.hardware:
        return f"hardware: {stored.hardware.name}; now {now.hardware.name}"
    return _why_run_otherwise(stored, now)


def why_other_cpu(stored: Environment | None, now: Environment | None) -> str:
    """Empty when both are one kind of CPU, run alike, however many cores it has; what stored ratios need."""
    if stored is None or now is None:
        return "environment: not recorded"
    before, after = (replace(one.hardware, cores=0, quota_cores=None) for one in (stored, now))
    if before != after:
        return f"hardware: {stored.hardware.name}; now {now.hardware.name}"
    return _why_run_otherwise(stored, now)


def same_engine(stored: Environment | None, now: Environment | None) -> bool:
    """Whether the engine's version is the same, and how it is run."""
    if stored is None or now is None or stored.runtime_versions != now.runtime_versions:
        return False
    return not _why_run_otherwise(stored, now)


def elsewhere(stored: Environment | None, now: Environment | None) -> str:
    """What a reader should know of a baseline that is compared all the same; empty when all is alike."""
    if stored is None or now is None:
        return ""
    told = []
    if stored.hardware != now.hardware:
        told.append(f"the baseline was taken on {stored.hardware.name}, this is {now.hardware.name}")
    if stored.runtime_versions != now.runtime_versions:
        told.append(f"the baseline was taken with {_versions(stored)}, this is {_versions(now)}")
    return "; ".join(told)


def _why_run_otherwise(stored: Environment, now: Environment) -> str:
    for name, before, after in (
        ("provider", stored.provider, now.provider),
        ("threads", stored.threads, now.threads),
        ("options", stored.options, now.options),
    ):
        if before != after:
            return f"environment: {name} {before}, now {after}"
    return ""


def _versions(environment: Environment) -> str:
    return ", ".join(f"{name} {version}" for name, version in environment.runtime_versions)
