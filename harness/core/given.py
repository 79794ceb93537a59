"""A file that somebody else made for a runtime, in place of an artifact that is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.core.adaptation import InFile
from harness.core.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A registered file: what stands for the cells of one model, one recipe name and one runtime."""

    recipe: str
    """Its name, which stands where a recipe's does."""
    model: str
    runtime: str
    file: Path
    inputs: Mapping[str, InFile] = field(default_factory=dict)
    """How the model's inputs stand in it, by the model's names, where something differs."""
    outputs: Mapping[str, InFile] = field(default_factory=dict)
    """Likewise."""
    source: Source

    @property
    def name(self) -> str:
        """What it is found by: one name may stand for files of several models and runtimes."""
        return f"{self.recipe}/{self.model}/{self.runtime}"
