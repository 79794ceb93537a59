"""The page of what moves cost: made from what was recorded."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import moves
from harness.meters.cpu_turns import SETTLING_INFERENCES

ROOT = Path(__file__).resolve().parents[2]
RECORDED = sorted((ROOT / "benchmarks/recorded/moves").glob("*.json"))


def test_the_page_is_what_was_recorded() -> None:
    assert RECORDED
    page = "\n".join(moves.page([json.loads(path.read_text(encoding="utf-8")) for path in RECORDED])) + "\n"
    assert (ROOT / "docs/moves.md").read_text(encoding="utf-8") == page, (
        "make it again: python -m benchmarks.moves table benchmarks/recorded/moves/*.json > docs/moves.md"
    )


def test_what_settles_after_a_move_is_most_of_what_it_costs() -> None:
    """The fifth inference, the first that counts, is within a quarter of the usual; the first is not within a half."""
    assert moves.SHOWN.index(SETTLING_INFERENCES + 1)
    for path in RECORDED:
        for row in json.loads(path.read_text(encoding="utf-8"))["runtimes"]:
            ratios = [sorted(one)[len(one) // 2] for one in zip(*row["after"], strict=True)]
            assert ratios[0] > 1.5
            assert ratios[moves.SHOWN.index(SETTLING_INFERENCES + 1)] < 1.25
