"""Providers and options of a cell: what they change, what they lack, what they are not timed on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fakes.lab import Lab, cases, lab

from harness.core.finding import PLACEMENT, Verdict
from harness.core.names import Cell
from harness.errors import ContractError
from harness.pipeline.keys import keys_of
from harness.pipeline.plan import obstacle, obstacle_to_running, obstacle_to_timing
from harness.pipeline.resolved import ResolvedCell, resolve
from harness.runtimes.scales import check_scales
from harness.targets.local import Local

RUNTIMES = """
runtimes.add(FakeRuntime("leaving", only=["int8_static"], left=1))
runtimes.add(FakeRuntime("silent", only=["int8_static"], tells_placement=False))
"""


@pytest.fixture(scope="module")
def open_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("providers")) as opened:
        opened.register(RUNTIMES)
        yield opened


def cell(runtime: str) -> ResolvedCell:
    return resolve(Cell(model="linear", recipe="fp32", runtime=runtime))


def test_a_device_that_is_not_here_stops_running_not_building(open_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Local, "devices", lambda self: frozenset())
    assert obstacle(cell("fakert:cuda")) is None
    problem = obstacle_to_running(cell("fakert:cuda"))
    assert problem is not None
    assert (problem.verdict, problem.reason) == (Verdict.UNAVAILABLE, "no CUDA device")
    asked = cases("size", "accuracy_drop", recipes=["fp32"], runtimes=["fakert:cuda"])
    size, accuracy = (found[0] for found in open_lab.judge(asked).values())
    assert size.verdict is Verdict.REPORTED
    assert size.value is not None
    assert (accuracy.verdict, accuracy.reason) == (Verdict.UNAVAILABLE, "unavailable: no CUDA device")


def test_a_device_that_is_here_is_no_obstacle(open_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Local, "devices", lambda self: frozenset({"cuda"}))
    assert obstacle_to_running(cell("fakert:cuda")) is None


def test_a_simulator_is_not_timed_but_judged_otherwise(open_lab: Lab) -> None:
    assert obstacle_to_timing(cell("fakert")) is None
    asked = cases("latency_ratio", "accuracy_drop", recipes=["fp32", "int8_static"], runtimes=["fakert:npu"])
    for (name, metric), findings in open_lab.judge(asked).items():
        if metric == "accuracy_drop":
            assert [one.verdict for one in findings] == [Verdict.REPORTED], name
        else:
            assert [one.verdict for one in findings] == [Verdict.UNSUPPORTED], name
            assert findings[0].reason == "unsupported: latency on fakert:npu: it is a simulator's"


def test_only_what_decides_the_content_is_in_the_key(open_lab: Lab) -> None:
    run = open_lab.run()
    plain = cell("fakert")
    run.prepare_cells([plain.cell])
    key = {
        name: keys_of(cell(name), run.references["linear"]).artifact
        for name in ("fakert", "fakert:npu", "fakert,threads=2", "fakert,rounding=even", "fakert,rounding=up")
    }
    assert key["fakert"] == key["fakert:npu"] == key["fakert,threads=2"] == key["fakert,rounding=even"]
    assert key["fakert,rounding=up"] != key["fakert"]


def test_options_stand_in_the_environment_with_their_defaults(open_lab: Lab) -> None:
    run = open_lab.run()
    for case in cases("accuracy_drop", recipes=["fp32"], runtimes=["fakert", "fakert,rounding=up"]):
        run.judge(case)
    environments = [result.environment for result in run.results.values()]
    assert [one.options for one in environments if one] == [(("rounding", "even"),), (("rounding", "up"),)]
    assert [result.details["rounding"] for result in run.results.values()] == ["even", "up"]


def test_a_planted_fallback_is_named(open_lab: Lab) -> None:
    asked = cases("accuracy_drop", "size", recipes=["fp32", "int8_static"], runtimes=["leaving:cpu", "leaving"])
    found = open_lab.judge(asked)
    over = {key for key, findings in found.items() if any(one.against == PLACEMENT for one in findings)}
    assert over == {("linear/int8_static/leaving:cpu/local", "accuracy_drop")}
    (finding,) = [one for one in found[over.pop()] if one.against == PLACEMENT]
    assert finding.verdict is Verdict.OVER_BUDGET
    assert finding.reason.endswith("has 75.00 %, limit 100 %; left to reference: 1 MATMUL")


def test_a_named_provider_that_tells_nothing_is_an_error(open_lab: Lab) -> None:
    asked = cases("accuracy_drop", recipes=["int8_static"], runtimes=["silent:cpu"])
    (findings,) = open_lab.judge(asked).values()
    assert [one.verdict for one in findings if one.against == PLACEMENT] == [Verdict.ERROR]


def test_engine_figures_are_measurements(open_lab: Lab) -> None:
    run = open_lab.run()
    (case,) = cases("accuracy_drop", recipes=["fp32"])
    run.judge(case)
    held = run.results[case.cell].measurements
    assert (held["arena_bytes"].value, held["arena_bytes"].unit) == (4096, "bytes")
    assert held["placement_fraction"].value == 1.0


@pytest.mark.parametrize("scale", [8e-9, 0.0, float("nan"), float("inf"), 0.99e-7])
def test_degenerate_scales_are_refused_by_name(scale: float) -> None:
    with pytest.raises(ContractError, match=r"degenerate int8 scales of activations: pool/out \("):
        check_scales([("conv/out", 0.02), ("pool/out", scale)])


def test_fine_scales_are_not() -> None:
    check_scales([("conv/out", 0.02), ("pool/out", 1e-7)])
