"""Models that are files, through the whole run, by their engines and without any training framework."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from fakes.files import DATA_SET, SCORES, onnx_model, write_onnx, write_tflite
from fakes.lab import Found, Lab, cases
from fakes.lab import lab as open_lab
from fakes.no_frameworks import NoFrameworks

from harness.core.figures import CORRELATION, SQNR
from harness.core.finding import Verdict
from harness.core.names import Cell
from harness.core.signature import Input
from harness.errors import ContractError
from harness.pipeline.opened_file import check_unchanged, file_sha256, signature_of
from harness.pipeline.run import Run
from harness.registries import models
from harness.store.model_files import files_sha256

pytestmark = pytest.mark.runtimes

MODELS = """
import os
from pathlib import Path

from fakes.files import OTHERS, write_onnx

FILES = Path(__file__).parent / "files"

harness.model("cube", file=FILES / "cube.onnx", dataset="cubes")
harness.model("lite", file="files/cube.tflite", dataset="cubes")
harness.model("lite_unsigned", file="files/unsigned.tflite", dataset="cubes")
harness.model("old", file="files/old.onnx", dataset="cubes")
harness.model("external", file="files/external.onnx", dataset="cubes")
harness.model("masked", file="files/masked.onnx", dataset="cubes")
harness.model("meddled", file="files/meddled.onnx", dataset="meddling")


@harness.dataset("meddling")
def meddling():
    write_onnx(FILES / "meddled.onnx", outputs={"scores": OTHERS})
    return cubes()
"""
RECIPES = {
    "cube": ("fp32", "fp16", "int8_dynamic", "int8_weight_only", "int8_static", "int8_static_n20_seed1", "prune50"),
    "lite": ("fp32", "fp16", "int8_dynamic", "int8_weight_only", "int8_static", "prune50"),
    "lite_unsigned": ("int8_static",),
    "old": ("fp32", "int8_static"),
    "external": ("fp32", "int8_static"),
    "masked": ("fp32",),
}
RUNTIMES = {name: "litert" if name.startswith("lite") else "onnxruntime" for name in RECIPES}
CELLS = [(model, recipe) for model, recipes in RECIPES.items() for recipe in recipes]
STORED = {"fp16": "fp16_share_fraction", "fp32": "fp32_share_fraction"}
"""What the kernels of a recipe's artifact are stored as; all others are int8."""


@dataclass
class Judged:
    """One run over all models and recipes."""

    lab: Lab
    run: Run
    found: Found
    no_frameworks: NoFrameworks


def write_files(folder: Path) -> None:
    import onnx

    folder.mkdir()
    write_onnx(folder / "cube.onnx")
    write_onnx(folder / "meddled.onnx")
    write_tflite(folder / "cube.tflite", shape=(-1, 4, 4, 4))
    write_tflite(folder / "unsigned.tflite", signatures=(), tensor_names=("serving_default_x:0", "Call:0"))
    write_onnx(folder / "old.onnx", opset=11, ir_version=3, shape=(1, 4, 4, 4))
    (folder / "masked.onnx").write_bytes(masked(-np.inf))
    onnx.save(
        onnx_model(),
        str(folder / "external.onnx"),
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )


def masked(least: float, *, in_a_node: bool = False) -> bytes:
    """The model with scores of at least *least*, which is a constant or stands in a node: no sample has less than -1000."""
    import onnx

    model, value = onnx_model(outputs={"raw": SCORES}), onnx.numpy_helper.from_array(np.float32(least), "least")
    if in_a_node:
        model.graph.node.append(onnx.helper.make_node("Constant", [], ["least"], value=value))
    else:
        model.graph.initializer.append(value)
    model.graph.node.append(onnx.helper.make_node("Max", ["raw", "least"], ["scores"]))
    model.graph.output[0].name = "scores"
    return bytes(model.SerializeToString())


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    folder = tmp_path_factory.mktemp("files")
    write_files(folder / "files")
    no_frameworks = NoFrameworks(folder / "site")
    with pytest.MonkeyPatch.context() as monkeypatch, open_lab(folder) as lab:
        no_frameworks.use(monkeypatch)
        lab.register(DATA_SET, MODELS)
        wanted = [
            case
            for model, recipes in RECIPES.items()
            for case in cases("accuracy_drop", models=[model], recipes=recipes, runtimes=[RUNTIMES[model]])
        ]
        run = lab.run()
        run.prepare(wanted)
        found = {(case.cell.id, case.metric.name): run.judge(case) for case in wanted}
        yield Judged(lab, run, found, no_frameworks)


@pytest.mark.parametrize(("model", "recipe"), [one for one in CELLS if one[1] != "prune50"])
def test_a_recipe_that_needs_no_framework_works_on_a_file(judged: Judged, model: str, recipe: str) -> None:
    cell = Cell(model=model, recipe=recipe, runtime=RUNTIMES[model])
    findings = judged.found[cell.id, "accuracy_drop"]
    assert [one.verdict for one in findings] == [Verdict.REPORTED], findings[0].reason

    measured = {name: one.value for name, one in judged.run.results[cell].measurements.items()}
    assert measured[STORED.get(recipe, "int8_share_fraction")] == 1
    assert measured["accuracy_fraction"] >= (0.95 if recipe.startswith("int8") else 1)
    assert measured[CORRELATION.name] > 0.99
    assert measured[SQNR.name] > (100 if recipe == "fp32" else 20)


@pytest.mark.parametrize(
    ("model", "framework"), [pytest.param("cube", "onnx", id="onnx"), pytest.param("lite", "tflite", id="tflite")]
)
def test_a_recipe_that_needs_torch_is_unsupported_on_a_file(judged: Judged, model: str, framework: str) -> None:
    (finding,) = judged.found[f"{model}/prune50/{RUNTIMES[model]}/local", "accuracy_drop"]
    assert finding.verdict is Verdict.UNSUPPORTED
    assert finding.reason == f"unsupported: step 'prune50' transforms torch models, and {model!r} is one of {framework}"


def test_nothing_imports_a_training_framework(judged: Judged) -> None:
    assert judged.no_frameworks.asked == []
    assert judged.no_frameworks.started > len(CELLS) - 2, "a worker for each that is supported, at least"


def test_what_a_file_takes_and_gives_is_told(judged: Judged) -> None:
    files = judged.lab.folder / "files"
    assert f"reference cube: {files / 'cube.onnx'} takes 'x' float32 (4, 4, 4) and gives 'scores'" in judged.lab.lines
    assert (
        f"reference lite_unsigned: {files / 'unsigned.tflite'} takes 'serving_default_x:0' float32 (4, 4, 4) and gives 'Call:0'"
        in judged.lab.lines
    )


def test_provenance_tells_the_hash_of_the_file(judged: Judged) -> None:
    for model, file in (("cube", "cube.onnx"), ("lite", "cube.tflite"), ("external", "external.onnx")):
        cell = Cell(model=model, recipe="fp32", runtime=RUNTIMES[model])
        assert judged.run.artifacts[cell].provenance.file_sha256 == files_sha256(judged.lab.folder / "files" / file)


def test_a_second_run_builds_nothing(judged: Judged) -> None:
    (case,) = cases("size", models=["cube"], recipes=["fp32"], runtimes=["onnxruntime"])
    judged.lab.judge([case])
    assert judged.lab.built() == []


def test_a_file_that_differs_in_nothing_that_was_looked_at_is_another_model(judged: Judged) -> None:
    """Its weights are the same, and so are its outputs on all samples."""
    lab, file = judged.lab, judged.lab.folder / "files" / "cube.onnx"
    (case,) = cases("size", models=["cube"], recipes=["fp32"], runtimes=["onnxruntime"])
    held = file.read_bytes()
    try:
        file.write_bytes(masked(-1000, in_a_node=True))
        run = lab.run()
        run.prepare([case])
    finally:
        file.write_bytes(held)
    assert run.references["cube"].fingerprint == judged.run.references["cube"].fingerprint
    assert lab.built() == ["cube/fp32/onnxruntime"]
    assert run.artifacts[case.cell].key != judged.run.artifacts[case.cell].key


def test_a_file_that_is_replaced_while_it_is_measured_is_told(judged: Judged) -> None:
    file = judged.lab.folder / "files" / "meddled.onnx"
    (case,) = cases("size", models=["meddled"], recipes=["fp32"], runtimes=["onnxruntime"])
    (finding,) = judged.lab.judge([case])[case.cell.id, "size"]
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "model")
    assert f"{file} was replaced while it was measured: run again" in finding.reason


def test_a_file_model_has_the_signature_of_its_file_and_a_function_its_own(judged: Judged) -> None:
    assert signature_of(models.get("cube")).inputs == (Input(name="x", shape=(4, 4, 4)),)
    digits = models.get("digits_cnn")
    assert signature_of(digits) is digits.signature


def test_only_a_file_has_a_hash_that_is_held(judged: Judged) -> None:
    cube, digits = models.get("cube"), models.get("digits_cnn")
    assert (len(file_sha256(cube)), file_sha256(digits)) == (64, "")
    check_unchanged(cube, file_sha256(cube))
    check_unchanged(digits, "")
    with pytest.raises(ContractError, match=re.escape(f"{cube.file} was replaced while it was measured: run again")):
        check_unchanged(cube, "another")


def test_an_unusable_signature_is_told_with_the_file(judged: Judged) -> None:
    cube = models.get("cube")
    batch_of_eight = write_onnx(judged.lab.folder / "eight.onnx", shape=(8, 4, 4, 4))
    with pytest.raises(
        ContractError, match=re.escape(f"{batch_of_eight}: its input 'x' float32 (8, 4, 4, 4) takes 8 samples")
    ):
        signature_of(dataclasses.replace(cube, file=batch_of_eight))
