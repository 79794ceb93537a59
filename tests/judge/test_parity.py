"""Which outputs are no longer those of the float model."""

from __future__ import annotations

import pytest
from fakes.registries import only_shipped

import harness
from harness.core.figures import AGREEMENT, CORRELATION, FP32_SHARE, OUTPUT_ERROR, SQNR
from harness.judge.parity import LEAST_CORRELATION, LEAST_SQNR_DB, MOSTLY_FLOAT, parity_failure
from harness.pipeline.catalog import load_catalog
from harness.recipes.chain import parse_recipe

load_catalog()


@pytest.mark.parametrize(
    ("correlation", "agreement", "kept"),
    [
        pytest.param(0.1, 0.9, True, id="wild scores of one class"),
        pytest.param(0.1, 0.89, False, id="wild scores of several"),
        pytest.param(0.0, 1.0, False, id="constant outputs that agree by chance"),
        pytest.param(float("nan"), 0.5, False, id="NaN"),
        pytest.param(float("nan"), 1.0, False, id="NaN, whatever the labels"),
        pytest.param(0.9, 0.1, True, id="scores that correlate"),
    ],
)
def test_equal_labels_make_up_for_a_low_correlation(correlation: float, agreement: float, kept: bool) -> None:
    measured = {one.name: one for one in (CORRELATION.measured(correlation), AGREEMENT.measured(agreement))}
    assert (parity_failure(parse_recipe("int8_static"), measured) == "") == kept


@pytest.mark.parametrize(
    ("recipe", "sqnr", "correlation", "says"),
    [
        pytest.param("fp32", 130.0, 1.0, "", id="fp32 as it should be"),
        pytest.param("fp32", LEAST_SQNR_DB, 1.0, "", id="fp32 at the limit"),
        pytest.param("fp32", LEAST_SQNR_DB - 0.01, 1.0, "does not reproduce the float model", id="fp32 below it"),
        pytest.param("fp32", None, 1.0, "no SQNR was measured", id="fp32 without SQNR"),
        pytest.param("fp32", float("nan"), 1.0, "SQNR nan dB", id="fp32 with NaN"),
        pytest.param("int8_static", 5.0, 0.99, "", id="int8 with noise"),
        pytest.param("int8_static", 5.0, LEAST_CORRELATION, "", id="int8 at the limit"),
        pytest.param("int8_static", 5.0, 0.49, "have little to do with", id="int8 below it"),
        pytest.param("int8_dynamic", 5.0, float("nan"), "correlation nan", id="int8 with NaN"),
        pytest.param("fp16", -3.0, None, "no correlation was measured", id="fp16 without correlation"),
        pytest.param("fp16", 200.0, None, "", id="constant outputs on both sides"),
        pytest.param("prune50_finetune", -20.0, 0.2, "", id="a transformed model may compute something else"),
        pytest.param("prune50_finetune+int8_static", -20.0, 0.2, "", id="and what is quantized from it"),
        pytest.param("prune50_finetune", -20.0, 0.19, "have little to do with", id="but not just anything"),
        pytest.param("prune50_finetune+int8_static", -20.0, 0.0, "have little to do with", id="nor a constant"),
        pytest.param("prune50_finetune", -20.0, float("nan"), "correlation nan", id="nor NaN"),
        pytest.param("prune50_finetune", -20.0, None, "no correlation was measured", id="nor nothing"),
    ],
)
def test_parity(recipe: str, sqnr: float | None, correlation: float | None, says: str) -> None:
    measured = {OUTPUT_ERROR.name: OUTPUT_ERROR.measured(46.85)}
    if sqnr is not None:
        measured[SQNR.name] = SQNR.measured(sqnr)
    if correlation is not None:
        measured[CORRELATION.name] = CORRELATION.measured(correlation)
    failure = parity_failure(parse_recipe(recipe), measured)
    assert says in failure
    assert bool(failure) == bool(says)
    assert not failure or "46.85" in failure


@pytest.mark.parametrize(
    ("claims", "share", "sqnr", "correlation", "says"),
    [
        pytest.param("fp32", 1.0, 130.0, 1.0, "", id="floats that reproduce"),
        pytest.param("fp32", 1.0, 20.0, 0.99, "does not reproduce the float model", id="floats that don't"),
        pytest.param("fp32", MOSTLY_FLOAT, 20.0, 0.99, "does not reproduce the float model", id="just float enough"),
        pytest.param("fp32", MOSTLY_FLOAT - 0.001, 20.0, 0.99, "", id="other numbers: the promise tells it"),
        pytest.param("fp32", 0.0, 20.0, 0.49, "have little to do with", id="other numbers of another model"),
        pytest.param("fp32", None, 20.0, 0.99, "does not reproduce the float model", id="nobody knows what it holds"),
        pytest.param("int8_static", 1.0, 20.0, 0.5, "", id="int8 that is float"),
        pytest.param("prune50", 1.0, -20.0, 0.2, "", id="a transformed model"),
        pytest.param("prune50", 1.0, -20.0, 0.19, "have little to do with", id="not just anything"),
    ],
)
def test_parity_of_a_given_file_goes_by_its_claim_and_what_it_holds(
    claims: str, share: float | None, sqnr: float, correlation: float, says: str
) -> None:
    with only_shipped():
        harness.artifact("vendor", model="m", runtime="litert", file="v.tflite", claims=claims)
        recipe = parse_recipe("vendor")
    measured = [OUTPUT_ERROR.measured(46.85), SQNR.measured(sqnr), CORRELATION.measured(correlation)]
    if share is not None:
        measured.append(FP32_SHARE.measured(share))
    failure = parity_failure(recipe, {one.name: one for one in measured})
    assert says in failure
    assert bool(failure) == bool(says)
