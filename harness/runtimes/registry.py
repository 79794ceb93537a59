"""The registry of runtimes, and what of it can run here."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata

from harness.core.contracts import Availability, Runtime
from harness.core.registry import Registry

runtimes: Registry[Runtime] = Registry("runtime", "Register one with harness.runtimes.registry.runtimes.add.")


def installed(packages: Sequence[str]) -> Availability:
    """Whether every distribution in *packages* is installed, found without importing any of them."""
    versions: list[tuple[str, str]] = []
    missing: list[str] = []
    for package in packages:
        try:
            versions.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            missing.append(package)
    if missing:
        return Availability(ok=False, reason=f"not installed: {', '.join(missing)}", versions=tuple(versions))
    return Availability(ok=True, versions=tuple(versions))


def availability(runtime: Runtime) -> Availability:
    """Whether *runtime* can build and run here; if not, what to install."""
    found = installed([*runtime.build_packages, *(p for p in runtime.run_packages if p not in runtime.build_packages)])
    if found.ok:
        return found
    remedy = f"{found.reason}; pip install 'edge-harness[{runtime.name}]'"
    return Availability(ok=False, reason=remedy, versions=found.versions)
