"""The file or files that a recipe produced for a runtime."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.adaptation import Adaptations
from harness.core.weights import Weights

Operators = Mapping[str, Mapping[str, int]]
"""How many operators of each name every provider takes: ``{"xnnpack": {"CONV_2D": 5}}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """What one step of a recipe did to the model."""

    name: str
    seconds: float
    epochs: int = 0
    """Passes over the training split; 0 for a step that trains nothing."""
    notes: tuple[str, ...] = ()
    """Remarks of the step, such as layers that stayed whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How an artifact was made."""

    model: str = ""
    weights_sha256: str = ""
    """Of the float model."""
    recipe: str = ""
    runtime: str = ""
    exporter: str = ""
    """Of an interchange file: what wrote it."""
    steps: tuple[StepRecord, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    """The model's names of what it takes and gives, in its order."""
    macs: int | None = None
    """Multiply-accumulates of one inference of the model that was lowered; None when they were not counted."""
    placement: Operators = field(default_factory=dict)
    """Where the build decides it; empty where the worker tells it."""
    built_with: Mapping[str, str] = field(default_factory=dict)
    """Options, and the provider, that decide what the artifact holds."""
    interchange_sha256: str = ""
    file_sha256: str = ""
    """Of the file that the model is; of an artifact that somebody else made, of its own file."""
    adaptations: Adaptations | None = None
    """Of such an artifact: how the model's tensors become its, and back."""
    convert_seconds: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain values that the runtime tells of the build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A built artifact in the cache: where it is, what it is, how it was made."""

    key: str
    folder: Path
    main: str
    """The file to load, inside ``folder``."""
    sha256: str
    """Over all its files and their names."""
    size_bytes: int
    gzip_bytes: int
    zstd_bytes: int
    weights: Weights = field(default_factory=Weights)
    """Read from the artifact itself."""
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def path(self) -> Path:
        return self.folder / self.main

    @property
    def files(self) -> list[str]:
        """All files of ``folder``, as paths from where the main file lies: so they are found on another machine too."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return [os.path.relpath(path, self.path.parent) for path in files]
