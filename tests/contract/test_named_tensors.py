"""Several inputs and outputs by name, whole numbers, free lengths and a state, on every runtime."""

from pathlib import Path

import numpy as np
import pytest
from fakes.lab import load
from fakes.registries import only_shipped

from harness.core.names import Cell
from harness.core.tensors import Ragged
from harness.pipeline.measure import probe
from harness.pipeline.resolved import resolve
from harness.registries import runtimes

from .conftest import RUNTIMES, claimed, of_selected_tests, parameters, prepared

pytestmark = pytest.mark.runtimes
MODELS = Path(__file__).with_name("named_models.py")


def cells(models, recipes=("fp32",)):
    return [
        Cell(model=model, recipe=recipe, runtime=name)
        for name in RUNTIMES
        for model in models
        for recipe in recipes
        if claimed(runtimes.get(name), "keras" if model.endswith("keras") else "torch", recipe)
    ]


ALWAYS = [
    *cells(["pair_tuple"]),
    Cell(model="pair_tuple", recipe="int8_static", runtime="onnxruntime"),
    *(Cell(model="lengths_torch", recipe="fp32", runtime=name) for name in ("onnxruntime", "litert")),
    Cell(model="pair_keras", recipe="fp32", runtime="tensorflow"),
]
SLOW = ("executorch", "torch_inductor")
"""Runtimes that take more than ten seconds to build the smallest model or to load it."""
AT_NIGHT = [
    *cells(["pair_dict", "pair_keras", "lengths_torch", "lengths_keras", "lengths_out_torch", "state_torch"]),
    *cells(["pair_tuple"], ["fp16", "int8_dynamic", "int8_static"]),
    *cells(["lengths_torch", "lengths_keras", "state_torch", "pair_keras"], ["int8_static"]),
]
UNSUPPORTED = {
    Cell(model=model, recipe=recipe, runtime="litert"): "litert_torch keeps no free length (length) through aten."
    for model in ("lengths_torch", "lengths_out_torch")
    for recipe in ("fp32", "int8_static")
}
"""What no tool can do, told as that."""
LEAST_SQNR_DB = {"fp32": 90, "fp16": 45, "int8_dynamic": 15, "int8_static": 15}


@pytest.fixture(scope="module")
def registered():
    with only_shipped():
        load(MODELS)
        yield


@pytest.fixture(scope="module")
def run(registered, request, settings):
    quick = [cell for cell in ALWAYS if cell.runtime not in SLOW]
    return prepared(settings, list(dict.fromkeys([*quick, *of_selected_tests(request, ALWAYS)])))


@pytest.fixture(scope="module")
def nightly_run(registered, settings):
    return prepared(settings, AT_NIGHT)


def check_outputs(run, settings, cell):
    if cell in UNSUPPORTED:
        assert run.results[cell].status == "unsupported"
        assert run.results[cell].reason.startswith(UNSUPPORTED[cell])
        return
    assert cell in run.artifacts, run.results[cell].reason
    found = probe(resolve(cell), run.artifacts[cell], run.references[cell.model], settings)
    sqnr = next(one.value for one in found.measurements if one.name == "output_sqnr_db")
    assert sqnr >= LEAST_SQNR_DB[cell.recipe]
    assert sqnr < 200 or cell.recipe == "fp32", "a quantizer that did nothing would keep the outputs exactly"


@pytest.mark.parametrize("cell", parameters(ALWAYS, lambda cell: cell.runtime not in SLOW))
def test_the_outputs_are_the_float_models(run, settings, cell):
    check_outputs(run, settings, cell)


@pytest.mark.nightly
@pytest.mark.parametrize("cell", AT_NIGHT, ids=lambda cell: cell.id)
def test_the_outputs_of_more_are_the_float_models(nightly_run, settings, cell):
    check_outputs(nightly_run, settings, cell)


@pytest.mark.parametrize("model", ["pair_tuple", "pair_keras"])
def test_the_reference_keeps_names_and_order(run, model):
    reference = run.references[model]
    assert reference.load("inputs").names == ("image", "codes", "seen")
    outputs = reference.tally().outputs
    assert [(name, outputs[name].shape[1]) for name in outputs.names] == [("logits", 10), ("features", 16)]


def test_free_lengths_are_those_of_the_samples(run):
    reference = run.references["lengths_torch"]
    tokens = [*reference.load("inputs")["tokens"], *reference.load("calibration")["tokens"]]
    assert reference.signature.lengths == {"length": (min(map(len, tokens)), max(map(len, tokens)))}


@pytest.mark.nightly
def test_dict_and_tuple_give_the_same(run, nightly_run):
    outputs = [one.references[f"pair_{form}"].tally().outputs for one, form in ((run, "tuple"), (nightly_run, "dict"))]
    for name in ("logits", "features"):
        np.testing.assert_array_equal(outputs[0][name], outputs[1][name])


@pytest.mark.nightly
def test_outputs_of_free_length_stay_ragged(nightly_run):
    reference = nightly_run.references["lengths_out_torch"]
    outputs, tokens = reference.tally().outputs, reference.load("inputs")["tokens"]
    assert isinstance(outputs.only, Ragged)
    assert [len(one) for one in outputs.only] == [len(one) for one in tokens]
