"""McNemar's exact test: twice the binomial tail of the flips, by hand."""

from __future__ import annotations

import pytest

from harness.stats.paired_drop import Flips, mcnemar_p, score


@pytest.mark.parametrize(
    ("negative", "positive", "p"),
    [
        # 2 P(B <= min(b, c)), B ~ Bin(b + c, 1/2), and never above 1.
        pytest.param(0, 0, 1.0, id="nothing flipped"),
        pytest.param(1, 0, 1.0, id="one flip"),
        pytest.param(1, 1, 1.0, id="one each way"),
        pytest.param(20, 20, 1.0, id="20 each way"),
        pytest.param(2, 0, 2 / 4, id="2 lost"),
        pytest.param(5, 0, 2 / 32, id="5 lost"),
        pytest.param(6, 0, 2 / 64, id="6 lost: the least that 5 % rejects"),
        pytest.param(0, 6, 2 / 64, id="6 won"),
        pytest.param(3, 1, 2 * (1 + 4) / 16, id="3 lost, 1 won"),
        pytest.param(1, 8, 2 * (1 + 9) / 2**9, id="1 lost, 8 won"),
    ],
)
@pytest.mark.parametrize("more", [0, 1, 10**6])
def test_by_hand_whatever_did_not_flip(negative: int, positive: int, p: float, more: int) -> None:
    n = max(negative + positive + more, 1)
    found = mcnemar_p(Flips(n=n, negative=negative, positive=positive))

    assert found == pytest.approx(p, rel=1e-12)
    assert type(found) is float


def test_it_rejects_what_a_budget_allows() -> None:
    """Why it is never gated on: a drop of 1 point among 10,000 is certain, and still within 1.5 points."""
    flips = Flips(n=10_000, negative=300, positive=200)

    assert mcnemar_p(flips) < 1e-5
    assert score(flips, 0.015) < -1.645
