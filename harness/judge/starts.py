"""Whether processes started alike: what was cached of their files, in words, and as a reason to compare nothing."""

from __future__ import annotations

from collections.abc import Mapping

from harness.core.timing import Files, Span, Start, Timing

WORDS: Mapping[Files, str] = {
    Files.COLD: "files cold",
    Files.CACHED: "files cached",
    Files.UNKNOWN: "files perhaps cached",
}
KNOWN = ("", WORDS[Files.COLD], WORDS[Files.CACHED])
"""Conditions in which another run can be; the first is that of figures that know none."""


def condition(timing: Timing, *, both: bool) -> str:
    """What holds of the starts in *timing*: ``files cold``; empty where no start was timed.

    Args:
        timing: of a span of the start; times of inferences have no such condition.
        both: of the other side too, as a ratio needs.
    """
    found = {one.files for one in _starts(timing, both)}
    return " or ".join(words for files, words in WORDS.items() if files in found)


def say_condition(timing: Timing, *, both: bool) -> str:
    """The same at the end of a sentence, with the first reason why files were not cold: ``, files cold``."""
    words = condition(timing, both=both)
    why = next((one.why_not_cold for one in _starts(timing, both) if one.why_not_cold), "")
    return "".join([f", {words}" if words else "", f": {why}" if why else ""])


def why_unlike(timing: Timing, *, both: bool) -> str:
    """Why nothing is concluded from starts of which only some had cold files; empty when all were alike."""
    words = condition(timing, both=both)
    return (
        ""
        if words in WORDS.values() or not words
        else f"the processes did not start alike{say_condition(timing, both=both)}"
    )


def why_other_condition(before: str, now: str) -> str:
    """Why figures of the conditions *before* and *now* can't be compared; empty when they are alike and known."""
    if before == now and now in KNOWN:
        return ""
    return f"condition: {before or 'not recorded'}, now {now or 'not recorded'}"


def _starts(timing: Timing, both: bool) -> list[Start]:
    if timing.span is Span.INFERENCE:
        return []
    return [start for pair in timing.starts for start in (pair if both else pair[:1])]
