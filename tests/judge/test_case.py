"""All findings of one case: which there are, and which is shown."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest

from harness.core.finding import BASELINE, BUDGET, CELL, Rung, Verdict
from harness.core.matrix import Case
from harness.core.noise import NoiseProfile
from harness.core.problem import CellProblem, Phase
from harness.core.result import CellResult
from harness.core.samples import Samples
from harness.core.timing import Timings
from harness.judge.case import SEVERITY, judge_case, judge_problem, worst
from harness.judge.policy import Outcome, Policy, outcome_of_all
from tests.core.records import case, class_flips, figure, finding, measurement, noise_profile, result, rounds, timing

P50 = "latency_p50_ns_per_inference"
SIZE = result(measurement("size_bytes", 1001, "bytes"), measurement("output_sqnr_db", 30, "dB"))
SMALL = result(measurement("size_bytes", 400, "bytes"), measurement("size_ratio", 0.4))
FAST = result(measurement("latency_ratio", 0.5), measurement(P50, 0.5e6, "ns"))


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
    found = judge_case(one, SIZE, stored)

    assert [each.against for each in found] == against
    assert [each.verdict for each in found] == verdicts


def evaluated(n: int, wrong: int = 0, **changed: Any) -> CellResult:
    """Of *n* samples the model that was right on all of them now gets *wrong* wrong."""
    given = [
        measurement("accuracy_fraction", 1 - wrong / n, "fraction", n, (0.0, 1.0)),
        measurement("accuracy_drop_fraction", wrong / n, "fraction", n),
        measurement("negative_flips_count", wrong, "samples", n),
        measurement("positive_flips_count", 0, "samples", n),
        measurement("negative_flips_fraction", wrong / n, "fraction", n, (0.0, 1.0)),
    ]
    return result(*given, **changed)


@pytest.mark.parametrize(
    ("one", "now", "calibrated", "says"),
    [
        pytest.param(
            case("accuracy_drop", "1 pp"), evaluated(40), None, "can't be decided on 40 samples: it takes 1237", id="n"
        ),
        pytest.param(
            case("accuracy_drop", "1 pp"), evaluated(40, 40), None, "can't be decided on 40 samples", id="all lost"
        ),
        pytest.param(
            case("worst_class_drop", "5 pp"),
            evaluated(1000, classes=(class_flips("0", 900), class_flips("1", 100))),
            None,
            "can't be decided on 100 samples of each class: it takes 124",
            id="the smallest class",
        ),
        pytest.param(case("accuracy", "45 %"), evaluated(1000, 400), None, "accuracy='45 %' is vacuous", id="vacuous"),
        pytest.param(
            case("size_ratio", "0.5 x", "2 x"), result(), None, "size_change='2 x' is vacuous", id="a vacuous change"
        ),
        pytest.param(
            case("latency_ratio", "1.01 x"),
            result(),
            noise_profile(noise_floor=0.02),
            "latency_ratio='1.01 x' is below the noise floor",
            id="below the floor",
        ),
        pytest.param(
            case("negative_flips", "5 %"),
            evaluated(1000, samples=Samples.scored(1000, np.array([0] * 1000), "d" * 64)),
            None,
            "needs a task metric that judges every sample",
            id="a score over all samples",
        ),
    ],
)
def test_a_limit_that_can_t_be_held_is_an_error(
    one: Case, now: CellResult, calibrated: NoiseProfile | None, says: str
) -> None:
    """Whatever the figure is, and against the baseline too: nothing of it is judged."""
    [found] = judge_case(one, now, {"size_bytes": figure(1)}, noise=calibrated)

    assert (found.verdict, found.phase, found.against) == (Verdict.ERROR, "lint", BUDGET)
    assert found.reason.startswith(f"{one.metric.title} error(lint): ")
    assert says in found.reason
    assert (found.value, found.limit) == (None, one.limit.value if one.limit else None)


@pytest.mark.parametrize(
    ("one", "now", "calibrated", "verdict"),
    [
        pytest.param(case("accuracy_drop", "1 pp"), evaluated(1237), None, Verdict.PASS, id="samples enough"),
        pytest.param(case("accuracy_drop", None), evaluated(1, 1), None, Verdict.REPORTED, id="reported, one sample"),
        pytest.param(
            case("latency_ratio", "1.02 x"), FAST, noise_profile(noise_floor=0.02), Verdict.PASS, id="the floor"
        ),
        pytest.param(case("latency_ratio", "1.02 x"), FAST, None, Verdict.PASS, id="nobody calibrated"),
        pytest.param(case("size_ratio", "0.5 x"), SMALL, None, Verdict.PASS, id="a size knows no samples"),
        pytest.param(
            case("accuracy", "90 %"),
            result(measurement("accuracy_fraction", 0.95, "fraction", 1000, (0.93, 0.96))),
            None,
            Verdict.PASS,
            id="of an accuracy alone the reference is not known",
        ),
    ],
)
def test_a_limit_that_can_be_held_is_judged(
    one: Case, now: CellResult, calibrated: NoiseProfile | None, verdict: Verdict
) -> None:
    found = judge_case(one, now, {}, timed=Timings(own=timing(rounds(0.5))), noise=calibrated)

    assert (found[0].against, found[0].verdict) == (BUDGET, verdict), found[0].reason


def test_rounds_and_calibration_reach_both_judges() -> None:
    """Rounds beside the reference for the budget, beside the baseline's artifact for the baseline."""
    stored = {P50: figure(1e6, "ns", artifact_sha256="b" * 64)}
    timed = Timings(own=timing(*[rounds(1.2)] * 2), against_baseline=timing(*[rounds(1.3)] * 2))
    now = result(measurement(P50, 1.2e6, "ns", 112, (1.1e6, 1.3e6)))

    budget, baseline = judge_case(
        case("latency", "1 ms", "1.1 x"), now, stored, timed=timed, noise=noise_profile(absolute_spread=1.04)
    )

    assert (budget.verdict, budget.rung, budget.baseline) == (Verdict.OVER_BUDGET, Rung.ABSOLUTE, 1e6)
    assert (baseline.verdict, baseline.rung) == (Verdict.REGRESSED, Rung.PAIRED_ARTIFACT)
    assert baseline.value == pytest.approx(1.3)


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
                CellProblem.error(phase, "died"), False, Verdict.ERROR, phase, f"error({phase}): died", id=phase
            )
            for phase in Phase
        ],
    ],
)
def test_a_cell_that_could_not_be_measured(
    problem: CellProblem, required: bool, verdict: Verdict, stage: str, says: str
) -> None:
    [found] = judge_problem(case("size", "1 kB", required=required), problem)

    assert (found.verdict, found.phase, found.reason, found.against) == (verdict, stage, says, CELL)
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
