"""The file or files that a recipe produced for a runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.weights import Weights


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
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.folder / self.main

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates of one inference of the model that was lowered; None when they were not counted."""
        found = self.provenance.get("macs")
        return found if isinstance(found, int) else None
