"""The recipe grammar: which chains of steps can be run, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

import harness.recipes.quantization  # noqa: F401 - registers fp32, fp16, int8_dynamic, int8_static
from harness.core.recipe import Precision, Recipe
from harness.errors import ContractError, DuplicateName, InvalidLimit, InvalidName, InvalidRecipe, UnknownName
from harness.recipes.chain import control_of, parse_recipe
from harness.recipes.quantization import with_other_samples
from harness.recipes.steps import step
from harness.registries import steps


@pytest.fixture(autouse=True)
def own_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's transforms beside the steps that ship, for one test."""
    quantizing = {one.name: one for one in steps if one.source.module == "harness.recipes.quantization"}
    monkeypatch.setattr(steps, "_entries", quantizing)

    @step("cut{percent}", method="pruning", leaves=["zeros"], promise=lambda percent: {"sparsity": f"{percent} %"})
    def prune(model: Any, percent: int) -> Any:
        return model

    @step("narrow{percent}", method="pruning", control="train_on")
    def narrow(model: Any, work: Any, percent: int) -> Any:
        return model

    @step("train_on", method="training", trains=True)
    def train_on(model: Any) -> Any:
        return model

    @step("aware", method="quantization", trains=True, precision=Precision(name="int8_static"))
    def aware(model: Any) -> Any:
        return model

    @step("pupil", method="distillation", trains=True, replaces=True)
    def student(model: Any) -> Any:
        return model


@pytest.mark.parametrize(
    ("text", "transforms", "precision"),
    [
        pytest.param("fp32", [], "fp32", id="the reference"),
        pytest.param("fp16", [], "fp16", id="fp16"),
        pytest.param("int8_dynamic", [], "int8_dynamic", id="int8_dynamic"),
        pytest.param("int8_static", [], "int8_static", id="int8_static"),
        pytest.param("cut50", ["cut50"], "fp32", id="a transform alone is lowered as fp32"),
        pytest.param("cut50+int8_static", ["cut50"], "int8_static", id="transform, then precision"),
        pytest.param("narrow50+train_on+fp16", ["narrow50", "train_on"], "fp16", id="two transforms, then precision"),
        pytest.param("train_on+cut50", ["train_on", "cut50"], "fp32", id="transforms in the order written"),
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
        pytest.param("cut50+", "an empty step", id="plus at the end"),
        pytest.param("+fp16", "an empty step", id="plus in front"),
        pytest.param("cut50++fp16", "an empty step", id="two pluses"),
        pytest.param("cut50+cut50", "runs a step twice", id="the same step twice"),
        pytest.param("narrow50+train_on+narrow50", "runs a step twice", id="twice with another between"),
        pytest.param("fp16+fp16", "runs a step twice", id="the same precision twice"),
        pytest.param("fp32+fp16", "'fp32' is the uncompressed reference and stands alone", id="fp32 first"),
        pytest.param("cut50+fp32", "'fp32' is the uncompressed reference and stands alone", id="fp32 last"),
        pytest.param("int8_static+cut50", "'cut50' can't follow 'int8_static'", id="transform after precision"),
        pytest.param("fp16+int8_static", "'int8_static' can't follow 'fp16'", id="two precisions"),
        pytest.param("narrow50+fp16+train_on", "'train_on' can't follow 'fp16'", id="precision in the middle"),
        pytest.param(
            "cut50+train_on",
            "'train_on' trains the weights, which undoes the zeros of 'cut50'; put 'cut50' after it",
            id="zeros trained away",
        ),
        pytest.param("cut50+pupil", "'pupil' makes a new model and throws away what 'cut50' did", id="all thrown away"),
        pytest.param("cut50+aware", "the two exclude each other", id="trained away, and no other order"),
        pytest.param("cut0", "percent is 0, it must be 1 to 99", id="nothing to prune"),
        pytest.param("cut100", "percent is 100, it must be 1 to 99", id="all to prune"),
        pytest.param("cut050", "write percent without leading zeros", id="two names for one step"),
        pytest.param(
            "int8_static_seed1", "Say how many, such as 'int8_static_n100_seed1'", id="a seed for all samples"
        ),
        pytest.param("int8_static_n0", "samples is 0, it must be at least 1", id="no samples"),
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
        pytest.param("cut50+int8", "did you mean 'int8_static' or 'int8_dynamic'", id="second step"),
        pytest.param(
            "INT8_STATIC",
            "Existing: aware, cut{percent}, fp16, fp32, int8_dynamic, int8_static, int8_weight_only, narrow{percent}, pupil",
            id="case",
        ),
        pytest.param("cot50", "did you mean 'cut50'", id="with its number"),
        pytest.param(" fp16", "did you mean 'fp16'", id="space"),
    ],
)
def test_an_unknown_step_names_the_near_ones(text: str, near: str) -> None:
    with pytest.raises(UnknownName, match="unknown recipe step") as caught:
        parse_recipe(text)

    assert near in str(caught.value)


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("fp32", Precision(name="fp32")),
        ("fp16", Precision(name="fp16")),
        ("int8_dynamic", Precision(name="int8_dynamic")),
        ("int8_weight_only", Precision(name="int8_weight_only")),
        ("int8_static", Precision(name="int8_static", parameters=(("per_channel", True),), needs_calibration=True)),
        (
            "int8_static_per_tensor",
            Precision(name="int8_static", parameters=(("per_channel", False),), needs_calibration=True),
        ),
        (
            "int8_static_entropy_n64_seed3",
            Precision(
                name="int8_static",
                parameters=(("per_channel", True), ("ranges", "entropy"), ("samples", 64), ("seed", 3)),
                needs_calibration=True,
            ),
        ),
    ],
)
def test_precisions_that_ship(name: str, precision: Precision) -> None:
    found = steps.step(name)

    assert found.precision == precision
    assert found.method == ("reference" if name == "fp32" else "quantization")
    assert bool(found.promises) is (name != "fp32")


def test_the_precision_of_a_recipe_is_that_of_its_last_step() -> None:
    assert Recipe(name="cut50", steps=(steps.step("cut50"),)).precision == Precision(name="fp32")


def test_numbers_in_a_name_reach_the_step_and_its_promise() -> None:
    found = steps.step("cut30")

    assert found.parameters == (("percent", 30),)
    assert [(one.metric.name, one.limit.text) for one in found.promises] == [("sparsity", "30 %")]
    assert (found.takes_work, steps.step("narrow1").takes_work) == (False, True)


def test_a_recipe_promises_what_each_of_its_steps_does() -> None:
    found = parse_recipe("cut50+int8_static").promises

    assert [(one.metric.name, one.limit.text) for one in found] == [("sparsity", "50 %"), ("int8_share", "95 %")]


@pytest.mark.parametrize(
    ("recipe", "control"),
    [
        ("cut50", ""),
        ("narrow50", "train_on"),
        ("narrow50+int8_static", "train_on+int8_static"),
        ("cut20+narrow50+fp16", None),
    ],
)
def test_the_control_of_a_recipe_lacks_one_step(recipe: str, control: str | None) -> None:
    if control is None:  # the control itself is a chain that can't be run: said so, not run
        with pytest.raises(InvalidRecipe):
            control_of(recipe)
    else:
        assert control_of(recipe) == control


@pytest.mark.parametrize(
    ("recipe", "drawn"),
    [
        ("int8_static", ["int8_static_n100_seed1", "int8_static_n100_seed2", "int8_static_n100_seed3"]),
        ("cut50+int8_static_n50", [f"cut50+int8_static_n50_seed{seed}" for seed in (1, 2, 3)]),
        ("int8_static_n50_seed1", []),
        ("int8_dynamic", []),
        ("cut50", []),
    ],
)
def test_a_recipe_with_other_calibration_samples(recipe: str, drawn: list[str]) -> None:
    assert with_other_samples(recipe) == drawn
    assert all(parse_recipe(one) for one in drawn)


def test_a_registered_step_keeps_its_function_and_its_place() -> None:
    def halve(model: Any) -> Any:
        return model

    assert step("halve", method="low-rank")(halve) is halve
    assert steps.step("halve").transform is halve
    assert steps.step("halve").source.path == __file__


@pytest.mark.parametrize(
    ("name", "options", "error", "says"),
    [
        ("a{percent}", {}, ContractError, "the name has the parameters ['percent'], the function takes none"),
        ("a{n}_{n}", {}, ContractError, "has a parameter twice"),
        ("a", {"leaves": ["holes"]}, ContractError, "traits are zeros, palette"),
        ("a", {"promise": {"sparsity": "45"}}, InvalidLimit, "has no unit"),
        ("a", {"promise": {"accuracy_drop": "1 pp"}}, InvalidLimit, "not read from the artifact"),
        ("a", {"promise": {"sparsty": "45 %"}}, UnknownName, "did you mean 'sparsity'"),
    ],
)
def test_a_step_that_is_wrongly_registered_is_refused(
    name: str, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as caught:

        @step(name, method="pruning", **options)
        def wrong(model: Any) -> Any:
            return model

    assert says in str(caught.value)
    assert name not in steps


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
