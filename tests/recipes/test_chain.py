"""The recipe grammar: which chains of steps can be run, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

import harness.recipes.quantization  # noqa: F401 - registers fp32, fp16, int8_dynamic, int8_static
from harness.core.recipe import Precision, Recipe
from harness.errors import DuplicateName, InvalidName, InvalidRecipe, UnknownName
from harness.recipes.chain import parse_recipe
from harness.recipes.registry import step, steps


@pytest.fixture(autouse=True)
def own_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's transforms beside the steps that ship, for one test."""
    monkeypatch.setattr(steps, "_entries", dict(steps._entries))

    @step("prune50", method="pruning")
    def prune(model: Any) -> Any:
        return model

    @step("finetune", method="distillation")
    def finetune(model: Any) -> Any:
        return model


@pytest.mark.parametrize(
    ("text", "transforms", "precision"),
    [
        pytest.param("fp32", [], "fp32", id="the reference"),
        pytest.param("fp16", [], "fp16", id="fp16"),
        pytest.param("int8_dynamic", [], "int8_dynamic", id="int8_dynamic"),
        pytest.param("int8_static", [], "int8_static", id="int8_static"),
        pytest.param("prune50", ["prune50"], "fp32", id="a transform alone is lowered as fp32"),
        pytest.param("prune50+int8_static", ["prune50"], "int8_static", id="transform, then precision"),
        pytest.param("prune50+finetune+fp16", ["prune50", "finetune"], "fp16", id="two transforms, then precision"),
        pytest.param("finetune+prune50", ["finetune", "prune50"], "fp32", id="transforms in the order written"),
    ],
)
def test_a_chain(text: str, transforms: list[str], precision: str) -> None:
    recipe = parse_recipe(text)

    assert recipe.name == text
    assert [one.name for one in recipe.transforms] == transforms
    assert recipe.precision.name == precision


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "an empty step", id="empty"),
        pytest.param("+", "an empty step", id="plus alone"),
        pytest.param("prune50+", "an empty step", id="plus at the end"),
        pytest.param("+fp16", "an empty step", id="plus in front"),
        pytest.param("prune50++fp16", "an empty step", id="two pluses"),
        pytest.param("prune50+prune50", "runs a step twice", id="the same step twice"),
        pytest.param("prune50+finetune+prune50", "runs a step twice", id="twice with another between"),
        pytest.param("fp16+fp16", "runs a step twice", id="the same precision twice"),
        pytest.param("fp32+fp16", "'fp32' is the uncompressed reference and stands alone", id="fp32 first"),
        pytest.param("prune50+fp32", "'fp32' is the uncompressed reference and stands alone", id="fp32 last"),
        pytest.param("int8_static+prune50", "'prune50' can't follow 'int8_static'", id="transform after precision"),
        pytest.param("fp16+int8_static", "'int8_static' can't follow 'fp16'", id="two precisions"),
        pytest.param("prune50+fp16+finetune", "'finetune' can't follow 'fp16'", id="precision in the middle"),
    ],
)
def test_a_chain_that_cannot_be_run_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidRecipe) as caught:
        parse_recipe(text)

    assert says in str(caught.value)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        pytest.param("int8_statc", "did you mean 'int8_static'", id="near"),
        pytest.param("prune50+int8", "did you mean 'int8_static' or 'int8_dynamic'", id="second step"),
        pytest.param("INT8_STATIC", "Existing: finetune, fp16, fp32, int8_dynamic, int8_static, prune50", id="case"),
        pytest.param(" fp16", "did you mean 'fp16'", id="space"),
    ],
)
def test_an_unknown_step_names_the_near_ones(text: str, near: str) -> None:
    with pytest.raises(UnknownName, match="unknown recipe step") as caught:
        parse_recipe(text)

    assert near in str(caught.value)


def test_precisions_that_ship() -> None:
    found = {one.name: one.precision for one in steps if one.precision is not None}

    assert found == {
        "fp32": Precision(name="fp32"),
        "fp16": Precision(name="fp16"),
        "int8_dynamic": Precision(name="int8_dynamic"),
        "int8_static": Precision(name="int8_static", parameters=(("per_channel", True),), needs_calibration=True),
    }
    assert {one.name: one.method for one in steps if one.precision is not None} == {
        "fp32": "reference",
        "fp16": "quantization",
        "int8_dynamic": "quantization",
        "int8_static": "quantization",
    }


def test_the_precision_of_a_recipe_is_that_of_its_last_step() -> None:
    assert Recipe(name="prune50", steps=(steps.get("prune50"),)).precision == Precision(name="fp32")


def test_a_registered_step_keeps_its_function_and_its_place() -> None:
    def halve(model: Any) -> Any:
        return model

    assert step("halve", method="low-rank")(halve) is halve
    assert steps.get("halve").transform is halve
    assert steps.get("halve").source.path == __file__


def test_a_step_must_have_a_name_that_can_stand_in_a_chain() -> None:
    with pytest.raises(InvalidName, match="recipe step name 'a\\+b'"):

        @step("a+b", method="pruning")
        def both(model: Any) -> Any:
            return model


def test_a_step_that_ships_can_not_be_replaced() -> None:
    with pytest.raises(DuplicateName, match=r"'fp16' is registered twice"):

        @step("fp16", method="quantization")
        def mine(model: Any) -> Any:
            return model
