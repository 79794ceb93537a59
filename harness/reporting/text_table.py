"""Tables of plain text: aligned for a terminal, or with pipes for Markdown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

GAP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """Headers and rows of texts; every row is as long as the headers."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: Collection[int] = ()
    """Places of the columns that are aligned to the left; the others are figures."""

    @property
    def widths(self) -> list[int]:
        """Characters that each column needs."""
        return [max(map(len, column)) for column in zip(self.headers, *self.rows, strict=True)]

    @property
    def width(self) -> int:
        """Characters of one aligned line."""
        return sum(self.widths) + len(GAP) * (len(self.headers) - 1)


def aligned(table: TextTable) -> str:
    """*table* with a rule below its headers, for a terminal."""
    widths = table.widths
    rule = tuple("-" * width for width in widths)
    lines = [_padded(row, widths, table.left) for row in (table.headers, rule, *table.rows)]
    return "\n".join(GAP.join(line).rstrip() for line in lines)


def piped(table: TextTable) -> str:
    """*table* in Markdown; its texts must be free of pipes and line ends."""
    widths = [max(width, 3) for width in table.widths]
    rule = tuple(
        ":" + "-" * (width - 1) if place in table.left else "-" * (width - 1) + ":"
        for place, width in enumerate(widths)
    )
    lines = [_padded(row, widths, table.left) for row in (table.headers, rule, *table.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def wrapped(table: TextTable, width: int) -> str:
    """*table* aligned within *width* characters: its widest columns are broken into several lines at spaces."""
    from textwrap import wrap

    room = width - len(GAP) * (len(table.headers) - 1)
    widths = _shrunk(table.widths, [max(len(header), 1) for header in table.headers], room)
    rows: list[tuple[str, ...]] = []
    for row in table.rows:
        parts = [wrap(text, room, break_on_hyphens=False) or [""] for text, room in zip(row, widths, strict=True)]
        for line in range(max(map(len, parts))):
            rows.append(tuple(part[line] if line < len(part) else "" for part in parts))
    return aligned(TextTable(headers=table.headers, rows=tuple(rows), left=table.left))


def _shrunk(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """*widths* that together fit *room*, taken from the widest ones; none becomes narrower than its *least*."""
    shrunk = list(widths)
    while sum(shrunk) > room:
        spare = [place for place, width in enumerate(shrunk) if width > least[place]]
        if not spare:
            break
        shrunk[max(spare, key=lambda place: shrunk[place])] -= 1
    return shrunk


def _padded(row: Sequence[str], widths: Sequence[int], left: Collection[int]) -> list[str]:
    return [
        text.ljust(width) if place in left else text.rjust(width)
        for place, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
