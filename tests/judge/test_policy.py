"""What each verdict does to a test, under every policy."""

from __future__ import annotations

from itertools import product

import pytest

from harness.core.finding import BASELINE, Verdict
from harness.judge.policy import Outcome, Policy, outcome, outcome_of_all
from tests.core.records import finding

PASS, WARN, SKIP, FAIL = Outcome.PASS, Outcome.WARN, Outcome.SKIP, Outcome.FAIL
CHOICES = (WARN, SKIP, FAIL)
FIXED = {
    Verdict.PASS: PASS,
    Verdict.REPORTED: PASS,
    Verdict.OVER_BUDGET: FAIL,
    Verdict.ERROR: FAIL,
    Verdict.UNSUPPORTED: SKIP,
    Verdict.UNAVAILABLE: SKIP,
}
"""Verdicts that no option changes."""
POLICIES = [
    Policy(inconclusive=a, incomparable=b, no_baseline=c, updating=updating)
    for a, b, c, updating in product(CHOICES, CHOICES, CHOICES, (False, True))
]


def expected(verdict: Verdict, policy: Policy) -> Outcome:
    if verdict in FIXED:
        return FIXED[verdict]
    return {
        Verdict.REGRESSED: WARN if policy.updating else FAIL,
        Verdict.NO_BASELINE: WARN if policy.updating else policy.no_baseline,
        Verdict.INCOMPARABLE: WARN if policy.updating else policy.incomparable,
        Verdict.INCONCLUSIVE: policy.inconclusive,
    }[verdict]


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_under_every_policy(verdict: Verdict) -> None:
    for policy in POLICIES:
        found = outcome(finding(verdict), policy)
        assert found is expected(verdict, policy), policy
        assert found is not PASS or verdict in (Verdict.PASS, Verdict.REPORTED), "only a pass passes in silence"


@pytest.mark.parametrize("verdict", [v for v in Verdict if v.fails])
def test_what_fails_is_never_skipped(verdict: Verdict) -> None:
    found = {outcome(finding(verdict), policy) for policy in POLICIES if not policy.updating}

    assert found == {FAIL}


def test_defaults_warn() -> None:
    policy = Policy()

    assert [outcome(finding(v), policy) for v in (Verdict.INCONCLUSIVE, Verdict.INCOMPARABLE, Verdict.NO_BASELINE)] == [
        WARN,
        WARN,
        WARN,
    ]
    assert not policy.updating


@pytest.mark.parametrize(
    ("verdicts", "what", "decisive"),
    [
        pytest.param([Verdict.PASS], PASS, 0, id="one"),
        pytest.param([Verdict.PASS, Verdict.REGRESSED], FAIL, 1, id="fail after pass"),
        pytest.param([Verdict.OVER_BUDGET, Verdict.PASS], FAIL, 0, id="pass after fail"),
        pytest.param([Verdict.INCONCLUSIVE, Verdict.OVER_BUDGET], FAIL, 1, id="fail after warn"),
        pytest.param([Verdict.UNSUPPORTED, Verdict.ERROR], FAIL, 1, id="fail after skip"),
        pytest.param([Verdict.INCONCLUSIVE, Verdict.UNSUPPORTED], SKIP, 1, id="skip before warn"),
        pytest.param([Verdict.REPORTED, Verdict.NO_BASELINE], WARN, 1, id="warn before pass"),
        pytest.param([Verdict.OVER_BUDGET, Verdict.REGRESSED], FAIL, 0, id="the first of two equal ones"),
    ],
)
def test_the_gravest_outcome_decides(verdicts: list[Verdict], what: Outcome, decisive: int) -> None:
    findings = [finding(verdict, against=str(i)) for i, verdict in enumerate(verdicts)]

    assert outcome_of_all(findings, Policy()) == (what, findings[decisive])


def test_no_finding_is_never_a_pass() -> None:
    with pytest.raises(ValueError, match="empty"):
        outcome_of_all([], Policy())


def test_a_failed_budget_fails_whatever_becomes_of_the_baseline() -> None:
    for policy, verdict in product(POLICIES, Verdict):
        both = [finding(Verdict.OVER_BUDGET), finding(verdict, against=BASELINE)]
        assert outcome_of_all(both, policy)[0] is FAIL
        assert outcome_of_all(both[::-1], policy)[0] is FAIL
