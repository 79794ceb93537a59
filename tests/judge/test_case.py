"""All findings of one case: which there are, and which is shown."""

from __future__ import annotations

from itertools import pairwise, permutations

import pytest

from harness.core.finding import BASELINE, BUDGET, CELL, Verdict
from harness.core.problem import STAGES, CellProblem
from harness.judge.case import SEVERITY, judge_case, judge_problem, worst
from harness.judge.policy import Outcome, Policy, outcome_of_all
from tests.core.records import case, figure, finding, measurement, result

SIZE = result(measurement("size_bytes", 1001, "bytes"), measurement("output_sqnr_db", 30, "dB"))


@pytest.mark.parametrize(
    ("one", "stored", "against", "verdicts"),
    [
        pytest.param(case("sqnr", "20 dB"), {}, [BUDGET], [Verdict.PASS], id="budget alone"),
        pytest.param(
            case("size", "1 MB"),
            {"size_bytes": figure(1000)},
            [BUDGET, BASELINE],
            [Verdict.PASS, Verdict.REGRESSED],
            id="within budget, but grown",
        ),
        pytest.param(
            case("size", "1 kB"),
            {},
            [BUDGET, BASELINE],
            [Verdict.OVER_BUDGET, Verdict.NO_BASELINE],
            id="over budget, nothing stored",
        ),
        pytest.param(case("size", "1 MB", baseline=False), {}, [BUDGET], [Verdict.PASS], id="no baselines kept"),
        pytest.param(
            case("memory", "1 MB", "1 x"), {}, [BUDGET, BASELINE], [Verdict.ERROR, Verdict.ERROR], id="not measured"
        ),
    ],
)
def test_findings_of_a_measured_case(one, stored, against, verdicts) -> None:  # type: ignore[no-untyped-def]
    found = judge_case(one, SIZE, stored, None)

    assert [each.against for each in found] == against
    assert [each.verdict for each in found] == verdicts


@pytest.mark.parametrize(
    ("problem", "required", "verdict", "stage", "says"),
    [
        pytest.param(
            CellProblem(Verdict.UNAVAILABLE, "not installed: x"),
            False,
            Verdict.UNAVAILABLE,
            "",
            "unavailable: not installed: x",
            id="unavailable",
        ),
        pytest.param(
            CellProblem(Verdict.UNAVAILABLE, "not installed: x"),
            True,
            Verdict.ERROR,
            "load",
            "error(load): the suite requires this runtime, and it is unavailable: not installed: x",
            id="unavailable, but required",
        ),
        pytest.param(
            CellProblem(Verdict.UNSUPPORTED, "no fp16"),
            True,
            Verdict.UNSUPPORTED,
            "",
            "unsupported: no fp16",
            id="unsupported by design, required or not",
        ),
        *[
            pytest.param(
                CellProblem.error(stage, "died"), False, Verdict.ERROR, stage, f"error({stage}): died", id=stage
            )
            for stage in STAGES
        ],
    ],
)
def test_a_cell_that_could_not_be_measured(
    problem: CellProblem, required: bool, verdict: Verdict, stage: str, says: str
) -> None:
    [found] = judge_problem(case("size", "1 kB", required=required), problem)

    assert (found.verdict, found.stage, found.reason, found.against) == (verdict, stage, says, CELL)
    assert found.value is None
    assert outcome_of_all([found], Policy())[0] in (Outcome.FAIL, Outcome.SKIP)


def test_every_verdict_has_its_place() -> None:
    assert sorted(SEVERITY) == sorted(Verdict)
    assert len(SEVERITY) == len(set(SEVERITY))


def test_the_worst_finding_is_shown_in_any_order() -> None:
    found = [
        finding(verdict) for verdict in (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.OVER_BUDGET, Verdict.REPORTED)
    ]

    assert {worst(order).verdict for order in permutations(found)} == {Verdict.OVER_BUDGET}


@pytest.mark.parametrize(
    ("one", "other"),
    list(pairwise(SEVERITY)),
    ids=[f"{one} over {other}" for one, other in pairwise(SEVERITY)],
)
def test_of_two_neighbours_the_graver_is_shown(one: Verdict, other: Verdict) -> None:
    assert worst([finding(other), finding(one)]).verdict is one


def test_no_finding_has_no_worst() -> None:
    with pytest.raises(ValueError, match="empty"):
        worst([])
