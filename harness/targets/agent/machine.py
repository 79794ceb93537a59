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
    proc: Path = Path("/proc"),
    cgroup: Path = Path("/sys/fs/cgroup"),
    dev: Path = Path("/dev"),
    devices: Path = Path("/sys/devices"),
) -> dict[str, Any]:
    """CPU model, usable cores by kind, quota, the CPU's flags, GPUs with their driver, whether there is a C++ compiler."""
    fields = _cpu_fields(proc / "cpuinfo")
    compiler = shutil.which(os.environ.get("CXX") or "g++") or shutil.which("clang++")
    return {
        "machine": platform.machine(),
        "cpu": _cpu_name(fields),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "clusters": clusters(sorted(os.sched_getaffinity(0)), devices) if hasattr(os, "sched_getaffinity") else [],
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


def clusters(allowed: Iterable[int], devices: Path) -> list[tuple[str, list[int]]]:
    """The *allowed* CPUs by kind, the fastest kind first; kinds have names only where there are several.

    Boards with big and little cores tell each CPU's capacity, hybrid PCs which CPUs are cores and which are atoms.
    """
    kinds: dict[tuple[int, str], list[int]] = {}
    atoms = _cpu_list(devices / "cpu_atom/cpus")
    for cpu in allowed:
        capacity = _number(devices / f"system/cpu/cpu{cpu}/cpu_capacity")
        if capacity is not None:
            kind = (capacity, f"capacity {capacity}")
        else:
            kind = (0, "atom") if cpu in atoms else (1, "core")
        kinds.setdefault(kind, []).append(cpu)
    return [(name if len(kinds) > 1 else "", cpus) for (_, name), cpus in sorted(kinds.items(), reverse=True)]


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _cpu_list(path: Path) -> set[int]:
    """The CPUs of a list as the kernel writes them, ``0-3,8``; none where there is no such file."""
    try:
        parts = [part.split("-") for part in path.read_text(encoding="ascii").strip().split(",") if part]
        return {cpu for part in parts for cpu in range(int(part[0]), int(part[-1]) + 1)}
    except (OSError, ValueError):
        return set()


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
