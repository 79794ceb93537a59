"""Whether engines have the versions that this version of the harness was tested with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.core.contracts import Runtime
from harness.core.engine_facts import EngineFacts
from harness.core.result import CellResult
from harness.registries import runtimes


def facts_of(runtime: Runtime) -> EngineFacts | None:
    """What *runtime* says of its engine beside the contract; None when it says nothing."""
    facts: EngineFacts | None = getattr(runtime, "facts", None)
    return facts


def known_versions() -> dict[str, str]:
    """The tested major and minor version by distribution, of all registered runtimes."""
    stated = [facts.versions for runtime in runtimes if (facts := facts_of(runtime)) is not None]
    return {name: version for versions in stated for name, version in versions.items()}


def untested(versions: Iterable[tuple[str, str]], tested: Mapping[str, str]) -> list[str]:
    """A sentence for each of *versions*, distribution and version, that is another than the *tested* one."""
    return [
        f"{name} {version} is untested: this harness was tested with {name} {tested[name]}"
        for name, version in versions
        if name in tested and _minor(version) != tested[name]
    ]


def untested_engines(cells: Iterable[CellResult]) -> list[str]:
    """The same of all engines that measured *cells*, each once."""
    versions = {one for cell in cells if cell.environment is not None for one in cell.environment.runtime_versions}
    return untested(sorted(versions), known_versions())


def _minor(version: str) -> str:
    return ".".join(version.partition("+")[0].split(".")[:2])
