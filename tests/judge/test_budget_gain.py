"""What a recipe gains over its control, on the same samples."""

from __future__ import annotations

import pytest

from harness.core.finding import Finding, Verdict
from harness.judge.budget import judge_budget
from harness.meters.accuracy import gain_measurements, spread_measurement
from harness.stats.paired_drop import Flips
from tests.core.records import case, measurement, result


def judged(lost: int, won: int, limit: str | None, n: int = 10_000) -> Finding:
    flips = Flips(n=n, negative=lost, positive=won)
    return judge_budget(case("accuracy_gain", limit), result(*gain_measurements(flips), control="student"))


@pytest.mark.parametrize(
    ("lost", "won", "limit", "verdict"),
    [
        pytest.param(200, 300, "0 pp", Verdict.PASS, id="clearly better"),
        pytest.param(300, 200, "0 pp", Verdict.OVER_BUDGET, id="clearly worse"),
        pytest.param(200, 210, "0 pp", Verdict.INCONCLUSIVE, id="better, perhaps by chance"),
        pytest.param(0, 0, "0 pp", Verdict.INCONCLUSIVE, id="the same predictions are no gain"),
        pytest.param(0, 0, "-0.5 pp", Verdict.PASS, id="the same predictions are no loss"),
        pytest.param(210, 200, "-0.5 pp", Verdict.PASS, id="no worse by more than allowed"),
        pytest.param(400, 200, "-0.5 pp", Verdict.OVER_BUDGET, id="worse by more than allowed"),
        pytest.param(300, 200, None, Verdict.REPORTED, id="nothing demanded"),
    ],
)
def test_gains(lost: int, won: int, limit: str | None, verdict: Verdict) -> None:
    found = judged(lost, won, limit)

    assert found.verdict is verdict
    assert found.value == pytest.approx((won - lost) / 10_000)
    assert found.interval is not None
    assert found.interval[0] <= (won - lost) / 10_000 <= found.interval[1]


def test_the_sentence_names_the_control() -> None:
    assert judged(200, 300, "0 pp").reason == (
        "accuracy gain within budget: int8_static on onnxruntime gains 1.00 pp [0.63 pp, 1.37 pp] over student "
        "(n = 10000; 300 samples won, 200 lost; McNemar p = 8.9e-06), limit 0 pp"
    )


def test_without_a_control_there_is_nothing_to_report_and_nothing_passes() -> None:
    assert judge_budget(case("accuracy_gain", None), result()).verdict is Verdict.REPORTED
    assert judge_budget(case("accuracy_gain", "0 pp"), result()).verdict is Verdict.ERROR


def test_a_control_that_was_not_compared_is_an_error_even_when_only_reported() -> None:
    found = judge_budget(case("accuracy_gain", None), result(control="student"))

    assert found.verdict is Verdict.ERROR
    assert "was not measured against student" in found.reason


def test_the_spread_is_between_the_best_and_the_worst_draw() -> None:
    draws = [measurement("accuracy_fraction", value, "fraction", 800) for value in (0.98, 0.95, 0.99)]

    found = spread_measurement(draws)

    assert (found.value, found.n) == (pytest.approx(0.04), 800)
    assert judge_budget(case("calibration_spread", "5 pp"), result(found)).verdict is Verdict.PASS
    assert judge_budget(case("calibration_spread", "3 pp"), result(found)).verdict is Verdict.OVER_BUDGET
    assert "has 4.00 pp" in judge_budget(case("calibration_spread", None), result(found)).reason
