"""The page that compares latency rules: made from what was recorded, by rules that do what they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import verdicts_page
from harness.core.finding import Verdict

ROOT = Path(__file__).resolve().parents[2]
EPOCHS = 42
TWO_SPEEDS = "two_speeds.json.gz"
RECORDED = sorted((ROOT / "benchmarks/recorded").glob("*.json.gz"))
MEDIAN, LEAST, WHITNEY, T, ASV, OURS = verdicts_page.RULES


def trial(factor: float, *, noise: float = 0.0, pairs: int = 9) -> dict[str, Any]:
    """A run and one that takes *factor* as long, epochs *noise* apart; in alternation exactly so."""
    wave = [1 + noise * (-1) ** i * (1 + i % 5) / 5 for i in range(EPOCHS)]
    saved = [[1000 * w, 1000 * w, 990 * w] for w in wave]
    current = [[factor * value for value in epoch] for epoch in saved]
    rounds = [[1000 * factor * (1 + 0.001 * (i - 7)), 1000.0] for i in range(14)]
    return {
        "slowdown": factor - 1,
        "placing": "together",
        "alone": {"saved": saved, "current": current},
        "alternating": [rounds] * pairs,
    }


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
    assert {name for name, rule in verdicts_page.RULES.items() if rule(one) is Verdict.OVER_BUDGET} == failing


def test_ours_is_the_verdict_of_the_gate() -> None:
    assert verdicts_page.ours(trial(1.0)) is Verdict.PASS
    assert verdicts_page.ours(trial(1.2)) is Verdict.OVER_BUDGET
    with pytest.raises(ValueError, match="end before the verdict"):
        verdicts_page.ours(trial(1.2, pairs=1))


def test_something_is_recorded() -> None:
    assert RECORDED


@pytest.mark.nightly
def test_the_page_is_what_the_recorded_trials_give() -> None:
    page = "\n".join(verdicts_page.page([verdicts_page.read(path) for path in RECORDED])) + "\n"
    assert (ROOT / "docs/verdicts-compared.md").read_text(encoding="utf-8") == page, (
        "make it again: python -m benchmarks.verdicts table benchmarks/recorded/*.json.gz > docs/verdicts-compared.md"
    )


def test_each_recording_says_where_and_how() -> None:
    measured = [verdicts_page.read(path) for path in RECORDED if path.name != TWO_SPEEDS]
    assert measured
    for document in measured:
        assert document["command"].startswith("python -m benchmarks.verdicts record ")
        assert document["hardware"]
        assert document["context"]
        slowdowns = {one["slowdown"] for one in document["trials"]}
        assert {0.0, 0.10} <= slowdowns
        assert {one["placing"] for one in document["trials"]} == {"together"}


def test_columns_count_both_kinds_of_error() -> None:
    trials = [trial(1.0), trial(1.05), trial(1.1), trial(1.2)]
    headings = [heading for heading, _, _ in verdicts_page._columns(trials)]
    assert headings == [
        *("false alarms (1 A/A)", "inconclusive", "fails at +5 % (1)"),
        *("fails at +10 % (1)", "false passes at +10 %", "fails at +20 % (1)", "false passes at +20 %"),
    ]


def test_of_trials_in_alternation_only_ours_alone_is_told() -> None:
    document = {
        **{"hardware": "h", "neighbours": 0, "cell": "a/b/c/local", "versions": {}, "date": "d", "context": "c"},
        "command": "record",
        "trials": [{**trial(factor), "alone": None, "alternating_s": 2.0} for factor in (1.0, 1.1)],
    }
    page = verdicts_page.page([document])
    assert [line.split(" | ")[0] for line in page if line.startswith("| **")] == [f"| {OURS}"]
    assert not any(name in line for line in page for name in (MEDIAN, LEAST, WHITNEY, T, ASV))
    assert any(line.startswith("SD of the A/A ratio: ") and "one after the other" not in line for line in page)
    assert any("of 1 trials of equal artifacts: 1 pass, 0 inconclusive, 0 over_budget" in line for line in page)
    assert any("twice the allowed change: 0 pass, 0 inconclusive, 1 over_budget" in line for line in page)


def test_the_rounds_of_two_speeds_are_judged_as_nobody_placed_their_workers() -> None:
    document = verdicts_page.read(ROOT / "benchmarks/recorded" / TWO_SPEEDS)
    assert {one["placing"] for one in document["trials"]} == {"free"}
    assert len(document["trials"]) == 2 * 3 * verdicts_page.TRIALS_OF_TWO_SPEEDS
