"""What of given files can't be measured is found before anything runs, and no engine is imported for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fakes.files import write_onnx
from fakes.lab import Lab, cases

from harness.core.finding import Verdict
from harness.core.matrix import Matrix
from harness.core.names import Cell
from harness.core.problem import CellProblem
from harness.errors import ContractError, HarnessError
from harness.pipeline.plan import check_names, obstacle, refused_case
from harness.pipeline.resolved import resolve
from harness.registries import runtimes

FILES = """
def given(name="vendor", model="linear", runtime="onnxruntime", file="v.onnx", claims="int8_static", **more):
    harness.artifact(name, model=model, runtime=runtime, file=file, claims=claims, **more)


runtimes.add(FakeRuntime("other"))
harness.model("another", dataset="blobs", framework="fake", input=INPUT)(trained)
"""


def checked(recipe: str = "vendor", model: str = "linear", runtime: str = "onnxruntime") -> None:
    check_names(Matrix.parse(models=[model], recipes=[recipe], runtimes=[runtime], targets=["local"], budgets=[]))


def found(recipe: str = "vendor", model: str = "linear", runtime: str = "onnxruntime") -> CellProblem | None:
    return obstacle(resolve(Cell(model=model, recipe=recipe, runtime=runtime)))


def register(lab: Lab, *lines: str) -> Path:
    write_onnx(lab.folder / "v.onnx")
    (lab.folder / "v.tflite").write_bytes(b"anything")
    return lab.register(FILES, *lines)


def test_a_file_that_is_there_has_no_obstacle(lab: Lab) -> None:
    register(lab, "given()", "given(runtime='litert', file='v.tflite')")
    checked()
    assert found() is None
    assert found(runtime="litert") is None
    assert found(runtime="onnxruntime,threads=2,graph_optimization=off") is None


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        pytest.param("given(file='gone.onnx')", "there is no file FOLDER/gone.onnx", id="no file"),
        pytest.param("given(model='linaer')", "unknown model 'linaer'; did you mean 'linear'?", id="no model"),
        pytest.param("given(runtime='litrt')", "unknown runtime 'litrt'; did you mean 'litert'", id="no runtime"),
        pytest.param("given(claims='int8_sttic')", "unknown recipe step 'int8_sttic'", id="no such claim"),
        pytest.param("given('before'); given(claims='before')", "which is a given file itself", id="a claim of a file"),
    ],
)
def test_what_can_not_stand_is_an_error_of_the_collection_with_its_place(lab: Lab, lines: str, says: str) -> None:
    path = register(lab, lines)
    with pytest.raises(ContractError, match=re.escape(says.replace("FOLDER", str(lab.folder)))) as caught:
        checked()
    assert f"artifact 'vendor' ({path}:" in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "recipe", "says"),
    [
        pytest.param("given()", "vendor+prune50", "'vendor' is a file that somebody else made and stands alone", id="a chain"),
        pytest.param("given(model='another')", "vendor", "is given for 'another', and the matrix has 'linear' alone", id="of others"),
        pytest.param("given()", "vender", "unknown recipe step 'vender'; did you mean 'vendor'", id="a slip of the pen"),
    ],
)  # fmt: skip
def test_so_is_a_recipe_that_the_matrix_can_not_mean(lab: Lab, lines: str, recipe: str, says: str) -> None:
    register(lab, lines)
    with pytest.raises(HarnessError, match=re.escape(says)):
        checked(recipe)


def test_a_file_of_a_model_that_the_matrix_leaves_out_may_be_missing(lab: Lab) -> None:
    register(lab, "given()", "given(model='another', file='gone.onnx')")
    checked()


@pytest.mark.parametrize(
    ("lines", "cell", "says"),
    [
        pytest.param("given()", {"runtime": "litert"}, "'vendor' is given on onnxruntime, not on litert", id="another runtime"),
        pytest.param("given()", {"model": "another"}, "'vendor' is given for other models than 'another'", id="another model"),
        pytest.param(
            "given(runtime='other')",
            {"runtime": "other"},
            "other can't tell the tensors of a file that somebody else made",
            id="a runtime that can't read files",
        ),
        pytest.param(
            "given(runtime='litert', file='v.tflite')",
            {"runtime": "litert,io=int8"},
            "io= decides how an artifact is built, and 'vendor' was built by somebody else",
            id="an option that decides what is built",
        ),
        pytest.param("given()", {"runtime": "onnxruntime:gpu"}, "onnxruntime has no provider 'gpu'", id="no such provider"),
    ],
)  # fmt: skip
def test_what_was_not_given_is_unsupported(lab: Lab, lines: str, cell: dict[str, str], says: str) -> None:
    register(lab, lines)
    problem = found(**cell)
    assert problem is not None
    assert problem.verdict is Verdict.UNSUPPORTED
    assert says in problem.reason


def test_a_provider_that_decides_what_is_built_is_unsupported(lab: Lab) -> None:
    building = next((one.name, provider.name) for one in runtimes for provider in one.providers if provider.builds)
    runtime, provider = building
    register(lab, f"given(runtime={runtime!r})")
    problem = found(runtime=f"{runtime}:{provider}")
    assert problem is not None
    says = f"artifacts for {runtime}:{provider} are built for it, and 'vendor' was built by somebody else"
    assert (problem.verdict, problem.reason) == (Verdict.UNSUPPORTED, says)


@pytest.mark.parametrize(
    ("metric", "limit", "model", "runtime", "says"),
    [
        pytest.param(
            "size_ratio",
            "1 x",
            "kws",
            "litert",
            "size_ratio: 'vendor' on litert has no 'fp32' beside it: litert takes savedmodel or tflite, and onnx models export to "
            "onnx. Limit the figure itself, or register a float file for litert as the model",
            id="an engine that can't run the model",
        ),
        pytest.param("latency_ratio", "1 x", "kws", "litert", "latency_ratio: 'vendor' on litert has no 'fp32'", id="a time"),
        pytest.param("size", "9 kB", "kws", "litert", "", id="the figure itself"),
        pytest.param("accuracy_drop", "2 pp", "kws", "litert", "", id="the loss against the model"),
        pytest.param("size_ratio", "report", "kws", "litert", "", id="no limit"),
        pytest.param("size_ratio", "1 x", "kws", "onnxruntime", "", id="an engine that can"),
    ],
)  # fmt: skip
def test_a_ratio_to_what_can_not_be_made_says_what_to_write(
    lab: Lab, metric: str, limit: str, model: str, runtime: str, says: str
) -> None:
    register(
        lab,
        "harness.model('kws', file='v.onnx', dataset='blobs')",
        "given(model='kws')",
        "given(model='kws', runtime='litert', file='v.tflite')",
    )
    budgets = [("*", {metric: limit})]
    (case,) = cases(metric, models=[model], recipes=["vendor"], runtimes=[runtime], budgets=budgets)
    refused = refused_case(case)
    assert refused.startswith(says)
    assert bool(refused) == bool(says)


def test_without_the_engine_it_is_unavailable(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    register(lab, "given(runtime='other')")
    other = runtimes.get("other")
    monkeypatch.setattr(other, "tensors", lambda artifact: None, raising=False)
    monkeypatch.setattr(other, "build_packages", ("a-package-that-nobody-has",), raising=False)
    problem = found(runtime="other")
    assert problem is not None
    assert problem.verdict is Verdict.UNAVAILABLE
    assert "a-package-that-nobody-has" in problem.reason


@pytest.mark.parametrize(
    ("meddle", "says"),
    [
        pytest.param(lambda file: file.unlink(), "there is no file", id="removed"),
        pytest.param(lambda file: file.write_bytes(b""), "is no ONNX model but empty", id="emptied"),
    ],
)
def test_a_file_that_is_gone_since_it_was_collected_ends_its_cell(lab: Lab, meddle: object, says: str) -> None:
    register(lab, "given()")
    checked()
    assert callable(meddle)
    meddle(lab.folder / "v.onnx")
    problem = found()
    assert problem is not None
    assert (problem.verdict, problem.phase) == (Verdict.ERROR, "convert")
    assert says in problem.reason


def test_a_model_whose_file_is_missing_is_an_error_of_the_collection(lab: Lab) -> None:
    path = register(lab, "harness.model('kws', file='gone.onnx', dataset='blobs')")
    with pytest.raises(ContractError, match=re.escape(f"there is no file {lab.folder / 'gone.onnx'}.")) as caught:
        checked("fp32", "kws")
    assert f"model 'kws' ({path}:" in str(caught.value)
