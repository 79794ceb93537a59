"""Which distributions are installed, found without importing any of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from importlib import metadata

from harness.core.contracts import Availability


def installed(packages: Sequence[str]) -> Availability:
    """Whether every distribution in *packages* is installed here; ``a|b`` stands for either, the first that is there."""
    return availability_of(packages, _version)


def availability_of(packages: Sequence[str], version_of: Callable[[str], str]) -> Availability:
    """As ``installed``, on a machine whose distributions *version_of* knows: empty for one that is not there."""
    versions: list[tuple[str, str]] = []
    missing: list[str] = []
    for package in packages:
        names = package.split("|")
        present = [(name, version) for name in names if (version := version_of(name))]
        versions += present[:1]
        missing += names[:1] if not present else []
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
