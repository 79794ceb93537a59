"""What an engine said when it broke, as one sentence that fits a table."""

from __future__ import annotations

import re

LONGEST = 400
"""Characters of a sentence; engines print pages."""
LAST_LINES = "; its last lines:"
"""How a dead process's output is introduced, see ``harness.worker.last_lines``."""
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?")
"""Colours, cursor moves and window titles of a terminal."""
_FIRST_SENTENCE = re.compile(r".+?[.!?](?=\s+[A-Z])")
_EXCEPTION = re.compile(r"(?:<class '[\w.]+'>|[A-Za-z_][\w.]*(?:Error|Exception|Failure|Violation)): \S")
_STACK = re.compile(r"File \"|Thread 0x|Current thread|Extension modules|Fatal Python error|<|\^|~")
"""How lines begin that say where a process died, not why."""


def one_sentence(reason: str) -> str:
    """*reason* without terminal escapes, in one line: what happened, and the exception or last word that says why.

    A reason of one line that is short enough stays as it is.
    """
    lines = [line for line in map(_clean, reason.split("\n")) if line]
    if not lines:
        return ""
    head, more = lines[0], lines[1:]
    if head.endswith(LAST_LINES):
        said = [line for line in more if not _STACK.match(line)]
        head = head.removesuffix(LAST_LINES)
        why = f"its last line: {said[-1]}" if said else ""
    else:
        causes = [line for line in more if _EXCEPTION.match(line)]
        why = causes[-1] if causes else ""
        found = _FIRST_SENTENCE.match(head) if more else None
        head = found[0] if found else head
    if not why or why in head:
        return _cut(head, LONGEST)
    return f"{_cut(head, LONGEST // 2)}; {_cut(why, LONGEST // 2)}"


def _clean(line: str) -> str:
    """*line* without escapes and other signs that don't print; of a line that was written over, what it ended as."""
    text = _ESCAPE.sub("", line.rstrip("\r").rpartition("\r")[2])
    return "".join(" " if sign.isspace() else sign for sign in text if sign.isspace() or sign.isprintable()).strip()


def _cut(text: str, width: int) -> str:
    """*text* in *width* characters, cut at a space."""
    if len(text) <= width:
        return text
    return f"{text[: width - 1].rpartition(' ')[0] or text[: width - 1]}…"
