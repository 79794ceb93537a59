"""What is known of the engine behind a runtime that ships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What a shipped runtime says of its engine beside the contract; a user's runtime may leave it out."""

    versions: Mapping[str, str]
    """The tested ones, major and minor, by distribution; reports and the doctor name any other."""
    modules: tuple[str, ...]
    """Top-level modules that a worker may hold: the engine's own first, then what that imports by itself."""
    idle_mb: int
    """The most that a worker holds with the engine imported and nothing loaded."""
