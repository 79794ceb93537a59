"""Names of cells that fit a column: cut in the middle of their longest part, and still different from each other."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.names import Cell

ELLIPSIS = "…"
LEAST_PART = 5
"""A part is not cut to fewer characters."""


def shortened(cells: Sequence[Cell], width: int, *, with_target: bool) -> list[str]:
    """``model/recipe/runtime`` of each of *cells* in *width* characters, or in as many more as keep them apart."""
    paths = [_path(cell, with_target=with_target) for cell in cells]
    different, longest = len(set(paths)), max((len("/".join(path)) for path in paths), default=0)
    for room in range(min(width, longest), longest + 1):
        names = [_cut(path, room) for path in paths]
        if len(set(names)) == different:
            return names
    return ["/".join(path) for path in paths]


def _path(cell: Cell, *, with_target: bool) -> tuple[str, ...]:
    return (cell.model, cell.recipe, cell.runtime, *([cell.target] if with_target else []))


def _cut(path: tuple[str, ...], width: int) -> str:
    parts = list(path)
    while len("/".join(parts)) > width and max(map(len, parts)) > LEAST_PART:
        longest = max(range(len(parts)), key=lambda place: len(parts[place]))
        excess = len("/".join(parts)) - width
        others = sorted((len(part) for part in parts), reverse=True)
        # No further than to the next longest, so that all parts give way alike.
        target = max(len(parts[longest]) - excess, min(others[1], len(parts[longest]) - 1), LEAST_PART)
        parts[longest] = _middle_cut(path[longest], target)
    return "/".join(parts)


def _middle_cut(text: str, width: int) -> str:
    """*text* in *width* characters, of which the middle one stands for what is left out."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return text[: width - 1 - tail] + ELLIPSIS + text[len(text) - tail :]
