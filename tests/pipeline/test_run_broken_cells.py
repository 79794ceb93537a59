"""One run over everything that can break: each broken cell says why, and no other cell suffers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.lab import Found, Lab, cases
from fakes.lab import lab as open_lab

from harness.core.finding import CELL, Finding, Verdict

MODELS = """
import os
import signal

import numpy as np


def model(name, dataset="blobs", metric="top1"):
    return harness.model(name, dataset=dataset, framework="fake", input=INPUT, metric=metric)


@model("a_crashing")  # in front of the others: they must not go down with it
def a_crashing():
    os.kill(os.getpid(), signal.SIGSEGV)


@model("nan_weights")
def nan_weights():
    made = trained()
    made["weights"][3, 4] = np.nan
    return made


@model("nan_outputs")
def nan_outputs():
    made = trained()
    made.forward = lambda inputs: np.full((len(inputs), 10), np.nan, np.float32)
    return made


@model("raising")
def raising():
    raise KeyError("weights.bin")


@model("wrong_kind")
def wrong_kind():
    return {"weights": 1}


@model("wrong_metric", metric="broken")
def wrong_metric():
    return trained()


@harness.metric("broken")
def broken(outputs, labels):
    return labels[10**9] == 0


@model("missing_data", dataset="missing")
def missing_data():
    return trained()


@harness.dataset("missing")
def missing():
    raise FileNotFoundError("no such folder: /data")


@model("data_dies", dataset="dying")
def data_dies():
    return trained()


@harness.dataset("dying")
def dying():
    os.kill(os.getpid(), signal.SIGSEGV)


@harness.step("halve", method="pruning")
def halve(model):
    return Linear({name: values / 2 for name, values in model.items()})


@harness.step("explode", method="pruning")
def explode(model):
    raise ZeroDivisionError("nothing left")


@harness.step("to_nan", method="pruning")
def to_nan(model):
    return Linear({name: values * np.nan for name, values in model.items()})


def runtime(name, **how):
    runtimes.add(FakeRuntime("rt_" + name, only=["fp16"], **how))


runtime("build_raises", build="raise")
runtime("build_dies", build="SIGSEGV")
runtime("load_dies", load="SIGABRT")
runtime("predict_dies", predict="SIGSEGV")
runtime("predict_hangs", predict="hang")
runtime("predict_raises", predict="raise")
runtime("timed_dies", timed="SIGKILL")
runtime("nan", nan=True)
runtime("shape", shape=True)
runtime("refuses", refuses=["fp16"])
runtimes.add(FakeRuntime("rt_missing", needs=["no-such-distribution"]))
runtimes.add(FakeRuntime("rt_required", needs=["no-such-distribution"]))
runtimes.add(FakeRuntime("rt_reference_dies", only=["fp32"], load="SIGSEGV"))
"""
BROKEN_MODELS = (
    "a_crashing",
    "nan_weights",
    "nan_outputs",
    "raising",
    "wrong_kind",
    "wrong_metric",
    "missing_data",
    "data_dies",
)
BROKEN_RUNTIMES = (
    "rt_build_raises",
    "rt_build_dies",
    "rt_load_dies",
    "rt_predict_dies",
    "rt_predict_hangs",
    "rt_predict_raises",
    "rt_nan",
    "rt_shape",
    "rt_refuses",
)
RECIPES = ("fp32", "fp16")
"""The runtimes above break fp16, which is built before fp32: what comes after a crash must be built all the same."""


@pytest.fixture(scope="module")
def broken_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with open_lab(tmp_path_factory.mktemp("broken")) as lab:
        lab.register(MODELS)
        yield lab


@pytest.fixture(scope="module")
def found(broken_lab: Lab) -> Found:
    """Everything judged in one run."""
    wanted = [
        *cases("accuracy_drop", "size", models=["linear", *BROKEN_MODELS], recipes=["fp32"]),
        *cases("accuracy_drop", "size_ratio", recipes=RECIPES, runtimes=BROKEN_RUNTIMES),
        *cases("latency_ratio", recipes=["int8_dynamic", "fp16"], runtimes=["rt_timed_dies"]),
        *cases("size", "latency_ratio", "memory_ratio", recipes=["fp16"], runtimes=["rt_reference_dies"]),
        *cases("accuracy_drop", recipes=["halve", "halve+int8_static", "explode+int8_static", "to_nan+fp16"]),
        *cases("accuracy_drop", recipes=["fp32"], runtimes=["rt_missing"]),
        *cases("accuracy_drop", recipes=["fp32"], runtimes=["rt_required"], required=["rt_required"]),
        *cases(
            "accuracy_drop",
            recipes=["fp32"],
            runtimes=["fakert:gpu", "fakert,speed=9", "fakert,rounding=down", "fakert,threads=2"],
        ),
    ]
    start = time.monotonic()
    judged = broken_lab.judge(wanted, worker_timeout_s=1.5, jobs=2)
    assert time.monotonic() - start < 60
    return judged


def only(found: Found, cell: str, metric: str = "accuracy_drop") -> Finding:
    (finding,) = found[cell, metric]
    return finding


@pytest.mark.parametrize(
    ("model", "stage", "reason"),
    [
        ("a_crashing", "model", "signal SIGSEGV"),
        ("nan_weights", "model", "weight 'weights' holds NaN or infinity"),
        ("nan_outputs", "model", "its outputs on the evaluation set hold NaN or infinity"),
        ("raising", "model", "KeyError: 'weights.bin'"),
        ("wrong_kind", "model", "the model function returned dict, not a Linear"),
        ("missing_data", "data", "FileNotFoundError: no such folder: /data"),
        ("data_dies", "data", "signal SIGSEGV"),
        ("wrong_metric", "measure", "task metric 'broken'"),
    ],
)
def test_a_broken_model_is_an_error_of_its_own_cells(found: Found, model: str, stage: str, reason: str) -> None:
    finding = only(found, f"{model}/fp32/fakert/local")
    assert (finding.verdict, finding.phase, finding.against) == (Verdict.ERROR, stage, CELL)
    assert reason in finding.reason
    assert finding.value is None


@pytest.mark.parametrize(
    ("cell", "function", "line"),
    [
        ("raising/fp32/fakert/local", "raising", 'raise KeyError("weights.bin")'),
        ("missing_data/fp32/fakert/local", "missing", 'raise FileNotFoundError("no such folder: /data")'),
        ("linear/explode+int8_static/fakert/local", "explode", 'raise ZeroDivisionError("nothing left")'),
    ],
)
def test_an_exception_in_a_users_function_names_its_line_and_the_log_holds_all(
    found: Found, broken_lab: Lab, cell: str, function: str, line: str
) -> None:
    path = broken_lab.folder / "registering.py"
    number = path.read_text(encoding="utf-8").splitlines().index(f"    {line}") + 1
    reason = only(found, cell).reason
    assert f"at {path}:{number} in {function}; the traceback ends:\n" in reason
    assert reason.splitlines()[-1] == f"    {path}:{number} in {function}: {line}"
    logs = "".join(log.read_text(encoding="utf-8") for log in broken_lab.folder.glob("scratch*/*.log"))
    assert f'File "{path}", line {number}, in {function}' in logs
    assert "Traceback (most recent call last)" in logs


def test_a_model_beside_broken_ones_is_measured(found: Found) -> None:
    finding = only(found, "linear/fp32/fakert/local")
    assert (finding.verdict, finding.value) == (Verdict.REPORTED, 0)


def test_what_needs_only_the_artifact_is_judged_although_the_task_metric_broke(found: Found) -> None:
    assert only(found, "wrong_metric/fp32/fakert/local", "size").verdict is Verdict.REPORTED


@pytest.mark.parametrize(
    ("runtime", "stage", "reason"),
    [
        ("rt_build_raises", "convert", "RuntimeError: the quantizer was sabotaged"),
        ("rt_build_dies", "convert", "signal SIGSEGV"),
        ("rt_load_dies", "load", "the worker died in 'load': signal SIGABRT"),
        ("rt_predict_dies", "run", "the worker died in 'predict': signal SIGSEGV"),
        ("rt_predict_hangs", "run", "the worker hung in 'predict': no answer in 1.5 s"),
        ("rt_predict_raises", "run", "predict failed: RuntimeError: the engine was sabotaged"),
        ("rt_nan", "measure", "outputs hold NaN or infinity in 1000 of 1000 samples"),
        ("rt_shape", "measure", "outputs have shape (1000, 3), the reference's have shape (1000, 10)"),
    ],
)
def test_a_broken_cell_is_one_error_with_its_stage(found: Found, runtime: str, stage: str, reason: str) -> None:
    finding = only(found, f"linear/fp16/{runtime}/local")
    assert (finding.verdict, finding.phase, finding.against) == (Verdict.ERROR, stage, CELL)
    assert reason in finding.reason
    assert finding.value is None


@pytest.mark.parametrize("runtime", BROKEN_RUNTIMES)
def test_the_cells_beside_a_broken_one_are_measured(found: Found, runtime: str) -> None:
    for metric in ("accuracy_drop", "size_ratio"):
        assert only(found, f"linear/fp32/{runtime}/local", metric).verdict is Verdict.REPORTED


@pytest.mark.parametrize("runtime", ["rt_load_dies", "rt_predict_dies", "rt_predict_hangs", "rt_nan", "rt_shape"])
def test_a_cell_that_cannot_run_still_has_its_size(found: Found, runtime: str) -> None:
    # Otherwise the verdict would hang on which test happens to come first.
    finding = only(found, f"linear/fp16/{runtime}/local", "size_ratio")
    assert finding.verdict is Verdict.REPORTED
    assert finding.value is not None


@pytest.mark.parametrize("runtime", ["rt_build_raises", "rt_build_dies"])
def test_a_cell_without_an_artifact_has_no_size(found: Found, runtime: str) -> None:
    finding = only(found, f"linear/fp16/{runtime}/local", "size_ratio")
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "convert")


def test_a_death_in_the_timed_call_is_an_error_of_its_cell(found: Found) -> None:
    dead = only(found, "linear/fp16/rt_timed_dies/local", "latency_ratio")
    assert (dead.verdict, dead.phase) == (Verdict.ERROR, "run")
    assert "signal SIGKILL" in dead.reason
    assert "reference" not in dead.reason
    assert only(found, "linear/int8_dynamic/rt_timed_dies/local", "latency_ratio").verdict is Verdict.REPORTED


def test_a_broken_reference_is_blamed_where_a_ratio_needs_it(found: Found) -> None:
    cell = "linear/fp16/rt_reference_dies/local"
    assert only(found, cell, "size").verdict is Verdict.REPORTED
    for metric in ("latency_ratio", "memory_ratio"):
        finding = only(found, cell, metric)
        assert (finding.verdict, finding.phase) == (Verdict.ERROR, "load")
        assert "its reference linear/fp32/rt_reference_dies/local" in finding.reason
        assert "signal SIGSEGV" in finding.reason


def test_recipes_of_users_run_in_chains(found: Found) -> None:
    assert only(found, "linear/halve/fakert/local").value == 0
    assert only(found, "linear/halve+int8_static/fakert/local").verdict is Verdict.REPORTED


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        ("explode+int8_static", "step 'explode': ZeroDivisionError: nothing left"),
        ("to_nan+fp16", "step 'to_nan' left NaN or infinity in 'weights'"),
    ],
)
def test_a_broken_step_is_an_error_of_compress(found: Found, recipe: str, reason: str) -> None:
    finding = only(found, f"linear/{recipe}/fakert/local")
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "compress")
    assert reason in finding.reason


@pytest.mark.parametrize(
    ("runtime", "recipe", "reason"),
    [
        ("rt_refuses", "fp16", "rt_refuses has no lowering to fp16"),
        ("fakert:gpu", "fp32", "fakert has no provider 'gpu' (known: cpu, cuda, npu)"),
        ("fakert,speed=9", "fp32", "fakert takes no option 'speed' (known: threads, rounding)"),
        ("fakert,rounding=down", "fp32", "fakert knows no rounding=down (known: even, up)"),
    ],
)
def test_unsupported_by_design_says_why(found: Found, runtime: str, recipe: str, reason: str) -> None:
    finding = only(found, f"linear/{recipe}/{runtime}/local")
    assert finding.verdict is Verdict.UNSUPPORTED
    assert reason in finding.reason


def test_an_option_of_the_runtime_reaches_the_worker(broken_lab: Lab, found: Found) -> None:
    assert only(found, "linear/fp32/fakert,threads=2/local").verdict is Verdict.REPORTED
    run = broken_lab.run()
    (case,) = cases("accuracy_drop", recipes=["fp32"], runtimes=["fakert,threads=2"])
    run.judge(case)
    result = run.results[case.cell]
    assert result.details["threads"] == 2
    assert result.environment is not None
    assert result.environment.threads == 2


def test_unavailable_says_what_is_missing(found: Found) -> None:
    finding = only(found, "linear/fp32/rt_missing/local")
    assert finding.verdict is Verdict.UNAVAILABLE
    assert "not installed: no-such-distribution" in finding.reason


def test_unavailable_is_an_error_where_the_suite_requires_it(found: Found) -> None:
    finding = only(found, "linear/fp32/rt_required/local")
    assert finding.verdict is Verdict.ERROR
    assert "the suite requires this runtime" in finding.reason
    assert "no-such-distribution" in finding.reason


def test_a_build_that_takes_too_long_is_ended_and_the_rest_is_built(tmp_path: Path) -> None:
    with open_lab(tmp_path) as lab:
        lab.register('runtimes.add(FakeRuntime("rt_slow_build", build="hang", only=["fp16"]))')
        found = lab.judge(cases("size", recipes=RECIPES, runtimes=["rt_slow_build"]), build_timeout_s=2.5)
    finding = only(found, "linear/fp16/rt_slow_build/local", "size")
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "convert")
    assert "no end after 2.5 s" in finding.reason
    assert only(found, "linear/fp32/rt_slow_build/local", "size").verdict is Verdict.REPORTED


def test_a_second_death_is_not_told_with_the_first_ones_words(tmp_path: Path) -> None:
    with open_lab(tmp_path) as lab:
        lab.register(
            'runtimes.add(FakeRuntime("rt_dies_twice", build="SIGKILL", only=["fp16", "int8_static"]))',
            "import os",
            "if os.environ.get('EDGE_HARNESS_CHILD'): print('process', os.getpid(), flush=True)",
        )
        found = lab.judge(cases("size", recipes=["fp32", "fp16", "int8_static"], runtimes=["rt_dies_twice"]))
    reasons = [only(found, f"linear/{recipe}/rt_dies_twice/local", "size").reason for recipe in ("fp16", "int8_static")]
    assert [reason.count("signal SIGKILL") for reason in reasons] == [1, 1]
    assert [reason.count("its last line: process ") for reason in reasons] == [1, 1], reasons
    assert only(found, "linear/fp32/rt_dies_twice/local", "size").verdict is Verdict.REPORTED
