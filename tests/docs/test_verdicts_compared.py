"""The page that compares latency rules: made from what was recorded, by rules that do what they are called."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import verdicts
from harness.core.finding import Verdict

ROOT = Path(__file__).resolve().parents[2]
RECORDED = sorted((ROOT / "benchmarks/recorded").glob("*.json.gz"))
MEDIAN, LEAST, WHITNEY, T, ASV, OURS = verdicts.RULES


def trial(factor: float, *, noise: float = 0.0, pairs: int = 3) -> dict[str, Any]:
    """A run and one that takes *factor* as long, epochs *noise* apart; in alternation exactly so."""
    wave = [1 + noise * (-1) ** i * (1 + i % 5) / 5 for i in range(verdicts.EPOCHS)]
    saved = [[1000 * w, 1000 * w, 990 * w] for w in wave]
    current = [[factor * value for value in epoch] for epoch in saved]
    rounds = [[1000 * factor * (1 + 0.001 * (i - 7)), 1000.0] for i in range(14)]
    return {"slowdown": factor - 1, "alone": {"saved": saved, "current": current}, "alternating": [rounds] * pairs}


@pytest.mark.parametrize(
    ("factor", "noise", "failing"),
    [
        pytest.param(1.0, 0.001, set(), id="equal"),
        pytest.param(1.0, 0.1, set(), id="equal, noisy"),
        pytest.param(0.8, 0.01, set(), id="faster is no failure"),
        pytest.param(1.02, 0.001, {WHITNEY, T}, id="a small change that is significant"),
        pytest.param(1.049, 0.001, {WHITNEY, T}, id="a hair below 5 percent"),
        pytest.param(1.07, 0.001, {MEDIAN, LEAST, WHITNEY, T, OURS}, id="beyond 5 percent"),
        pytest.param(1.2, 0.001, {MEDIAN, LEAST, WHITNEY, T, ASV, OURS}, id="beyond 10 percent"),
    ],
)
def test_rules(factor: float, noise: float, failing: set[str]) -> None:
    one = trial(factor, noise=noise)
    assert {name for name, rule in verdicts.RULES.items() if rule(one)} == failing


def test_ours_is_the_verdict_of_the_gate() -> None:
    assert verdicts.ours(trial(1.0)) is Verdict.PASS
    assert verdicts.ours(trial(1.2)) is Verdict.OVER_BUDGET
    with pytest.raises(ValueError, match="end before the verdict"):
        verdicts.ours(trial(1.2, pairs=1))


def test_something_is_recorded() -> None:
    assert RECORDED


def test_the_page_is_what_the_recorded_trials_give() -> None:
    documents = [json.loads(gzip.decompress(path.read_bytes())) for path in RECORDED]
    page = "\n".join(verdicts.page(documents)) + "\n"
    assert (ROOT / "docs/verdicts-compared.md").read_text(encoding="utf-8") == page, (
        "make it again: python benchmarks/verdicts.py table benchmarks/recorded/*.json.gz > docs/verdicts-compared.md"
    )


def test_each_recording_says_where_and_how() -> None:
    for path in RECORDED:
        document = json.loads(gzip.decompress(path.read_bytes()))
        assert document["command"].startswith("python benchmarks/verdicts.py record ")
        assert document["hardware"]
        assert document["context"]
        slowdowns = {one["slowdown"] for one in document["trials"]}
        assert 0.0 in slowdowns
        assert 0.10 in slowdowns
