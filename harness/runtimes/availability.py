"""Which runtimes can be built for here and run on a target, found without importing them."""

from __future__ import annotations

from dataclasses import replace

from harness.core.contracts import Availability, Runtime, Target
from harness.core.names import LOCAL
from harness.core.offer import CALLED, Provider
from harness.core.packages import installed


def can_build(runtime: Runtime) -> Availability:
    """Whether *runtime*'s artifacts can be made here; if not, what to install."""
    return _with_remedy(runtime, installed(runtime.build_packages))


def can_run(runtime: Runtime, provider: Provider, target: Target) -> Availability:
    """Whether its artifacts can run on *provider* of *target*; if not, what is missing.

    Raises:
        TargetError: *target* can't be reached.
    """
    present = target.installed([*runtime.run_packages, *provider.packages])
    if not present.ok and target.name != LOCAL:
        return replace(present, reason=f"{present.reason} (on target {target.name})")
    present = _with_remedy(runtime, present, provider)
    if present.ok and provider.device and provider.device not in target.devices():
        where = "" if target.name == LOCAL else f" on target {target.name}"
        return replace(present, ok=False, reason=f"no {CALLED.get(provider.device, provider.device)}{where}")
    return present


def availability(runtime: Runtime, target: Target) -> Availability:
    """Whether *runtime* can build here, and run on its default provider of *target*; if not, the first reason."""
    building, running = can_build(runtime), can_run(runtime, runtime.providers[0], target)
    versions = (*building.versions, *(one for one in running.versions if one not in building.versions))
    return replace(running if building.ok else building, versions=versions)


def remedy(tool: object) -> str:
    """What to install for *tool*, a framework or an exporter that names its extra, as the end of a sentence."""
    extra = getattr(tool, "extra", "")
    return f"; pip install 'edge-harness[{extra}]'" if extra else ""


def _with_remedy(runtime: Runtime, present: Availability, provider: Provider | None = None) -> Availability:
    if present.ok:
        return present
    if not runtime.source.module.startswith("harness."):
        return present  # only what ships has an extra of its name
    of_provider = provider is not None and any(package in present.reason for package in provider.packages)
    extra = f"{runtime.name}-{provider.name}" if provider is not None and of_provider else runtime.name
    return replace(present, reason=f"{present.reason}; pip install 'edge-harness[{extra}]'")
