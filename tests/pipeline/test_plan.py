"""Names are resolved and obstacles found without building or importing an engine."""

from __future__ import annotations

from importlib import metadata

import pytest
from fakes.lab import Lab, cases

from harness.core.finding import Verdict
from harness.core.matrix import Matrix
from harness.core.names import Cell
from harness.errors import ContractError, HarnessError, InvalidMatrix, InvalidRecipe, UnknownName
from harness.pipeline.plan import check_names, obstacle
from harness.pipeline.resolved import resolve

GOOD = {"models": ["linear"], "recipes": ["fp32"], "runtimes": ["fakert"]}
FOREIGN = """
@harness.model("{name}", dataset="{dataset}", framework="{framework}", input=INPUT, metric="{metric}")
def {name}():
    return trained()
"""


def checked(**sides: list[str]) -> None:
    check_names(Matrix.parse(**{**GOOD, **sides}))


def test_good_names_pass(lab: Lab) -> None:
    lab.register()
    checked()
    checked(recipes=["fp32", "fp16", "int8_static"], runtimes=["fakert", "fakert:cpu,threads=2"])


@pytest.mark.parametrize(
    ("sides", "kind", "told"),
    [
        ({"models": ["linaer"]}, UnknownName, "unknown model 'linaer'; did you mean 'linear'?"),
        ({"recipes": ["int8_sttic"]}, UnknownName, "unknown recipe step 'int8_sttic'; did you mean 'int8_static'"),
        ({"runtimes": ["fakrt"]}, UnknownName, "unknown runtime 'fakrt'; did you mean 'fakert'"),
        ({"targets": ["locale"]}, UnknownName, "unknown target 'locale'; did you mean 'local'?"),
        (
            {"runtimes": ["fakert:cudaa"]},
            InvalidMatrix,
            "runtime 'fakert:cudaa': fakert has no provider 'cudaa' (known: cpu, cuda, npu)",
        ),
        (
            {"runtimes": ["fakert,rounding=down"]},
            InvalidMatrix,
            "fakert knows no rounding=down (known: even, up)",
        ),
        ({"runtimes": ["fakert,sped=1"]}, InvalidMatrix, "fakert takes no option 'sped' (known: threads, rounding)"),
        ({"runtimes": ["fakert,threads=0"]}, InvalidMatrix, "threads=0 is not a positive number"),
        ({"recipes": ["fp16+int8_static"]}, InvalidRecipe, "can't follow 'fp16'"),
    ],
)
def test_a_wrong_name_is_told_with_near_matches(
    lab: Lab, sides: dict[str, list[str]], kind: type[HarnessError], told: str
) -> None:
    lab.register()
    with pytest.raises(kind) as caught:
        checked(**sides)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"dataset": "blob"}, "unknown data set 'blob'; did you mean 'blobs'"),
        ({"metric": "top2"}, "unknown task metric 'top2'"),
        ({"framework": "fak"}, "unknown model framework 'fak'; did you mean 'fake'"),
    ],
)
def test_a_model_that_names_what_is_not_there_is_told_with_its_place(
    lab: Lab, wrong: dict[str, str], told: str
) -> None:
    names = {"name": "foreign", "dataset": "blobs", "framework": "fake", "metric": "top1", **wrong}
    path = lab.register(FOREIGN.format(**names))
    with pytest.raises(ContractError) as caught:
        checked(models=["foreign"])
    assert told in str(caught.value)
    assert f"model 'foreign' ({path}:" in str(caught.value)


def test_a_runtime_that_takes_another_format_is_unsupported(lab: Lab) -> None:
    lab.register()
    problem = obstacle(resolve(Cell(model="linear", recipe="fp32", runtime="onnxruntime")))
    assert problem is not None
    assert problem.verdict is Verdict.UNSUPPORTED
    assert problem.reason == "onnxruntime takes onnx, and fake models export to npz"


NEEDY = """
@harness.score("needy", of=lambda outputs, labels: labels, packages=["a-library-that-nobody-has"])
def needy(sums):
    return 1.0


for name in ("needy", "word_error_rate"):
    harness.model(f"by_{name}", dataset="blobs", framework="fake", input=INPUT, metric=name)(trained)
"""


@pytest.mark.parametrize(
    ("model", "missing", "says"),
    [
        pytest.param("by_needy", "", "a-library-that-nobody-has (for task metric 'needy')", id="a user's"),
        pytest.param(
            "by_word_error_rate",
            "jiwer",
            "jiwer (for task metric 'word_error_rate'); pip install 'edge-harness[metrics]'",
            id="one that ships",
        ),
    ],
)
def test_without_the_library_of_its_task_metric_a_cell_has_its_size_and_no_more(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, model: str, missing: str, says: str
) -> None:
    known = metadata.version

    def version(package: str) -> str:
        if package == missing:
            raise metadata.PackageNotFoundError(package)
        return known(package)

    monkeypatch.setattr(metadata, "version", version)
    lab.register(NEEDY)
    metric = model.removeprefix("by_")
    worse = "drop" if metric == "needy" else "rise"

    found = lab.judge(cases("size", f"{metric}_{worse}", models=[model], recipes=["fp32"]))

    (size,), (quality,) = found.values()
    assert size.verdict is Verdict.REPORTED
    assert size.value is not None
    assert (quality.verdict, quality.reason) == (Verdict.UNAVAILABLE, f"unavailable: not installed: {says}")


def test_a_runnable_cell_has_no_obstacle(lab: Lab) -> None:
    lab.register()
    assert obstacle(resolve(Cell(model="linear", recipe="int8_static", runtime="fakert"))) is None
