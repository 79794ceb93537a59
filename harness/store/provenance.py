"""Provenance as plain values: in the cards of the artifact cache and in ``results.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import msgspec

from harness.core.artifact import Provenance

_NAMES = {field.name for field in fields(Provenance)}


def provenance_to_plain(provenance: Provenance) -> dict[str, Any]:
    """The inverse of ``provenance_from_plain``."""
    plain: dict[str, Any] = msgspec.to_builtins(provenance)
    return plain


def provenance_from_plain(plain: Mapping[str, Any]) -> Provenance:
    """Read a provenance; what an older version wrote under a name of its own is in ``details``.

    Raises:
        TypeError, ValueError: a field has the wrong type.
    """
    known = {name: value for name, value in plain.items() if name in _NAMES}
    others = {name: value for name, value in plain.items() if name not in _NAMES}
    return msgspec.convert({**known, "details": {**known.get("details", {}), **others}}, Provenance)
