"""What this machine is: its CPU, what it may use of it, its accelerators and tools, and what Python has installed.

Standard library only: it is sent to other machines as text.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any


def survey(
    proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup"), dev: Path = Path("/dev")
) -> dict[str, Any]:
    """CPU model, usable cores, quota, the CPU's flags, GPUs with their driver, and whether there is a C++ compiler."""
    fields = _cpu_fields(proc / "cpuinfo")
    compiler = shutil.which(os.environ.get("CXX") or "g++") or shutil.which("clang++")
    return {
        "machine": platform.machine(),
        "cpu": _cpu_name(fields),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "quota_cores": _quota(cgroup / "cpu.max"),
        "flags": sorted(set(fields.get("flags", fields.get("Features", "")).split())),
        "gpus": list(_gpus(proc, dev)),
        "driver": _driver(proc),
        "compiler": compiler is not None,
    }


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The version of each distribution in *packages*; empty of one that is not installed. None is imported."""
    known = {}
    for package in packages:
        try:
            known[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            known[package] = ""
    return known


def _gpus(proc: Path, dev: Path) -> tuple[str, ...]:
    """The models of the NVIDIA GPUs that the driver knows, from its own list; needs no library and no process."""
    models = []
    for gpu in sorted((proc / "driver/nvidia/gpus").glob("*/information")):
        try:
            lines = gpu.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        models += [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
    # A container may have the devices without the driver's list.
    return tuple(models) or tuple("NVIDIA GPU" for _ in dev.glob("nvidia[0-9]*"))


def _driver(proc: Path) -> str:
    try:
        first = (proc / "driver/nvidia/version").read_text(encoding="utf-8", errors="replace").splitlines()[0]
    except (OSError, IndexError):
        return ""
    versions = [word for word in first.split() if re.fullmatch(r"\d+(\.\d+)+", word)]
    return f"driver {versions[0]}" if versions else ""


def _cpu_fields(cpuinfo: Path) -> dict[str, str]:
    try:
        first = cpuinfo.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
    except OSError:
        return {}
    rows = [line.split(":", 1) for line in first.splitlines() if ":" in line]
    return {key.strip(): value.strip() for key, value in rows}


def _cpu_name(fields: dict[str, str]) -> str:
    name = (
        fields.get("model name")
        or fields.get("Model")
        or fields.get("Hardware")
        or platform.processor()
        or "unknown CPU"
    )
    parts = [fields[key] for key in ("cpu family", "model", "stepping") if key in fields]
    if not parts:
        parts = [fields[key] for key in ("CPU implementer", "CPU part", "CPU variant") if key in fields]
    return f"{name} ({'/'.join(parts)})" if parts else name


def _quota(cpu_max: Path) -> float | None:
    try:
        allowed, period = cpu_max.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return None if allowed == "max" else round(int(allowed) / int(period), 2)
