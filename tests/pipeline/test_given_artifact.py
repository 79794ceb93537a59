"""Files that somebody else made, through the whole run, by their engines and without any training framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fakes.files import (
    DATA_SET,
    INPUT_SCALE,
    INPUT_ZERO,
    OTHERS,
    SCORES,
    tflite_content,
    write_onnx,
    write_tflite,
)
from fakes.lab import Found, Lab, cases
from fakes.lab import lab as open_lab
from fakes.no_frameworks import NoFrameworks
from fakes.own_locks import use_own_locks

from harness import InFile
from harness.core.finding import Finding, Verdict
from harness.core.names import Cell
from harness.pipeline.run import Run
from harness.pipeline.settings import Settings
from harness.store.model_files import files_sha256

pytestmark = pytest.mark.runtimes

BOTH = {"scores": SCORES, "others": OTHERS}
TURNED = {"others": OTHERS, "scores": SCORES}
"""The same outputs in another order."""
SWAPPED = {"scores": InFile(name="others"), "others": InFile(name="scores")}
MODELS = """
harness.model("cube_onnx", file="files/cube.onnx", dataset="cubes")
harness.model("cube_tflite", file="files/cube.tflite", dataset="cubes")
harness.model("pair_onnx", file="files/pair.onnx", dataset="cubes", metric="scores_right")
harness.model("pair_tflite", file="files/pair.tflite", dataset="cubes", metric="scores_right")


@harness.task_metric("scores_right")
def scores_right(outputs, labels):
    return outputs["scores"].argmax(axis=1) == labels
"""
BOARD = """
from pathlib import Path

from fakes.board import Board

harness.target(Board(Path(__file__).parent / "board", hidden=Path(__file__).parent / "files"))
"""
HINT = "is it of this model, and are layout, order of the channels"


@dataclass(frozen=True, kw_only=True)
class Given:
    """A file, what is said of it, and what must come of it."""

    runtime: str
    what: Mapping[str, Any]
    """As the writer of such files takes it."""
    claims: str = "int8_static"
    inputs: Mapping[str, InFile] = field(default_factory=dict)
    outputs: Mapping[str, InFile] = field(default_factory=dict)
    verdict: Verdict = Verdict.REPORTED
    phase: str = ""
    says: str = ""

    @property
    def model(self) -> str:
        kind = "pair" if len(self.what.get("outputs", ())) > 1 else "cube"
        return f"{kind}_{'onnx' if self.runtime == 'onnxruntime' else 'tflite'}"


def of_onnx(what: Mapping[str, Any], **more: Any) -> Given:
    return Given(runtime="onnxruntime", what={"int8": True, **what}, **more)


def of_tflite(what: Mapping[str, Any], **more: Any) -> Given:
    return Given(runtime="litert", what={"int8": True, **what}, **more)


PARITY = {"verdict": Verdict.ERROR, "phase": "parity", "says": "have little to do with the float model's"}
CONVERT = {"verdict": Verdict.ERROR, "phase": "convert"}
PROMISE = {"verdict": Verdict.OVER_BUDGET, "phase": "promise"}
NHWC = {"x": InFile(layout="NCHW->NHWC")}
INTEGERS = {"int8": True, "integer_input": True}

GIVEN = {
    "onnx_int8": of_onnx({}),
    "onnx_says_float": of_onnx({}, claims="fp32", **PROMISE, says="has 0.00 %, limit 95 %; in int8: kernel0_int8"),
    "onnx_says_int8": of_onnx({"int8": False}, **PROMISE, says="has 0.00 %, limit 95 %; in float32: kernel0"),
    "onnx_float": of_onnx({"int8": False}, claims="fp32"),
    "onnx_layout": of_onnx({"layout": "NHWC"}, inputs=NHWC),
    "onnx_layout_untold": of_onnx({"layout": "NHWC"}, **PARITY),
    "onnx_layout_invented": of_onnx({}, inputs=NHWC, **PARITY),
    "onnx_odd_names": of_onnx({"name": "serving_default_x:0", "outputs": {"Stateful/Call:0": SCORES}}),
    "onnx_batch_of_one": of_onnx({"shape": (1, 4, 4, 4)}),
    "onnx_flat": of_onnx({"shape": ("batch", 64)}, inputs={"x": InFile(shape=(64,))}),
    "onnx_flat_untold": of_onnx(
        {"shape": ("batch", 64)},
        **CONVERT,
        says="write inputs={'x': harness.InFile(shape=(64,))} if that is a reshaped",
    ),
    "onnx_integers": of_onnx(INTEGERS, inputs={"x": InFile(scale=INPUT_SCALE, zero_point=INPUT_ZERO)}),
    "onnx_integers_untold": of_onnx(INTEGERS, **CONVERT, says="of integers that stand for floats say the scale"),
    "onnx_wrong_scale": of_onnx(INTEGERS, inputs={"x": InFile(scale=100 * INPUT_SCALE, zero_point=3)}, **PARITY),
    "onnx_garbage": of_onnx({"outputs": {"scores": OTHERS}}, **PARITY),
    "onnx_pair_turned": of_onnx({"outputs": TURNED}),
    "onnx_pair_swapped": of_onnx({"outputs": BOTH}, outputs=SWAPPED, **PARITY),
    "onnx_pair_swapped_back": of_onnx({"outputs": {"scores": OTHERS, "others": SCORES}}, outputs=SWAPPED),
    "onnx_pair_other_names": of_onnx(
        {"outputs": {"a": SCORES, "b": OTHERS}},
        **CONVERT,
        says="nothing in the file is called 'scores': the file's outputs are 'a' float32 (batch, 6), 'b' float32 (batch, 6)",
    ),
    "tflite_int8": of_tflite({}),
    "tflite_says_float": of_tflite({}, claims="fp32", **PROMISE, says="has 0.00 %, limit 95 %; in int8: scores/kernel"),
    "tflite_says_int8": of_tflite({"int8": False}, **PROMISE, says="has 0.00 %, limit 95 %; in float32"),
    "tflite_float": of_tflite({"int8": False}, claims="fp32"),
    "tflite_layout": of_tflite({"layout": "NHWC"}, inputs=NHWC),
    "tflite_layout_untold": of_tflite({"layout": "NHWC"}, **PARITY),
    "tflite_odd_names": of_tflite({"tensor_names": ("serving_default_x:0", "StatefulPartitionedCall:0")}),
    "tflite_no_signature": of_tflite({"signatures": (), "tensor_names": ("serving_default_x:0", "Call:0")}),
    "tflite_two_signatures": of_tflite({"signatures": ("train", "serving_default"), "outputs": TURNED}),
    "tflite_two_signatures_of_other_names": of_tflite(
        {"signatures": ("train", "serving_default"), "outputs": TURNED, "tensor_names": ("i", "o1", "o2")}
    ),
    "tflite_scale_again": of_tflite({}, inputs={"x": InFile(scale=INPUT_SCALE, zero_point=INPUT_ZERO)}),
    "tflite_other_scale": of_tflite({}, inputs={"x": InFile(scale=1.0)}, **CONVERT, says="leave them out"),
    "tflite_garbage": of_tflite({"outputs": {"scores": OTHERS}}, **PARITY),
    "tflite_pair_turned": of_tflite({"outputs": TURNED, "tensor_names": ("i", "o1", "o2")}),
    "tflite_pair_unsigned": of_tflite({"outputs": TURNED, "signatures": ()}),
    "tflite_pair_swapped": of_tflite({"outputs": BOTH}, outputs=SWAPPED, **PARITY),
}


@dataclass
class Judged:
    """One run over everything that was given."""

    lab: Lab
    run: Run
    found: Found
    no_frameworks: NoFrameworks

    def of(self, name: str) -> list[Finding]:
        given = GIVEN[name]
        return self.found[f"{given.model}/{name}/{given.runtime}/local", "size_ratio"]


def registrations() -> str:
    lines = [
        f"harness.artifact({name!r}, model={one.model!r}, runtime={one.runtime!r}, file='files/{name}"
        f".{'onnx' if one.runtime == 'onnxruntime' else 'tflite'}', claims={one.claims!r}, inputs={dict(one.inputs)!r}, "
        f"outputs={dict(one.outputs)!r})"
        for name, one in GIVEN.items()
    ]
    return "\n".join([DATA_SET, MODELS, BOARD, "from harness import InFile", *lines])


def write_files(folder: Path) -> None:
    folder.mkdir()
    write_onnx(folder / "cube.onnx")
    write_tflite(folder / "cube.tflite")
    write_onnx(folder / "pair.onnx", outputs=BOTH)
    write_tflite(folder / "pair.tflite", outputs=BOTH)
    for name, one in GIVEN.items():
        if one.runtime == "onnxruntime":
            write_onnx(folder / f"{name}.onnx", **one.what)
        else:
            write_tflite(folder / f"{name}.tflite", **one.what)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    folder = tmp_path_factory.mktemp("given") / "a folder with spaces"
    folder.mkdir()
    write_files(folder / "files")
    no_frameworks = NoFrameworks(folder / "site")
    with pytest.MonkeyPatch.context() as monkeypatch, open_lab(folder) as lab:
        no_frameworks.use(monkeypatch)
        use_own_locks(monkeypatch, tmp_path_factory)
        lab.register(registrations())
        wanted = [
            case
            for name, one in GIVEN.items()
            for case in cases("size_ratio", models=[one.model], recipes=[name], runtimes=[one.runtime])
        ]
        run = lab.run()
        run.prepare(wanted)
        yield Judged(lab, run, {(case.cell.id, case.metric.name): run.judge(case) for case in wanted}, no_frameworks)


@pytest.mark.parametrize("name", GIVEN)
def test_what_a_file_holds_decides(judged: Judged, name: str) -> None:
    """The suite asks for a size alone: parity and promises bind whatever is gated."""
    wanted, last = GIVEN[name], judged.of(name)[-1]

    assert (last.verdict, last.phase or "") == (wanted.verdict, wanted.phase), last.reason
    assert wanted.says in last.reason
    if wanted.verdict is Verdict.REPORTED:
        assert len(judged.of(name)) == 1
    if wanted.phase in ("convert", "parity"):
        assert f"files/{name}." in last.reason, "it names the file"
    if wanted.phase == "parity":
        assert HINT in last.reason


def measured(judged: Judged, name: str, figure: str) -> float:
    given = GIVEN[name]
    cell = Cell(model=given.model, recipe=name, runtime=given.runtime)
    return judged.run.results[cell].measurements[figure].value


@pytest.mark.parametrize("name", [name for name, one in GIVEN.items() if one.verdict is Verdict.REPORTED])
def test_what_passes_is_as_accurate_as_its_model(judged: Judged, name: str) -> None:
    assert measured(judged, name, "accuracy_fraction") >= (1 if GIVEN[name].claims == "fp32" else 0.95)
    assert measured(judged, name, "output_correlation") > 0.999


def test_its_size_is_that_of_the_file(judged: Judged) -> None:
    size = (judged.lab.folder / "files" / "onnx_int8.onnx").stat().st_size
    assert measured(judged, "onnx_int8", "size_bytes") == size


def test_nothing_imports_a_training_framework(judged: Judged) -> None:
    assert judged.no_frameworks.asked == []
    assert judged.no_frameworks.started > len(GIVEN), "a worker for each, at least"


def test_its_provenance_tells_the_file_and_how_the_tensors_are_paired(judged: Judged) -> None:
    cell = Cell(model="cube_onnx", recipe="onnx_odd_names", runtime="onnxruntime")
    provenance = judged.run.artifacts[cell].provenance
    assert (provenance.recipe, provenance.runtime) == ("onnx_odd_names", "onnxruntime")
    assert provenance.file_sha256 == files_sha256(judged.lab.folder / "files" / "onnx_odd_names.onnx")
    assert provenance.adaptations is not None
    ((taken,), (given,)) = provenance.adaptations.inputs, provenance.adaptations.outputs
    assert (taken.model_name, taken.file_name) == ("x", "serving_default_x:0")
    assert (given.model_name, given.file_name) == ("scores", "Stateful/Call:0")


def test_one_file_under_two_names_is_two_artifacts_each_with_its_own(judged: Judged) -> None:
    names = ("onnx_int8", "onnx_says_float")
    recipes = [
        judged.run.artifacts[Cell(model="cube_onnx", recipe=name, runtime="onnxruntime")].provenance.recipe
        for name in names
    ]
    assert recipes == list(names)


def test_a_wrong_claim_binds_where_only_latency_is_gated(judged: Judged) -> None:
    names, budgets = ("onnx_says_float", "onnx_says_int8"), [("*", {"latency_ratio": "1000 x"})]
    wanted = cases("latency_ratio", models=["cube_onnx"], recipes=names, runtimes=["onnxruntime"], budgets=budgets)
    found = judged.lab.judge(wanted)

    for name in names:
        last = found[f"cube_onnx/{name}/onnxruntime/local", "latency_ratio"][-1]
        assert (last.verdict, last.phase) == (Verdict.OVER_BUDGET, "promise")
        assert GIVEN[name].says in last.reason


def test_on_another_machine_it_is_adapted_as_well(judged: Judged) -> None:
    """The file itself is not there: the board sees nothing of the folder that it lies in."""
    names = ("onnx_layout", "tflite_pair_turned")
    wanted = [
        case
        for name in names
        for case in cases(
            "accuracy_drop",
            models=[GIVEN[name].model],
            recipes=[name],
            runtimes=[GIVEN[name].runtime],
            targets=["board"],
        )
    ]
    found = judged.lab.judge(wanted)
    assert [case.cell.target for case in wanted] == ["board", "board"]
    for (cell, _), (finding,) in found.items():
        assert finding.verdict is Verdict.REPORTED, f"{cell}: {finding.reason}"
        assert finding.value == pytest.approx(measured(judged, cell.split("/")[1], "accuracy_drop_fraction"), abs=0.02)


def test_another_file_in_its_place_is_another_artifact(judged: Judged) -> None:
    lab, file = judged.lab, judged.lab.folder / "files" / "tflite_float.tflite"
    (case,) = cases("size", models=["cube_tflite"], recipes=["tflite_float"], runtimes=["litert"])
    before, held = judged.run.artifacts[case.cell], file.read_bytes()
    try:
        file.write_bytes(tflite_content(int8=True))
        run = lab.run()
        run.prepare([case])
        findings = run.judge(case)
    finally:
        file.write_bytes(held)

    assert lab.built() == ["cube_tflite/tflite_float/litert"]
    assert run.artifacts[case.cell].key != before.key
    assert [one.phase or "" for one in findings] == ["", "promise"], "the new one is int8"


def judged_while(lab: Lab, meddle: Callable[[], object]) -> list[Finding]:
    """Findings of one cell of which the file is meddled with once it has its key, or, of a missing one, once it was seen."""
    (case,) = cases("size", models=["cube_onnx"], recipes=["onnx_float"], runtimes=["onnxruntime"])

    def tell(line: str) -> None:
        if line.startswith(("artifacts: 0 from the cache, 1 to build", "reference cube_onnx")):
            meddle()

    run = Run(Settings(cache=lab.folder / "fresh", scratch=lab.folder / "meddled"), lambda case: {}, tell)
    run.prepare([case])
    return run.judge(case)


def test_a_file_that_is_replaced_meanwhile_is_told(judged: Judged) -> None:
    file = judged.lab.folder / "files" / "onnx_float.onnx"
    held, begun = file.read_bytes(), []

    def replaced() -> None:
        begun.append(1)
        if len(begun) == 2:  # the reference is there, and the key
            write_onnx(file, outputs={"scores": OTHERS})

    try:
        (finding,) = judged_while(judged.lab, replaced)
    finally:
        file.write_bytes(held)
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "convert")
    assert finding.reason == f"error(convert): {file} was replaced while it was measured: run again"


def test_a_file_that_is_removed_meanwhile_ends_its_cell_alone(judged: Judged) -> None:
    file = judged.lab.folder / "files" / "onnx_float.onnx"
    held = file.read_bytes()
    try:
        (finding,) = judged_while(judged.lab, lambda: file.unlink(missing_ok=True))
    finally:
        file.write_bytes(held)
    assert finding.reason == f"error(convert): there is no file {file}"
