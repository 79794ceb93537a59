"""How a child process comes to know what users registered: the files that did it are read again."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.core.registry import Registered, Registry
from harness.core.source import Source
from harness.errors import ContractError
from harness.pipeline.catalog import load_catalog
from harness.pipeline.messages import BuildRequest, Request, SourceFile
from harness.registries import (
    datasets,
    exporters,
    frameworks,
    given_files,
    models,
    runtimes,
    steps,
    task_metrics,
)

_PACKAGE = Path(__file__).resolve().parents[1]


def user_sources() -> tuple[SourceFile, ...]:
    """Module and file of everything that was registered outside this package, each once.

    Raises:
        ContractError: something was registered where no file can be read again, such as an interactive session.
    """
    entries: list[Iterable[Registered]] = [
        *(models, datasets, task_metrics, steps, given_files),
        *(frameworks, runtimes, exporters),
    ]
    files: dict[str, Source] = {}
    for entry in (entry for group in entries for entry in group):
        source = entry.source
        if not source.path:
            raise ContractError(
                f"{entry.name!r} was registered in {source.module!r}, which has no file: a build process could not "
                "repeat it. Register it at the top level of a conftest.py or another module."
            )
        if not Path(source.path).resolve().is_relative_to(_PACKAGE):
            files.setdefault(source.path, source)
    return tuple(SourceFile(module=source.module, path=path) for path, source in files.items())


def import_path() -> tuple[str, ...]:
    """Of this process, with the current folder named."""
    return tuple(os.getcwd() if entry == "" else entry for entry in sys.path)


def replay(sources: Sequence[SourceFile], import_path: Sequence[str]) -> None:
    """Register everything that ships, then what *sources* register."""
    load_catalog()
    sys.path[:] = import_path
    for index, source in enumerate(sources):
        _read(source.module, Path(source.path), index)


def check_repeated(request: Request) -> None:
    """Check that reading the registering files again gave everything that *request* names.

    Raises:
        ContractError: what is missing, which files were read, and where registrations belong.
    """
    wanted: list[tuple[Registry[Any], str]]
    if isinstance(request, BuildRequest):
        wanted, recipes = (
            [(models, request.model), (runtimes, request.runtime)],
            [item.recipe for item in request.items],
        )
    else:
        wanted, recipes = [(models, item.model) for item in request.items], []
    for name in [name for registry, name in wanted if registry is models and name in models]:
        model = models.get(name)
        wanted += [(datasets, model.dataset), (task_metrics, model.metric), (frameworks, model.framework)]
    missing = {f"{registry.kind} {name!r}" for registry, name in wanted if name not in registry}
    named = {step for recipe in recipes for step in recipe.split("+")}
    missing |= {f"{steps.kind} {name!r}" for name in named if not steps.names_step(name)}
    if missing:
        read = ", ".join(source.path for source in request.sources) or "none"
        raise ContractError(
            f"{', '.join(sorted(missing))}: a build process could not repeat the registration. It reads the files again that "
            f"define what is registered ({read}), and they did not register this. Register it at the top level of the "
            "file that defines it, not in a function, a fixture, a hook or another file."
        )


def _read(module: str, path: Path, index: int) -> None:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is not None and spec.origin and Path(spec.origin).resolve() == path.resolve():
        importlib.import_module(module)
        return
    spec = importlib.util.spec_from_file_location(f"harness_user_{index}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ContractError(f"{path} can't be read again as a Python module")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
