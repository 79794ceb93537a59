"""Limits that can't be held: undecidable, vacuous, below the noise floor; each on both sides of its boundary."""

from __future__ import annotations

import math
from typing import Any

import pytest
from fakes.registries import core_metrics

from harness.core.metrics import METRICS
from harness.core.noise import NoiseProfile
from harness.judge.facts import Facts
from harness.judge.flips import judge_flips
from harness.judge.lint import lint
from harness.judge.rules.proportion import TAIL_OF_PROPORTION
from harness.stats.intervals import proportion_interval
from harness.stats.paired_drop import Flips
from tests.core.records import case, noise_profile

UNKNOWN = Facts()
FLOOR = noise_profile(noise_floor=0.05)


def said(
    metric: str, limit: str | None, facts: Facts = UNKNOWN, calibrated: NoiseProfile | None = None, **of: Any
) -> str:
    """What is wrong, all of it; of the limit alone unless a change is given."""
    return "; ".join(lint(case(metric, limit, of.pop("change", None), **of), facts, calibrated))


@pytest.mark.parametrize(
    ("metric", "limit", "n", "needed"),
    [
        pytest.param("accuracy_drop", "1 pp", 1237, None, id="1 pp, just enough"),
        pytest.param("accuracy_drop", "1 pp", 1236, 1237, id="1 pp, one less"),
        pytest.param("accuracy_drop", "1 pp", 40, 1237, id="1 pp of 40 samples"),
        pytest.param("accuracy_drop", "2 pp", 310, None, id="2 pp, just enough"),
        pytest.param("accuracy_drop", "2 pp", 309, 310, id="2 pp, one less"),
        pytest.param("accuracy_drop", "5 pp", 52, None, id="5 pp: 2.7055 * .95 / .05, for no flip at all"),
        pytest.param("accuracy_drop", "5 pp", 51, 52, id="5 pp, one less"),
        pytest.param("accuracy_drop", "1 pp", 0, 1237, id="nothing to evaluate on"),
        pytest.param("accuracy_drop", "1 pp", 10**9, None, id="all the samples of the world"),
        pytest.param("accuracy", "97 %", 122, None, id="accuracy, just enough: .97^122 = .0243"),
        pytest.param("accuracy", "97 %", 121, 122, id="accuracy, one less: .0251"),
        pytest.param("agreement", "99 %", 368, None, id="agreement, just enough"),
        pytest.param("agreement", "99 %", 367, 368, id="agreement, one less"),
        pytest.param("negative_flips", "1 %", 368, None, id="negative flips, just enough"),
        pytest.param("negative_flips", "1 %", 367, 368, id="negative flips, one less"),
        pytest.param("accuracy", "0 %", 1, None, id="any sample shows an accuracy of 0"),
        pytest.param("accuracy", "0 %", 0, 1, id="but one must be there"),
    ],
)
def test_too_few_samples(metric: str, limit: str, n: int, needed: int | None) -> None:
    found = said(metric, limit, Facts(samples=n))

    assert bool(found) == (needed is not None), found
    if needed is not None:
        assert f"{metric}='{limit}' can't be decided on {n} samples: it takes {needed}" in found
        assert "Evaluate on more, allow more, or write 'report'" in found


@pytest.mark.parametrize(
    ("n", "needed"),
    [
        pytest.param(124, None, id="just enough: .05 * 6.1826 / .0025"),
        pytest.param(123, 124, id="one less"),
    ],
)
def test_too_few_samples_of_a_class(n: int, needed: int | None) -> None:
    found = said("worst_class_drop", "5 pp", Facts(samples=10**6, smallest_class=n))

    assert bool(found) == (needed is not None), found
    if needed is not None:
        assert f"can't be decided on {n} samples of each class: it takes {needed}" in found
        assert "even if only 5% of them flip" in found


def test_the_sentence_of_forty_samples() -> None:
    assert said("accuracy_drop", "1 pp", Facts(samples=40)) == (
        "accuracy_drop='1 pp' can't be decided on 40 samples: it takes 1237, even if only 2% of them flip. "
        "Evaluate on more, allow more, or write 'report'"
    )
    assert said("negative_flips", "1 %", Facts(samples=40)) == (
        "negative_flips='1 %' can't be decided on 40 samples: it takes 368, even for a perfect result. "
        "Evaluate on more, allow more, or write 'report'"
    )


@pytest.mark.parametrize(
    ("metric", "limit"),
    [
        pytest.param("accuracy_drop", "0 pp", id="no drop"),
        pytest.param("worst_class_drop", "0 pp", id="no drop of any class"),
        pytest.param("agreement", "100 %", id="full agreement"),
        pytest.param("negative_flips", "0 %", id="no negative flip"),
        pytest.param("accuracy", "100 %", id="no error"),
    ],
)
@pytest.mark.parametrize("n", [None, 100, 10**9])
def test_what_no_number_of_samples_can_show(metric: str, limit: str, n: int | None) -> None:
    assert said(metric, limit, Facts(samples=n, smallest_class=n)) == (
        f"{metric}='{limit}': no number of samples can show that nothing at all was lost. Allow more, or write 'report'"
    )


@pytest.mark.parametrize(("limit", "wrong"), [("1 x error", True), ("1.0001 x error", False), ("1.2 x error", False)])
def test_no_error_more_than_the_reference_can_t_be_shown(limit: str, wrong: bool) -> None:
    found = said("accuracy_drop", limit, Facts(samples=10**6))

    assert ("allows no error more than the reference makes: no number of samples can show that" in found) == wrong
    assert bool(found) == wrong


@pytest.mark.parametrize(
    ("reference", "n", "needed"),
    [
        pytest.param(0.9, 502, None, id="just enough"),
        pytest.param(0.9, 501, 502, id="one less"),
        pytest.param(0.99, 501, 8296, id="a better reference makes fewer errors to count"),
        pytest.param(1.0, 1, None, id="a perfect reference: nothing is known of its errors"),
        pytest.param(None, 1, None, id="an unknown one"),
        pytest.param(math.nan, 1, None, id="one that is no number: the judge says so"),
    ],
)
def test_too_few_samples_for_a_multiple_of_the_errors(reference: float | None, n: int, needed: int | None) -> None:
    found = said("accuracy_drop", "1.2 x error", Facts(samples=n, reference_accuracy=reference))

    assert bool(found) == (needed is not None), found
    assert needed is None or f"it takes {needed}, even if only a fifth of the errors moves" in found


@pytest.mark.parametrize("reference", [0.0, 0.001, 0.0099, 0.01])
def test_a_reference_that_is_nearly_always_wrong_is_linted_like_any_other(reference: float) -> None:
    assert "is vacuous" in said("accuracy_drop", "1.5 x error", Facts(samples=10**6, reference_accuracy=reference))


@pytest.mark.parametrize("points", [0.5, 1, 2, 3, 5, 10])
def test_what_lint_lets_through_can_pass(points: float) -> None:
    """With the least number of samples and nothing lost or won the score test passes the limit."""
    one = case("accuracy_drop", f"{points} pp")
    assert one.limit is not None
    least = next(n for n in range(1, 10_000) if not lint(one, Facts(samples=n), None))

    assert judge_flips(Flips(n=least, negative=0, positive=0), 0, one.limit)[0] == "pass"


@pytest.mark.parametrize("percent", [50, 90, 95, 97, 99, 99.9])
def test_what_lint_lets_through_of_a_share_can_just_pass(percent: float) -> None:
    one = case("agreement", f"{percent} %")
    least = next(n for n in range(1, 10_000) if not lint(one, Facts(samples=n), None))

    assert proportion_interval(least, least, 1 - 2 * TAIL_OF_PROPORTION)[0] >= percent / 100
    assert least == 1 or proportion_interval(least - 1, least - 1, 1 - 2 * TAIL_OF_PROPORTION)[0] < percent / 100


@pytest.mark.parametrize(
    ("metric", "limit"),
    [("worst_class_drop", "5 pp"), ("negative_flips", "1 %"), ("accuracy_drop", "1.2 x error")],
)
def test_what_needs_an_outcome_of_every_sample(metric: str, limit: str) -> None:
    assert "needs a task metric that judges every sample" in said(metric, limit, Facts(per_sample=False))
    assert said(metric, limit, Facts(per_sample=True)) == ""


@pytest.mark.parametrize(
    ("metric", "limit"), [("accuracy_drop", "2 pp"), ("accuracy", "90 %"), ("agreement", "90 %"), ("size", "1 kB")]
)
def test_what_a_score_over_all_samples_can_be_held_to(metric: str, limit: str) -> None:
    assert said(metric, limit, Facts(per_sample=False, samples=1000, reference_accuracy=0.9)) == ""


@pytest.mark.parametrize(
    ("metric", "limit", "reference", "vacuous"),
    [
        pytest.param("accuracy_drop", "40 pp", 0.8, False, id="half of the reference"),
        pytest.param("accuracy_drop", "40.0001 pp", 0.8, True, id="a hair beyond half"),
        pytest.param("accuracy_drop", "50 pp", None, False, id="half of a perfect reference"),
        pytest.param("accuracy_drop", "50.0001 pp", None, True, id="a hair beyond half of a perfect one"),
        pytest.param("accuracy_drop", "50.0001 pp", 1.0, True, id="the reference is perfect"),
        pytest.param("accuracy_drop", "0.0001 pp", 0.0, True, id="the reference is always wrong"),
        pytest.param("accuracy_drop", "2.5 x error", 0.75, False, id="errors, half: 1.5 * .25 = .375"),
        pytest.param("accuracy_drop", "2.5001 x error", 0.75, True, id="errors, a hair beyond half"),
        pytest.param("accuracy_drop", "99 x error", None, False, id="errors, the reference is unknown"),
        pytest.param("accuracy", "45 %", 0.9, False, id="accuracy, half"),
        pytest.param("accuracy", "44.9999 %", 0.9, True, id="accuracy, a hair below half"),
        pytest.param("accuracy", "1 %", None, False, id="accuracy, the reference is unknown"),
        pytest.param("worst_class_drop", "50 pp", 0.9, False, id="worst class, half"),
        pytest.param("worst_class_drop", "50.0001 pp", 0.9, True, id="worst class, a hair beyond half"),
        pytest.param("negative_flips", "50 %", 0.9, False, id="negative flips, half"),
        pytest.param("negative_flips", "50.0001 %", 0.9, True, id="negative flips, a hair beyond half"),
        pytest.param("agreement", "50 %", 0.9, False, id="agreement, half"),
        pytest.param("agreement", "49.9999 %", 0.9, True, id="agreement, a hair below half"),
        pytest.param("size_ratio", "1.5 x", None, False, id="size, half more"),
        pytest.param("size_ratio", "1.5001 x", None, True, id="size, a hair beyond"),
        pytest.param("weights_ratio", "1.5001 x", None, True, id="weights"),
        pytest.param("gzip_ratio", "1.5001 x", None, True, id="gzip size"),
        pytest.param("latency_ratio", "12 x", None, False, id="slower is a fact one may accept"),
        pytest.param("memory_ratio", "12 x", None, False, id="so is more memory"),
        pytest.param("size", "999 GB", None, False, id="bytes: of what?"),
    ],
)
def test_vacuous_limits(metric: str, limit: str, reference: float | None, vacuous: bool) -> None:
    found = said(metric, limit, Facts(reference_accuracy=reference))

    assert bool(found) == vacuous, found
    if vacuous:
        assert f"{metric}='{limit}' is vacuous: it is wider than half of the reference" in found
        assert "Demand more, or write 'report'" in found


@pytest.mark.parametrize(
    ("metric", "change", "vacuous"),
    [
        pytest.param("accuracy_drop", "50 pp", False, id="accuracy, half"),
        pytest.param("accuracy", "50.0001 pp", True, id="accuracy, a hair beyond"),
        pytest.param("accuracy", "99 x error", False, id="errors: of how many?"),
        pytest.param("size", "1.5 x", False, id="size, half more"),
        pytest.param("size_ratio", "1.5001 x", True, id="size, a hair beyond"),
        pytest.param("latency", "1.5 x", False, id="latency, half more"),
        pytest.param("latency_ratio", "1.5001 x", True, id="latency, a hair beyond"),
        pytest.param("memory", "1.5001 x", True, id="memory"),
        pytest.param("memory", None, False, id="noted only"),
    ],
)
@pytest.mark.parametrize("kept", [True, False], ids=["baselines", "no baselines"])
def test_vacuous_changes(metric: str, change: str | None, vacuous: bool, kept: bool) -> None:
    found = said(metric, None, change=change, baseline=kept)

    assert bool(found) == (vacuous and kept), "a suite without baselines is held to none"
    assert not found or "is vacuous: it is wider than half of the baseline" in found


@pytest.mark.parametrize(
    ("limit", "floor", "below"),
    [
        pytest.param("1.05 x", 0.05, False, id="the floor exactly"),
        pytest.param("1.15 x", 0.15, False, id="the floor exactly, where 1.15 - 1 is not .15 in floats"),
        pytest.param("1.049999 x", 0.05, True, id="a hair below the floor"),
        pytest.param("1.2 x", 0.05, False, id="above the floor"),
        pytest.param("1.000001 x", 0.05, True, id="a hair above 1"),
        pytest.param("1 x", 0.05, False, id="1: must be faster, which the floor says nothing of"),
        pytest.param("0.5 x", 0.05, False, id="must be twice as fast"),
        pytest.param("1.4 x", math.inf, True, id="no floor was found"),
        pytest.param("1.000001 x", 0.0, False, id="a floor of 0"),
    ],
)
def test_a_ratio_below_the_noise_floor(limit: str, floor: float, below: bool) -> None:
    found = said("latency_ratio", limit, calibrated=noise_profile(noise_floor=floor))

    assert bool(found) == below, found
    assert said("latency_ratio", limit) == "", "nobody calibrated"


@pytest.mark.parametrize(
    ("change", "below"),
    [
        pytest.param("1.05 x", False, id="the floor exactly"),
        pytest.param("1.049999 x", True, id="a hair below"),
        pytest.param("1 x", True, id="no change at all"),
        pytest.param(None, False, id="noted only"),
    ],
)
@pytest.mark.parametrize("metric", ["latency", "latency_ratio"])
def test_a_change_below_the_noise_floor(metric: str, change: str | None, below: bool) -> None:
    found = said(metric, None, calibrated=FLOOR, change=change)

    assert ("latency_change=" in found) == below, found
    assert said(metric, None, calibrated=FLOOR, change=change, baseline=False) == ""


def test_the_sentence_of_the_noise_floor() -> None:
    assert said("latency_ratio", "1.02 x", calibrated=FLOOR) == (
        "latency_ratio='1.02 x' is below the noise floor: on Some CPU, 2 cores, x86_64+avx512_vnni equal artifacts "
        "differ by up to 5.0% (calibrated 2026-11-01). Allow more, or write 'report'"
    )


@pytest.mark.parametrize("metric", ["latency", "latency_p99", "size_ratio", "memory_ratio"])
def test_the_floor_is_one_of_latency_ratios(metric: str) -> None:
    limit = "1 ms" if METRICS[metric].unit == "ns" else "1.01 x"

    assert said(metric, limit, calibrated=FLOOR) == ""


@pytest.mark.parametrize("metric", core_metrics())
def test_report_only_is_never_linted(metric: str) -> None:
    hopeless = Facts(samples=1, smallest_class=1, reference_accuracy=0.0, per_sample=False)

    assert said(metric, None, hopeless, FLOOR) == ""


@pytest.mark.parametrize(
    ("metric", "limit"),
    [("accuracy_drop", "1 pp"), ("accuracy", "97 %"), ("worst_class_drop", "5 pp"), ("negative_flips", "1 %")],
)
def test_what_is_not_known_is_not_looked_at(metric: str, limit: str) -> None:
    assert said(metric, limit) == ""
    assert said(metric, limit, Facts(reference_accuracy=0.99)) == ""
    assert said("worst_class_drop", "5 pp", Facts(samples=3)) == "", "how they are split into classes is not known"


def test_everything_that_is_wrong_is_said() -> None:
    found = lint(case("latency_ratio", "1.01 x", "1.6 x"), UNKNOWN, noise_profile(noise_floor=0.7))

    assert [one.split("=")[0] for one in found] == ["latency_ratio", "latency_change", "latency_change"]
    found = lint(case("accuracy_drop", "60 pp", "60 pp"), Facts(samples=1), None)
    assert ["undecidable" if "decided" in one else "vacuous" for one in found] == ["undecidable", "vacuous", "vacuous"]


@pytest.mark.parametrize("metric", core_metrics())
def test_sane_limits_are_let_through(metric: str) -> None:
    sane = {
        "fraction": "95 %" if not METRICS[metric].at_most else "2 %",
        "bytes": "1 MB",
        "ratio": "1.1 x",
        "ns": "2 ms",
        "abs": "1 abs",
        "dB": "20 dB",
    }[METRICS[metric].unit]
    limit = "5 pp" if "pp" in METRICS[metric].units else sane
    facts = Facts(samples=10_000, smallest_class=1000, reference_accuracy=0.97)

    assert lint(case(metric, limit), facts, FLOOR) == []
