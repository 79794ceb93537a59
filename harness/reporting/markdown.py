"""``report.md``: the full table, what failed and why, and where it was measured."""

from __future__ import annotations

import re

from harness.reporting.document import Document
from harness.reporting.table import full_table
from harness.reporting.text_table import TextTable, piped

_MARKUP = re.compile(r"[\\`*~\[<>|]|&(?=[#\w])|(?<![^\W_])_|_(?![^\W_])")
"""Signs that can begin markup; an underscore inside a word can't."""


def to_markdown(document: Document) -> str:
    """The whole report as Markdown."""
    lines = ["# Edge Harness report", "", f"{document.cells}, {document.counts}.", ""]
    lines += [f"- {name}: {_escaped(text)}" for name, text in document.facts]
    lines += ["", piped(_escaped_table(full_table(document))), ""]
    for section in document.sections:
        entries = [f"- {_code(entry.cell)} {_escaped(entry.text)}" for entry in section.entries]
        lines += [f"## {section.title}", "", *entries, ""]
    return "\n".join(lines)


def _escaped_table(table: TextTable) -> TextTable:
    return TextTable(
        headers=tuple(map(_escaped, table.headers)),
        rows=tuple(tuple(map(_escaped, row)) for row in table.rows),
        left=table.left,
    )


def _escaped(text: str) -> str:
    """*text* so that it can stand in a Markdown table or list without becoming markup."""
    return _MARKUP.sub(r"\\\g<0>", _one_line(text))


def _code(text: str) -> str:
    """*text* as a code span, with a fence longer than any in it."""
    line = _one_line(text)
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _one_line(text: str) -> str:
    """*text* with spaces for line ends of every kind, and without control signs."""
    return "".join(" " if sign.isspace() else sign for sign in text if sign.isspace() or sign.isprintable())
