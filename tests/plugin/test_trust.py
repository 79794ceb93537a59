"""Six sabotages of what a run is trusted for, each with the exact verdict; strictness and policies; the rungs."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from fakes.project import conftest, suite

import harness.pipeline.timed_pairs
from harness.core.artifact import Artifact
from harness.core.problem import CellProblem, Phase
from harness.pipeline.resolved import ResolvedCell
from harness.pipeline.settings import Settings
from harness.pipeline.workers import FreshWorker, Loading
from harness.targets.local import Local
from tests.plugin.conftest import Project
from tests.plugin.test_verdicts import EVERYTHING, MATRICES

pytestmark = pytest.mark.slow

STEADY = """
harness.meters.latency.LEAST_WARM_NS = 50_000_000
harness.meters.latency.LEAST_EPOCH_NS = 5_000_000
runtimes.add(FakeRuntime("steady", base_us=400))
runtimes.add(FakeRuntime("ten", only=["fp16"], base_us=400, spin_percent=10))
runtimes.add(FakeRuntime("two", only=["fp16"], base_us=400, spin_percent=2))
"""
"""Calls of 400 us by the clock: what is planted is what is there, however busy the machine."""
CELL = "linear/fp16/{}/local"


def finding(project: Project, against: str = "budget") -> dict[str, Any]:
    """The only finding of the last run against a budget or a baseline."""
    (found,) = [one for one in project.results()["findings"] if one["against"] == against]
    return dict(found)


def latency(project: Project, runtime: str, **limits: str) -> pytest.RunResult:
    """Run one latency gate on fp16."""
    project.write("conftest.py", conftest(STEADY))
    text = suite(
        metrics=["latency_ratio"],
        recipes=["fp16"],
        runtimes=[runtime],
        budgets=[("*", limits or {"latency_ratio": "1.05 x"})],
        more="baseline=False",
    )
    project.write("test_s.py", text)
    return project.run()


def test_a_tenth_slower_is_over_budget(project: Project) -> None:
    result = latency(project, "ten")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = finding(project)
    assert found["verdict"] == "over_budget"
    assert found["rung"] == "ratio to the reference"
    assert found["value"] == pytest.approx(1.10, abs=0.03)
    assert found["interval"][0] > 1.05
    result.stdout.re_match_lines(
        [
            r"latency over budget: fp16 on ten takes 1\.\d{3} x fp32 \[1\.\d{3}, 1\.\d{3}\] \((28|42) rounds, [23] process pairs; "
            r"\d+(\.\d)? us against \d+(\.\d)? us\), limit 1\.05 x",
            r"repeat: pytest 'test_s\.py::test_latency_ratio\[linear/fp16/ten/local\]'",
        ]
    )


def test_two_percent_slower_is_within_the_limit_and_said(project: Project) -> None:
    result = latency(project, "two")
    assert result.ret == 0
    found = finding(project)
    assert found["verdict"] == "pass"
    assert found["notes"] == ["changed"]
    assert 1 < found["interval"][0] < found["interval"][1] <= 1.05


LOSING = """
import numpy as np
from fakes.blobs import split

SIZES = [300] * 9 + [30]


@harness.dataset("uneven")
def uneven():
    whole = split(3000, seed=1)
    kept = np.concatenate([np.flatnonzero(whole.labels == label)[:size] for label, size in enumerate(SIZES)])
    return harness.DataSet(
        evaluation=harness.Split(whole.inputs[kept], whole.labels[kept]), calibration=blobs().calibration
    )


@harness.model("uneven_linear", dataset="uneven", framework="fake", input=INPUT)
def uneven_linear():
    return trained()


runtimes.add(FakeRuntime("losing", only=["fp16"], lost_class=9))
"""


def test_one_class_destroyed_fails_by_the_worst_class_alone(project: Project) -> None:
    project.write("conftest.py", conftest(LOSING))
    text = suite(
        metrics=["accuracy_drop", "worst_class_drop", "negative_flips"],
        models=["uneven_linear"],
        recipes=["fp32", "fp16"],
        runtimes=["losing"],
        budgets=[("*", {"accuracy_drop": "2 pp", "worst_class_drop": "20 pp", "negative_flips": "2 %"})],
        more="baseline=False",
    )
    project.write("test_s.py", text)
    result = project.run()
    cell = "uneven_linear/{}/losing/local"
    assert project.verdicts() == {
        (cell.format("fp32"), "accuracy_drop", "budget"): "pass",
        (cell.format("fp32"), "worst_class_drop", "budget"): "pass",
        (cell.format("fp32"), "negative_flips", "budget"): "pass",
        (cell.format("fp16"), "accuracy_drop", "budget"): "pass",
        (cell.format("fp16"), "worst_class_drop", "budget"): "over_budget",
        (cell.format("fp16"), "negative_flips", "budget"): "pass",
    }
    result.stdout.fnmatch_lines(
        ["worst class over budget: fp16 on losing class 9: drop * pp * (n = 30; * Holm over 10 classes), limit 20 pp"]
    )


SMALL = """
@harness.dataset("small"{declared})
def small():
    return blobs(evaluation=40)


@harness.model("shaky", dataset="small", framework="fake", input=INPUT)
def shaky():
    return trained()
"""
TOO_FEW = "accuracy_drop='1 pp' can't be decided on 40 samples: it takes 1237, even if only 2% of them flip."


def test_forty_samples_and_a_point_are_refused_at_collection(project: Project) -> None:
    project.write("conftest.py", conftest(SMALL.format(declared=", samples=40")))
    project.write("test_s.py", suite(models=["shaky"], budgets=[("*", {"accuracy_drop": "1 pp"})]))
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert TOO_FEW in result.stdout.str()
    assert "(shaky/fp32/fakert/local and 1 more)" in result.stdout.str()


def test_a_set_that_declares_nothing_is_refused_once_it_is_known(project: Project) -> None:
    project.write("conftest.py", conftest(SMALL.format(declared="")))
    project.write("test_s.py", suite(models=["shaky"], recipes=["fp16"], budgets=[("*", {"accuracy_drop": "1 pp"})]))
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = finding(project)
    assert (found["verdict"], found["phase"]) == ("error", "lint")
    assert TOO_FEW in result.stdout.str()


def test_a_set_that_is_not_as_declared_is_an_error(project: Project) -> None:
    project.write("conftest.py", conftest(SMALL.format(declared=", samples=4000")))
    project.write("test_s.py", suite(models=["shaky"], recipes=["fp16"], budgets=[("*", {"accuracy_drop": "1 pp"})]))
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "it declares samples=4000, its evaluation split has 40." in result.stdout.str()


@pytest.mark.parametrize(
    ("metric", "limit", "told"),
    [
        ("accuracy_drop", "60 pp", "accuracy_drop='60 pp' is vacuous: it is wider than half of the reference."),
        ("size_ratio", "1.6 x", "size_ratio='1.6 x' is vacuous"),
        ("agreement", "40 %", "agreement='40 %' is vacuous"),
        ("accuracy_drop", "0 pp", "accuracy_drop='0 pp': no number of samples can show that nothing at all was lost."),
        ("accuracy_drop", "1 x error", "allows no error more than the reference makes"),
        ("latency", "0 ms", "latency='0 ms': every inference takes some time."),
        ("agreement", "100 %", "agreement='100 %': no number of samples can show"),
    ],
)
def test_limits_that_can_never_say_anything_are_refused(project: Project, metric: str, limit: str, told: str) -> None:
    project.write("test_s.py", suite(metrics=[metric], recipes=["fp16"], budgets=[("*", {metric: limit})]))
    result = project.run("--collect-only")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert told in result.stdout.str()


SWAPPED = """
@harness.dataset("swapped")
def swapped():
    held = blobs()
    order = slice(None, None, {step})
    return harness.DataSet(
        evaluation=harness.Split(held.evaluation.inputs[order], held.evaluation.labels[order]),
        calibration=held.calibration,
    )


@harness.model("turned", dataset="swapped", framework="fake", input=INPUT)
def turned():
    return trained()
"""


@pytest.mark.parametrize(
    "step", [pytest.param(-1, id="another order"), pytest.param(2, id="half of it", marks=pytest.mark.nightly)]
)
def test_another_evaluation_set_is_incomparable(project: Project, step: int) -> None:
    project.write("conftest.py", conftest(SWAPPED.format(step=1)))
    project.write("test_s.py", suite(models=["turned"], recipes=["fp16"], budgets=[("*", {"accuracy_drop": "3 pp"})]))
    assert project.run("--harness-update").ret == 0
    project.write("conftest.py", conftest(SWAPPED.format(step=step)))
    result = project.run()
    assert finding(project, "baseline")["verdict"] == "incomparable"
    assert "incomparable(data set: baseline " in finding(project, "baseline")["reason"]
    assert result.ret == 0, "a warning, unless strictness is asked for"
    assert project.run("--harness-strict").ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.nightly
def test_two_processes_time_as_one_does(project: Project) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is an extra of the tests")
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    project.write("conftest.py", conftest(STEADY))
    text = suite(
        metrics=["latency_ratio", "accuracy_drop"],
        recipes=["fp32", "fp16"],
        runtimes=["ten", "steady"],
        budgets=[("*", {"latency_ratio": "1.05 x", "accuracy_drop": "2 pp"})],
        more="baseline=False",
    )
    project.write("test_s.py", text)
    project.run()
    alone = project.verdicts()
    assert alone[CELL.format("ten"), "latency_ratio", "budget"] == "over_budget"
    assert alone[CELL.format("steady"), "latency_ratio", "budget"] == "pass"
    assert project.run("-n", "2").ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdicts() == alone


LOGGED = """
import os
import time
import harness.pipeline.timings
original = harness.pipeline.timings.time_pair


def logging(*arguments, **named):
    begun = time.monotonic()
    try:
        return original(*arguments, **named)
    finally:
        with open({log!r}, "a") as log:
            log.write(f"{{begun}} {{time.monotonic()}}\\n")


if "PYTEST_XDIST_WORKER" in os.environ:  # not in the process that runs these tests
    harness.pipeline.timings.time_pair = logging
"""


def test_measurements_of_two_processes_never_overlap(project: Project) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is an extra of the tests")
    log = project.folder / "stretches.txt"
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    project.write("conftest.py", conftest(LOGGED.format(log=str(log))))
    project.write(
        "test_s.py",
        suite(metrics=["latency"], recipes=["fp32", "fp16", "int8_static", "int8_dynamic"], more="baseline=False"),
    )
    assert project.run("-n", "2").ret == 0
    stretches = sorted(tuple(map(float, line.split())) for line in log.read_text().splitlines())
    assert len(stretches) == 4
    for (_, end), (begin, _) in itertools.pairwise(stretches):
        assert end <= begin


OPEN = MATRICES["inconclusive"]


@pytest.mark.parametrize(
    ("arguments", "mark", "ret"),
    [
        ([], "", 0),
        (["--harness-strict"], "", 1),
        (["--harness-strict", "--harness-inconclusive=warn"], "", 0),
        ([], "harness.policy(inconclusive='fail')", 1),
        (["--harness-inconclusive=fail"], "harness.policy(inconclusive='warn')", 0),
        (["--harness-strict"], "harness.policy(inconclusive='skip')", 0),
        (["--harness-strict"], "harness.policy(incomparable='warn')", 1),
    ],
)
def test_the_nearest_policy_has_the_last_word(project: Project, arguments: list[str], mark: str, ret: int) -> None:
    project.write("conftest.py", conftest(EVERYTHING))
    project.write("test_s.py", OPEN.replace("@harness.gate", f"@{mark}\n@harness.gate" if mark else "@harness.gate"))
    assert project.run(*arguments).ret == ret
    assert finding(project)["verdict"] == "inconclusive"


def test_a_mark_on_the_test_outweighs_that_of_its_module(project: Project) -> None:
    project.write("conftest.py", conftest(EVERYTHING))
    text = OPEN.replace("pytestmark = ", "pytestmark = [harness.policy(inconclusive='fail'), ").replace(
        "baseline=False)", "baseline=False)]"
    )
    project.write("test_s.py", text)
    assert project.run().ret == 1
    project.write("test_s.py", text.replace("@harness.gate", "@harness.policy(inconclusive='warn')\n@harness.gate"))
    assert project.run().ret == 0


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("harness.policy(inconclusiv='fail')", "policy inconclusiv='fail': a policy decides on inconclusive"),
        ("harness.policy(inconclusive='pass')", "policy inconclusive='pass': write one of warn, skip, fail"),
        ("harness.policy()", "a policy without verdicts"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(project: Project, written: str, told: str) -> None:
    project.write("test_s.py", OPEN.replace("@harness.gate", f"@{written}\n@harness.gate"))
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert told in result.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "ret"), [([], 0), (["--harness-strict"], 1), (["--harness-unavailable=fail"], 1)]
)
def test_a_missing_runtime_is_skipped_unless_strictness_is_asked_for(
    project: Project, arguments: list[str], ret: int
) -> None:
    project.write("conftest.py", conftest(EVERYTHING))
    project.write("test_s.py", suite(recipes=["fp32"], runtimes=["missing"], more="baseline=False"))
    assert project.run(*arguments).ret == ret


HELD = suite(
    metrics=["latency_ratio"],
    recipes=["fp16"],
    runtimes=["drifting"],
    budgets=[("*", {"latency_ratio": "report", "latency_change": "1.05 x"})],
)
SLOWER_LATER = """
harness.meters.latency.LEAST_WARM_NS = 50_000_000
runtimes.add(FakeRuntime("drifting", only=["fp16"], base_us=400{more}))
"""
"""The same name and another sabotage: the key of its artifacts must differ, as an edited runtime's does."""


def drift(project: Project, *, later: str, clear: bool = False) -> dict[str, Any]:
    """Record a latency baseline, change the artifact as *later* says, run again; the finding against the baseline."""
    project.write("conftest.py", conftest(SLOWER_LATER.format(more="")))
    project.write("test_s.py", HELD)
    assert project.run("--harness-update", f"--harness-cache={project.folder / 'cache'}").ret == 0
    document = json.loads(project.baseline().read_text())
    assert set(document["cells"][CELL.format("drifting")]) == {"latency_p50_ns_per_inference", "latency_ratio"}
    project.write("conftest.py", conftest(SLOWER_LATER.format(more=later)))
    cache = project.folder / ("other-cache" if clear else "cache")
    project.run(f"--harness-cache={cache}")
    return finding(project, "baseline")


def test_the_same_artifact_on_the_same_engine_needs_no_clock(project: Project) -> None:
    found = drift(project, later="")
    assert (found["verdict"], found["rung"], found["value"]) == ("pass", "same artifact", 1.0)


def test_a_slower_artifact_is_timed_beside_that_of_its_baseline(project: Project) -> None:
    found = drift(project, later=", spin_percent=12, padding_bytes=10")
    assert (found["verdict"], found["rung"]) == ("regressed", "paired artifact")
    assert found["value"] == pytest.approx(1.12, abs=0.03)
    assert "the artifact of the baseline [1." in found["reason"]


@pytest.mark.nightly
def test_without_that_artifact_the_stored_ratio_is_all_there_is(project: Project) -> None:
    found = drift(project, later=", spin_percent=12, padding_bytes=10", clear=True)
    assert (found["verdict"], found["rung"]) == ("below_noise_floor", "ratio to the reference")
    assert "two runs differ by up to 1.25 x here" in found["reason"]
    again = drift(project, later=", spin_percent=60, padding_bytes=10", clear=True)
    assert (again["verdict"], again["rung"]) == ("regressed", "ratio to the reference")


def test_a_baselines_artifact_that_the_engine_refuses_is_no_fault_of_the_cell(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = f"--harness-cache={project.folder / 'cache'}"
    project.write("conftest.py", conftest(SLOWER_LATER.format(more="")))
    project.write("test_s.py", HELD)
    assert project.run("--harness-update", cache).ret == 0
    figures = json.loads(project.baseline().read_text())["cells"][CELL.format("drifting")]
    refused = figures["latency_p50_ns_per_inference"]["artifact_sha256"]

    class Refusing(FreshWorker):
        def __init__(self, cell: ResolvedCell, artifact: Artifact, settings: Settings) -> None:
            super().__init__(cell, artifact, settings)
            self.refused = artifact.sha256 == refused

        def load(self, *, cold: bool = False) -> Loading:
            if self.refused:
                raise CellProblem.error(Phase.LOAD, "this engine can't read it")
            return super().load(cold=cold)

    monkeypatch.setattr(harness.pipeline.timed_pairs, "FreshWorker", Refusing)
    project.write("conftest.py", conftest(SLOWER_LATER.format(more=", padding_bytes=10")))
    assert project.run(cache).ret == 0
    assert finding(project)["verdict"] == "reported", "the budget is judged all the same"
    found = finding(project, "baseline")
    assert (found["verdict"], found["rung"]) == ("below_noise_floor", "ratio to the reference")


def calibrated(baselines: Path, **changed: Any) -> None:
    """Store a calibration of this machine."""
    from harness.core.noise import NoiseProfile, PowerPoint
    from harness.store.noise_profiles import write_noise

    point = PowerPoint(slowdown=0, trials=200, failed=0, passed=200, inconclusive=0, seconds_median=1.7)
    given: dict[str, Any] = {
        "hardware": Local().hardware(),
        "cell": "digits_cnn/fp32/onnxruntime/local",
        "limit": 1.05,
        "power": (point,),
        "false_alarms": (0.0, 0.018),
        "noise_floor": 0.03,
        "absolute_spread": 1.02,
        "ratio_spread": 1.04,
        "minutes": 25.0,
        "date": "2026-11-01",
        "p50_ns": 12_000.0,
    }
    write_noise(baselines, NoiseProfile(**{**given, **changed}))


def test_a_limit_below_the_calibrated_noise_floor_is_refused(project: Project) -> None:
    calibrated(project.folder / "baselines")
    result = latency(project, "steady", latency_ratio="1.02 x")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    told = "latency_ratio='1.02 x' is below the noise floor: on "
    assert told in result.stdout.str()
    assert "equal artifacts differ by up to 3.0% (calibrated 2026-11-01)" in result.stdout.str()
    assert latency(project, "steady", latency_ratio="1.05 x").ret == 0


def test_an_unreadable_calibration_is_an_error_that_names_it(project: Project) -> None:
    calibrated(project.folder / "baselines")
    (path,) = (project.folder / "baselines/hardware").iterdir()
    path.write_text("{")
    result = latency(project, "steady")
    assert result.ret != 0
    assert f"calibration {path} can't be read" in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize(
    ("metric", "limit", "spread", "verdict"),
    [
        pytest.param("latency", "2 ms", None, "pass", id="within, anywhere"),
        pytest.param("latency", "0.35 ms", None, "inconclusive", id="beyond by less than an unknown machine varies"),
        pytest.param("latency", "0.35 ms", 1.02, "over_budget", id="beyond by more than a quiet machine varies"),
        pytest.param("latency", "0.2 ms", None, "over_budget", id="twice the limit, anywhere"),
        pytest.param("latency_p90", "50 ms", None, "pass", id="tail within, anywhere"),
        pytest.param("latency_p90", "0.2 ms", None, "inconclusive", id="tail beyond, unknown machine"),
        pytest.param("latency_p90", "0.2 ms", 1.02, "over_budget", id="tail beyond, quiet machine"),
        pytest.param("latency_p99", "50 ms", None, "pass", id="p99 gets the samples it needs"),
    ],
)
def test_times_are_judged_as_far_as_the_machine_is_known(
    project: Project, metric: str, limit: str, spread: float | None, verdict: str
) -> None:
    if spread is not None:
        calibrated(project.folder / "baselines", absolute_spread=spread)
    project.write("conftest.py", conftest(STEADY))
    text = suite(metrics=[metric], recipes=["fp16"], runtimes=["steady"], budgets=[("*", {metric: limit})])
    project.write("test_s.py", text.replace("budgets=", "baseline=False, budgets="))
    project.run()
    assert finding(project)["verdict"] == verdict, finding(project)["reason"]
    assert finding(project)["rung"] == "absolute"


@pytest.mark.parametrize("order", [1, -1], ids=["latency last", "latency first"])
def test_what_the_machine_did_is_recorded_whatever_else_is_asked_of_the_cell(project: Project, order: int) -> None:
    project.write("conftest.py", conftest(STEADY))
    metrics = ["size", "accuracy_drop", "latency_ratio"][::order]
    project.write("test_s.py", suite(metrics=metrics, recipes=["fp16"], runtimes=["steady"], more="baseline=False"))
    assert project.run().ret == 0
    (cell,) = [one for one in project.results()["cells"] if one["recipe"] == "fp16"]
    assert cell["latency_context"]["seconds"] > 0
    assert [one["n"] for one in cell["classes"]] == [100] * 10
    report = (project.folder / "reports/latest/report.md").read_text()
    assert "- latency: not calibrated on this hardware class (edge-harness calibrate)" in report
    assert "- while it was timed: " in report
