"""Models that are files: what file a path means, and the framework that opens it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.core.contracts import FileFramework
from harness.core.model import Model
from harness.core.source import Source
from harness.errors import ContractError, DuplicateName
from harness.registries import frameworks, models

MODEL_FILES = {".onnx": "onnx", ".tflite": "tflite", ".keras": "keras"}
"""The frameworks whose models can be files, by the suffix of these."""


def add_file_model(
    name: str, file: str | Path, dataset: str, metric: str, source: Source, given: Mapping[str, Any]
) -> Callable[[Any], Any]:
    """Register *file* as the model *name*; returns what refuses to decorate a function.

    Raises:
        ContractError: one of the other arguments was *given* too, by name, or no framework opens such a file.
        DuplicateName: another definition already has this name.
    """
    for argument, value in given.items():
        if value not in (None, (), ""):
            raise ContractError(
                f"model {name!r}: {argument}= beside file=: a file says itself what it takes and gives, and it has no function."
            )
    entry = _model_of_file(name, file, dataset, metric, source)
    _check_other_file(entry)
    models.add(entry)
    return functools.partial(_decorates_nothing, name)


def _check_other_file(entry: Model) -> None:
    """Refuse a second file of one name where both are registered on one line, in a loop or a function."""
    known = models.entries.get(entry.name)
    if known is not None and known.file is not None and known.file != entry.file:
        raise DuplicateName(
            f"model {entry.name!r} is registered twice: {known.file} at {known.source} and {entry.file} at {entry.source}. Rename one."
        )


def _model_of_file(name: str, file: str | Path, dataset: str, metric: str, source: Source) -> Model:
    path = beside(source, file)
    framework = MODEL_FILES.get(path.suffix.lower())
    if framework is None:
        raise ContractError(
            f"model {name!r}: file={str(file)!r}: a model is a file that ends in {', '.join(MODEL_FILES)}; of anything else "
            "register a function that loads it."
        )

    def open_file() -> Any:
        opener = frameworks.get(framework)
        assert isinstance(opener, FileFramework), "frameworks of files can open them"
        return opener.open(path)

    return Model(
        name=name,
        framework=framework,
        build=open_file,
        signature=None,
        dataset=dataset,
        metric=metric,
        file=path,
        source=source,
    )


def beside(source: Source, file: str | Path) -> Path:
    """The path of *file*, counted from the folder of the Python file that registers it."""
    # Links are not followed: behind one a file may have another name, without the suffix that says what it is.
    return Path(os.path.abspath(Path(source.path).parent / file))


def _decorates_nothing(name: str, build: Any) -> Any:
    raise ContractError(
        f"model {name!r} is a file, and harness.model(..., file=...) decorates {getattr(build, '__name__', build)!r}: write one or the other."
    )
