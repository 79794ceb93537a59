"""What each verdict does to a test, under every policy."""

from __future__ import annotations

from itertools import product

import pytest

from harness.core.finding import BASELINE, Verdict
from harness.errors import InvalidPolicy
from harness.judge.policy import (
    CHOICES,
    LENIENT,
    OPEN_VERDICTS,
    STRICT,
    Outcome,
    Policy,
    outcome,
    outcome_of_all,
    parse_policy,
)
from tests.core.records import finding

PASS, WARN, SKIP, FAIL = Outcome.PASS, Outcome.WARN, Outcome.SKIP, Outcome.FAIL
FIXED = {
    Verdict.PASS: PASS,
    Verdict.REPORTED: PASS,
    Verdict.OVER_BUDGET: FAIL,
    Verdict.ERROR: FAIL,
    Verdict.UNSUPPORTED: SKIP,
}
"""Verdicts that no policy changes."""
WHILE_UPDATING = {Verdict.REGRESSED, Verdict.NO_BASELINE, Verdict.INCOMPARABLE}
"""What is no failure while baselines are written."""
POLICIES = [
    Policy(inconclusive=a, incomparable=b, below_noise_floor=c, no_baseline=d, unavailable=e, updating=updating)
    for a, b, c, d, e, updating in product(*[(WARN, SKIP, FAIL)] * 5, (False, True))
]


def expected(verdict: Verdict, policy: Policy) -> Outcome:
    if verdict in FIXED:
        return FIXED[verdict]
    if policy.updating and verdict in WHILE_UPDATING:
        return WARN
    return {
        Verdict.REGRESSED: FAIL,
        Verdict.NO_BASELINE: policy.no_baseline,
        Verdict.INCOMPARABLE: policy.incomparable,
        Verdict.INCONCLUSIVE: policy.inconclusive,
        Verdict.BELOW_NOISE_FLOOR: WARN if policy.updating else policy.below_noise_floor,
        Verdict.UNAVAILABLE: policy.unavailable,
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


@pytest.mark.parametrize("verdict", Verdict)
def test_strict_lets_nothing_pass_that_was_not_judged(verdict: Verdict) -> None:
    green = {Verdict.PASS: PASS, Verdict.REPORTED: PASS, Verdict.UNSUPPORTED: SKIP}

    assert outcome(finding(verdict), STRICT) is green.get(verdict, FAIL)


@pytest.mark.parametrize("verdict", Verdict)
def test_lenient_warns(verdict: Verdict) -> None:
    told = {**FIXED, Verdict.REGRESSED: FAIL, Verdict.UNAVAILABLE: SKIP}

    assert outcome(finding(verdict), LENIENT) is told.get(verdict, WARN)
    assert Policy() == LENIENT


def test_neither_updates_by_itself() -> None:
    assert (STRICT.updating, LENIENT.updating) == (False, False)


def test_every_open_verdict_is_one_that_no_rule_fixes() -> None:
    assert set(OPEN_VERDICTS) == {str(verdict) for verdict in Verdict} - {*map(str, FIXED), "regressed"}
    assert set(CHOICES) == {"warn", "skip", "fail"}, "never a pass"


@pytest.mark.parametrize("verdict", OPEN_VERDICTS)
@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("policy", [STRICT, LENIENT], ids=["strict", "lenient"])
def test_a_change_decides_on_its_verdict_alone(verdict: str, choice: str, policy: Policy) -> None:
    changed = policy.with_changes(parse_policy({verdict: choice}))

    assert outcome(finding(Verdict(verdict)), changed) is Outcome(choice)
    for other in set(Verdict) - {Verdict(verdict)}:
        assert outcome(finding(other), changed) is outcome(finding(other), policy)


def test_several_changes_and_none() -> None:
    changed = STRICT.with_changes(parse_policy({"inconclusive": "warn", "unavailable": "skip"}))

    assert changed == Policy(
        inconclusive=WARN, unavailable=SKIP, incomparable=FAIL, below_noise_floor=FAIL, no_baseline=FAIL
    )
    assert STRICT.with_changes({}) == STRICT
    assert STRICT.inconclusive is FAIL, "policies are shared: none is changed in place"


def test_a_change_keeps_what_is_updated() -> None:
    assert Policy(updating=True).with_changes({"inconclusive": FAIL}).updating


@pytest.mark.parametrize(
    ("written", "says"),
    [
        pytest.param({}, "a policy without verdicts. Name at least one of inconclusive, incomparable,", id="nothing"),
        pytest.param({"pass": "fail"}, "policy pass='fail': a policy decides on inconclusive,", id="a pass"),
        pytest.param({"over_budget": "warn"}, "other verdicts are red or green by themselves", id="what is red"),
        pytest.param({"error": "skip"}, "policy error='skip'", id="an error"),
        pytest.param({"regressed": "warn"}, "policy regressed='warn'", id="a regression"),
        pytest.param({"unsupported": "fail"}, "policy unsupported='fail'", id="what can't be, by design"),
        pytest.param({"updating": "warn"}, "policy updating='warn'", id="an option that is none"),
        pytest.param({"inconclusiv": "warn"}, "policy inconclusiv='warn'", id="a slip of the pen"),
        pytest.param({"inconclusive": "pass"}, "policy inconclusive='pass': write one of warn, skip, fail", id="pass"),
        pytest.param({"inconclusive": "Fail"}, "policy inconclusive='Fail'", id="the wrong case"),
        pytest.param({"inconclusive": ""}, "policy inconclusive=''", id="empty"),
        pytest.param({"inconclusive": None}, "policy inconclusive=None", id="None"),
        pytest.param({"inconclusive": True}, "policy inconclusive=True", id="bool"),
        pytest.param({"inconclusive": ["fail"]}, "policy inconclusive=['fail']", id="a list"),
        pytest.param({"inconclusive": "warn", "no_baseline": "pass"}, "policy no_baseline='pass'", id="one of two"),
    ],
)
def test_policies_that_can_t_be_read(written: dict[str, object], says: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(written)

    assert says in str(caught.value)


def test_policies_that_can_be_read() -> None:
    written = {"inconclusive": "fail", "unavailable": "skip", "below_noise_floor": Outcome.WARN}

    assert parse_policy(written) == {"inconclusive": FAIL, "unavailable": SKIP, "below_noise_floor": WARN}
    assert all(type(value) is Outcome for value in parse_policy(written).values())


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
