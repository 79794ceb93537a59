"""Whether two environments are alike enough to compare what was measured in them, with the reason when not."""

from __future__ import annotations

from dataclasses import replace

from harness.core.environment import Environment


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
    """Differences to mention although the comparison is valid; empty when all is alike."""
    if stored is None or now is None:
        return ""
    differences = []
    if stored.hardware != now.hardware:
        differences.append(f"the baseline was taken on {stored.hardware.name}, this is {now.hardware.name}")
    if stored.runtime_versions != now.runtime_versions:
        differences.append(f"the baseline was taken with {say_versions(stored)}, this is {say_versions(now)}")
    return "; ".join(differences)


def _why_run_otherwise(stored: Environment, now: Environment) -> str:
    for name, before, after in (
        ("provider", stored.provider, now.provider),
        ("threads", stored.threads, now.threads),
        ("options", stored.options, now.options),
    ):
        if before != after:
            return f"environment: {name} {before}, now {after}"
    return ""


def say_versions(environment: Environment) -> str:
    """Distributions and their versions, for people."""
    return ", ".join(f"{name} {version}" for name, version in environment.runtime_versions)
