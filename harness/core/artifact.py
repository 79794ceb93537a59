"""The file or files that a recipe produced for a runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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
    weights: Mapping[str, int] = field(default_factory=dict)
    """Bytes of weights by dtype, read from the artifact itself."""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.folder / self.main

    @property
    def weights_bytes(self) -> int:
        return sum(self.weights.values())
