"""When, where and of what a run is made: the commit, and the versions of all that decides its figures."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from harness.registries import exporters, frameworks, runtimes, task_metrics

OWN_PACKAGES = ("edge-harness", "pytest", "numpy")


def python_version() -> str:
    """The interpreter's version."""
    return platform.python_version()


def run_versions() -> dict[str, str]:
    """Installed distributions that figures rest on, with their versions: ours, and those that the registered runtimes,
    exporters, frameworks and task metrics name.
    """
    packages: list[str] = [*OWN_PACKAGES]
    for runtime in runtimes:
        packages += [*runtime.build_packages, *runtime.run_packages]
        packages += [package for provider in runtime.providers for package in provider.packages]
    for framework in frameworks:
        packages += framework.packages
    for exporter in exporters:
        packages += exporter.packages
    for task_metric in task_metrics:
        packages += task_metric.packages
    return installed_versions(name for package in packages for name in package.split("|"))


def installed_versions(distributions: Iterable[str]) -> dict[str, str]:
    """The versions of those of *distributions* that are installed."""
    versions: dict[str, str] = {}
    for name in dict.fromkeys(distributions):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def commit_of(folder: Path) -> tuple[str, bool]:
    """The commit that *folder* is at, and whether files differ from it; empty and False outside a git checkout."""
    try:
        head = _git(folder, ["rev-parse", "HEAD"])
        status = _git(folder, ["status", "--porcelain", "--untracked-files=no"])
    except (OSError, subprocess.TimeoutExpired):
        return "", False
    return (head.stdout.strip(), bool(status.stdout.strip())) if head.returncode == 0 else ("", False)


def _git(folder: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
