"""Files that stand for a recipe: how they are registered, what they are held to, what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.registries import only_shipped

import harness
from harness import InFile
from harness.core.recipe import Trait
from harness.errors import ContractError, DuplicateName, InvalidName, InvalidRecipe
from harness.recipes.chain import parse_recipe
from harness.recipes.quantization import with_other_samples
from harness.registries import given_files, steps

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def own_registries() -> Iterator[None]:
    with only_shipped():
        yield


def given(name: str = "vendor", **changes: Any) -> None:
    said = {"model": "kws", "runtime": "litert", "file": "v.tflite", "claims": "int8_static", **changes}
    harness.artifact(name, **said)


def limits(recipe: str) -> dict[str, str]:
    return {promise.metric.name: str(promise.limit) for promise in parse_recipe(recipe).promises}


def test_a_file_is_found_by_recipe_model_and_runtime() -> None:
    given(inputs={"x": InFile(name="y")})
    given(model="other", file=Path("/abs/o.tflite"))
    given(runtime="onnxruntime", file="../v.onnx")

    found = given_files.find("vendor", "kws", "litert")
    assert found is not None
    assert (found.file, found.inputs, found.outputs) == (HERE / "v.tflite", {"x": InFile(name="y")}, {})
    assert found.source.path == __file__
    others = [given_files.find("vendor", *place) for place in (("other", "litert"), ("kws", "onnxruntime"))]
    assert [one.file for one in others if one] == [Path("/abs/o.tflite"), HERE.parent / "v.onnx"]
    assert given_files.find("vendor", "other", "onnxruntime") is None
    assert [one.runtime for one in given_files.of("vendor", "kws")] == ["litert", "onnxruntime"]
    assert len(given_files.of("vendor")) == 3
    assert given_files.of("fp32") == []


@pytest.mark.parametrize(
    "claims",
    ["fp16", "int8_dynamic", "int8_weight_only", "int8_static", "int8_static_per_tensor_entropy_n50_seed1", "prune50", "prune50+int8_static"],
)  # fmt: skip
def test_it_is_held_to_what_the_recipe_of_its_claim_promises(claims: str) -> None:
    given(claims=claims)
    floats = {"fp32_share": limits("vendor")["fp32_share"]} if claims == "prune50" else {}
    assert limits("vendor") == limits(claims) | floats != {}
    recipe = parse_recipe("vendor")
    assert recipe.given
    assert recipe.transforms == ()
    assert recipe.precision == parse_recipe(claims).precision
    assert recipe.changes_model is ("prune50" in claims)
    assert not parse_recipe(claims).given


def test_a_float_file_is_held_to_float_kernels() -> None:
    given(claims="fp32")
    assert limits("fp32") == {}
    assert list(limits("vendor")) == ["fp32_share"]
    assert not parse_recipe("vendor").changes_model


def test_a_file_that_is_no_recipe_of_ours_leaves_nothing_to_undo() -> None:
    given()
    (step,) = parse_recipe("vendor").steps
    assert (step.method, step.claims, step.leaves, step.undoes) == ("given", "int8_static", frozenset(), frozenset())
    assert Trait.ZEROS not in step.leaves


@pytest.mark.parametrize("recipe", ["vendor+prune50", "prune50+vendor", "vendor+int8_static", "fp16+vendor"])
def test_it_stands_alone(recipe: str) -> None:
    given()
    with pytest.raises(
        InvalidRecipe, match=f"{re.escape(recipe)}.*'vendor' is a file that somebody else made and stands alone"
    ):
        parse_recipe(recipe)


def test_of_it_no_other_samples_are_drawn() -> None:
    given("int8_static_vendor")
    assert with_other_samples("int8_static_vendor") == []
    assert len(with_other_samples("int8_static")) == 3


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        pytest.param("int8_sttic", "claims='int8_sttic': unknown recipe step 'int8_sttic'; did you mean 'int8_static'", id="unknown"),
        pytest.param("", "claims='': ", id="empty"),
        pytest.param("fp16+int8_static", "claims='fp16+int8_static': ", id="no chain"),
        pytest.param("another", "it claims to be 'another', which is a given file itself", id="another file"),
    ],
)  # fmt: skip
def test_a_claim_that_means_nothing_is_told_with_its_place(claims: str, says: str) -> None:
    given("another")
    given("vendor", claims=claims)
    with pytest.raises(ContractError, match=re.escape(says)) as caught:
        parse_recipe("vendor")
    assert f"artifact 'vendor' ({__file__}:" in str(caught.value)


@pytest.mark.parametrize("name", ["fp32", "int8_static", "prune50", "int8_static_n50"])
def test_the_name_of_a_recipe_is_refused(name: str) -> None:
    with pytest.raises(
        ContractError,
        match=f"that is a recipe of the harness; give the file a name of its own, such as 'vendor_{name}'",
    ):
        given(name, claims="fp16")
    assert given_files.of(name) == []


def test_a_name_that_is_its_own_claim_is_refused() -> None:
    with pytest.raises(ContractError, match="that is a recipe of the harness"):
        given("mine", claims="mine")


@pytest.mark.parametrize("name", ["vendor+int8", "", "vendor int8", "ve/ndor", "int8{x}", 3])
def test_a_name_that_can_stand_in_no_cell_is_refused(name: Any) -> None:
    with pytest.raises(InvalidName, match="can't stand in a cell's id"):
        given(name)
    assert not list(given_files)


def test_one_name_is_one_claim() -> None:
    given()
    with pytest.raises(ContractError, match=r"claims 'fp16' at .* and 'int8_static' at .*: one name is one claim"):
        given(model="other", claims="fp16")


def test_one_place_takes_one_file() -> None:
    """Wherever the second one stands: this helper registers all of them on one line."""
    given()
    given()
    said = f"artifact 'vendor' of 'kws' on litert is registered twice: {HERE / 'v.tflite'} at {__file__}:"
    with pytest.raises(DuplicateName, match=re.escape(said)):
        given(file="another.tflite")
    with pytest.raises(DuplicateName):
        given(inputs={"x": InFile(scale=0.5)})


def test_names_with_dots_are_names_and_no_patterns() -> None:
    given("vendor-1.0")
    assert steps.names_step("vendor-1.0")
    assert not steps.names_step("vendor-1x0")


@pytest.mark.parametrize("side", ["inputs", "outputs"])
@pytest.mark.parametrize("entries", [{"x": "NCHW->NHWC"}, InFile(), [InFile()], {"x": None}])
def test_what_is_no_declaration_is_refused(side: str, entries: Any) -> None:
    with pytest.raises(ContractError, match=re.escape(f"artifact 'vendor': {side}=") + ".*harness.InFile"):
        given(**{side: entries})
    assert not list(given_files)


def test_a_later_step_of_its_name_is_refused() -> None:
    given()
    with pytest.raises(DuplicateName):
        harness.step("vendor", method="pruning")(lambda model: model)
