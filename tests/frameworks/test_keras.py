"""Keras models: weights, outputs, counts, and kept without pickle."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.frameworks.keras import KEPT_STRUCTURE, KEPT_WEIGHTS

pytestmark = pytest.mark.runtimes  # each test starts TensorFlow

ROOT = Path(__file__).parents[2]
MACS = {
    # 4x4 of the strided, depthwise, separable (both halves, 2x2), transposed (5x5 of 2x2) and dense
    "convolutions": 16 * 4 * 27 + 16 * 8 * 9 + (4 * 8 * 9 + 4 * 8 * 5) + 4 * 5 * 9 * 6 + 5 * 5 * 6 * 7,
    "grouped": 6 * 6 * 8 * 9 * 2,
    "sequence": 8 * 8 * 3 * 4 + 8 * 8 * 2,
    # query, key and value; scores and their use; the projection
    "attention": 3 * 5 * 8 * 8 + 2 * (2 * 5 * 5 * 4) + 5 * 8 * 8,
    "recurrent": None,
    "registered": 12,
    "unregistered": 12,
    "lambda": 12,
    "subclassed": 12,
}
NOT_KEPT = {"unregistered", "lambda", "subclassed"}


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("keras")
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [sys.executable, "-m", "tests.frameworks.keras_facts", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / "facts.json").read_text())  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", MACS)
def test_macs_are_those_counted_by_hand(facts: dict[str, Any], name: str) -> None:
    assert facts["kept"][name]["macs"] == MACS[name]


@pytest.mark.parametrize("name", MACS)
def test_a_model_of_known_layers_comes_back_the_same(facts: dict[str, Any], name: str) -> None:
    found = facts["kept"][name]
    if name in NOT_KEPT:
        assert (found["main"], found["files"]) == ("", [])
    else:
        assert (found["main"], found["files"]) == (KEPT_STRUCTURE, [KEPT_STRUCTURE, KEPT_WEIGHTS])
        assert found["same"]
        assert found["same_names"]


def test_state_holds_everything_under_names_that_do_not_count_other_models(facts: dict[str, Any]) -> None:
    # Every model of the process was built before this one.
    held = facts["state"]
    assert list(held)[:6] == [
        *("0000.kernel", "0001.bias", "0002.gamma", "0003.beta", "0004.moving_mean", "0005.moving_variance"),
    ]
    assert held["0000.kernel"] == [3, 3, 3, 4]


def test_outputs_are_floats_of_single_samples(facts: dict[str, Any]) -> None:
    assert facts["batches"] <= 1e-5
    assert {found["dtype"] for found in facts["kept"].values()} == {"float32"}
    assert facts["half"] == "float32"


@pytest.mark.parametrize(
    ("form", "given"),
    [
        ("tensor", "float32 (3, 4)"),
        ("list", ["float32 (3, 4)", "float32 (3,)"]),
        ("nested", ["float32 (3, 4)", "float32 (3,)", "float32 (3, 4)"]),
        ("dict", {"b": "float32 (3, 4)", "a": "float32 (3,)"}),
        ("nested in a dict", ["float32 (3, 4)", "float32 (3,)"]),
        ("integers", "int32 (3, 4)"),
        ("bools", "bool (3, 4)"),
        ("halves", ["float32 (3, 4)", "float32 (3, 4)", "float64 (3, 4)"]),
    ],
)
def test_what_a_model_may_give(facts: dict[str, Any], form: str, given: Any) -> None:
    assert facts["given"][form] == given


def test_several_inputs_go_by_name_where_the_model_has_these_names_else_in_order(facts: dict[str, Any]) -> None:
    found = facts["named"]
    assert found["by name"] == found["in order"] == {"less": [[1.0, 2.0]], "more": [[6, 2**41]]}
    assert found["macs"] == 4


def test_several_outputs_go_by_the_declared_names(facts: dict[str, Any]) -> None:
    found = facts["named"]
    assert found["leaves"] == [1, 2]
    assert found["turned"] == ["a", "b"]
    assert found["only"] == ["output"]


COUNTING = """
import os
import harness.frameworks.keras
import keras
keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])(keras.ops.ones((1, 8, 8, 3)))
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts the threads that Linux lists")
@pytest.mark.nightly
def test_a_model_function_in_a_child_process_runs_on_one_thread() -> None:
    def threads(**given: str) -> int:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_NUM_")}
        environment |= {"EDGE_HARNESS_CHILD": "1", **given}
        command = [sys.executable, "-c", COUNTING]
        return int(subprocess.check_output(command, cwd=ROOT, env=environment, timeout=120, stderr=subprocess.DEVNULL))

    assert threads(TF_NUM_INTRAOP_THREADS="6") - threads() == 5


def test_random_weights_are_seeded_and_the_callers_numbers_stay(facts: dict[str, Any]) -> None:
    assert facts["seeded"] == {"repeats": True, "differs": True, "numpy_kept": True}


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("type", "ContractError: the model function returned list, not a keras.Model"),
        ("unbuilt", "ContractError: the keras.Model has no weights yet"),
        ("array", "ContractError: the model must return tensors, it returned ndarray"),
        ("nothing", "ContractError: the model must return tensors, it returned NoneType"),
        ("mixed", "ContractError: the model must return tensors, it returned dict"),
        (
            "several",
            "ContractError: the model gives 2 outputs, and declared are 'output': write harness.model(..., outputs=",
        ),
        ("rows", "ContractError: output 'output' of the model must be a tensor with a row per sample"),
        ("short", "ContractError: the model gives 1 outputs, 2 are declared"),
        ("other", "ContractError: the model gives outputs ['a', 'c'], ['a', 'b'] are declared"),
        ("hostile", "ValueError: "),
        ("foreign", "ValueError: "),
    ],
)
def test_what_breaks_the_contract_is_said(facts: dict[str, Any], what: str, text: str) -> None:
    assert facts["said"][what].startswith(text), facts["said"][what]


def test_code_in_a_kept_structure_is_named(facts: dict[str, Any]) -> None:
    assert "Lambda" in facts["said"]["hostile"] or "lambda" in facts["said"]["hostile"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sequential", r"takes 'input_layer_\d+' float32 \(4,\) and gives 'dense_\d+'"),
        ("unnamed", r"takes 'input_layer_\d+' float32 \(5, 8\) and gives 'multi_head_attention_\d+'"),
        ("named", r"takes 'a' float32 \(2,\), 'b' int64 \(free,\) and gives 'less', 'more'"),
        ("two", r"takes 'a' float32 \(2,\) and gives 'left', 'right'"),
    ],
)
def test_a_file_tells_its_tensors_the_same_each_time(facts: dict[str, Any], name: str, says: str) -> None:
    first, second = facts["files"]["read"][name]
    assert re.fullmatch(says, first), first
    assert first == second


def test_an_opened_file_computes_what_was_saved(facts: dict[str, Any]) -> None:
    assert facts["files"]["same"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cut", "cut.keras is no whole .keras file: it is no zip archive"),
        ("empty", "empty.keras is no whole .keras file"),
        ("other", "other.keras is no whole .keras file"),
        ("gone", "gone.keras is no whole .keras file"),
        ("lambda", "Requested the deserialization of a `Lambda` layer"),
        ("unregistered", ": Could not locate class 'Unregistered'"),
        ("classed", "a Classed does not tell its inputs and outputs, as functional and sequential models do; register a function"),
        ("eight", "float32 (8, 4) takes 8 samples at a time, and evaluation gives one: write the file with a batch of one"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_model_says_why(facts: dict[str, Any], name: str, says: str) -> None:
    said = facts["files"]["said"][name]
    assert said.startswith("ContractError: ")
    assert says in said
    assert len(said) < 700
    if name in ("lambda", "unregistered"):
        assert said.endswith("register a function that loads it.")


@pytest.mark.parametrize("backend", ["torch", pytest.param("jax", marks=pytest.mark.nightly)])
def test_another_backend_is_refused(backend: str) -> None:
    probe = (
        "from types import SimpleNamespace; import keras; from harness.frameworks.keras import Keras; "
        f"keras.backend.backend = lambda: {backend!r}; Keras().state(None)"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert f"ContractError: Keras runs on '{backend}' here; only 'tensorflow' is taken" in done.stderr
