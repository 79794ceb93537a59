"""Which runtimes can build and run on this machine, found without importing them."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import replace
from importlib import metadata

from harness.core.contracts import Availability, Runtime
from harness.core.offer import CALLED, Provider


def installed(packages: Sequence[str]) -> Availability:
    """Whether every distribution in *packages* is installed, found without importing any of them.

    ``a|b`` stands for either, the first that is there.
    """
    versions: list[tuple[str, str]] = []
    missing: list[str] = []
    for package in packages:
        names = package.split("|")
        found = [(name, version) for name in names if (version := _version(name))]
        versions += found[:1]
        missing += names[:1] if not found else []
    if missing:
        return Availability(ok=False, reason=f"not installed: {', '.join(missing)}", versions=tuple(versions))
    return Availability(ok=True, versions=tuple(versions))


def forget_versions() -> None:
    """Look at the installed distributions anew."""
    _version.cache_clear()


@functools.cache
def _version(package: str) -> str:
    """Of the installed distribution *package*; empty when it is not there. Reading it takes a millisecond."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def can_build(runtime: Runtime) -> Availability:
    """Whether *runtime*'s artifacts can be made here; if not, what to install."""
    return _with_remedy(runtime, installed(runtime.build_packages))


def can_run(runtime: Runtime, provider: Provider, devices: Collection[str]) -> Availability:
    """Whether its artifacts can run here on *provider*, with *devices* there; if not, what is missing."""
    found = _with_remedy(runtime, installed([*runtime.run_packages, *provider.packages]), provider)
    if found.ok and provider.device and provider.device not in devices:
        return Availability(
            ok=False, reason=f"no {CALLED.get(provider.device, provider.device)}", versions=found.versions
        )
    return found


def availability(runtime: Runtime, devices: Collection[str]) -> Availability:
    """Whether *runtime* can build here, and run on its default provider; if not, the first reason."""
    building, running = can_build(runtime), can_run(runtime, runtime.providers[0], devices)
    versions = (*building.versions, *(one for one in running.versions if one not in building.versions))
    return replace(running if building.ok else building, versions=versions)


def _with_remedy(runtime: Runtime, found: Availability, provider: Provider | None = None) -> Availability:
    if found.ok:
        return found
    if not runtime.source.module.startswith("harness."):
        return found  # only what ships has an extra of its name
    missing_one = provider is not None and any(package in found.reason for package in provider.packages)
    extra = f"{runtime.name}-{provider.name}" if provider is not None and missing_one else runtime.name
    return replace(found, reason=f"{found.reason}; pip install 'edge-harness[{extra}]'")
