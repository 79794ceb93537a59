"""Every mistake that a user can make is one kind of error; a bug is not."""

from __future__ import annotations

import pytest

from harness import errors
from harness.core.finding import Verdict
from harness.core.problem import CellProblem, Phase


def test_every_error_of_the_module_is_a_harness_error() -> None:
    found = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]

    assert len(found) > 5
    assert all(issubclass(one, errors.HarnessError) for one in found)


@pytest.mark.parametrize("phase", Phase)
def test_an_error_says_its_phase(phase: Phase) -> None:
    problem = CellProblem.error(phase, "why")

    assert problem.status == f"error({phase})"
    assert (problem.verdict, problem.reason, str(problem)) == (Verdict.ERROR, "why", "why")
    assert not isinstance(problem, errors.HarnessError), "it ends one cell, it does not end the run"


@pytest.mark.parametrize("verdict", [Verdict.UNSUPPORTED, Verdict.UNAVAILABLE])
def test_other_problems_are_named_by_their_verdict(verdict: Verdict) -> None:
    assert CellProblem(verdict, "why").status == verdict.value


def test_only_these_verdicts_fail_under_every_policy() -> None:
    assert {v for v in Verdict if v.fails} == {Verdict.OVER_BUDGET, Verdict.REGRESSED, Verdict.ERROR}
