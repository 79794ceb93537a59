"""The word, letter and category of every verdict in pytest's own output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from harness.core.finding import Verdict
from harness.judge.policy import Outcome

Status = tuple[str, str, tuple[str, dict[str, bool]]]
OWN_WORDS = {
    Verdict.REPORTED: ("reported", "r"),
    Verdict.INCONCLUSIVE: ("inconclusive", "i"),
    Verdict.NO_BASELINE: ("no_baseline", "n"),
    Verdict.INCOMPARABLE: ("incomparable", "c"),
    Verdict.BELOW_NOISE_FLOOR: ("below_noise_floor", "b"),
    Verdict.REGRESSED: ("regressed", "u"),
}
"""Category and letter of verdicts that leave a test green without being a pass."""


def status_of(report: pytest.TestReport, *, summing_up: bool) -> Status | None:
    """How *report* shows; None where it is none of ours, or pytest's own word is right."""
    judged: dict[str, Any] | None = getattr(report, "harness", None)
    if judged is None or report.when != "call" or hasattr(report, "wasxfail"):
        return None
    verdict = Verdict(judged["verdict"])
    word = verdict.upper().replace("_", " ")
    if report.failed:
        # An assertion beside the check fails a test whose verdict was good.
        return ("failed", "F", (word, {"red": True})) if judged["outcome"] == Outcome.FAIL else None
    if report.skipped:
        # pytest's summary writes the word of the first skipped item before all others, whoever skipped them.
        return None if summing_up else ("skipped", "s", (word, {"yellow": True}))
    if verdict in OWN_WORDS:
        category, letter = OWN_WORDS[verdict]
        return category, letter, (word, {"yellow": verdict is not Verdict.REPORTED})
    return "passed", ".", (word, {"green": True})


def legend(categories: Iterable[str]) -> str:
    """What the letters of *categories* stand for; empty when pytest knows all of them."""
    present = set(categories)
    told = [f"{letter} {category.replace('_', ' ')}" for category, letter in OWN_WORDS.values() if category in present]
    return f"letters: {', '.join(told)}" if told else ""
