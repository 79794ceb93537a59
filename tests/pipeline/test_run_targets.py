"""A run on a second target: planned, sent, measured and judged there, under its own hardware; built here, once for both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.lab import Lab, cases, lab

from harness.core.environment import Hardware
from harness.core.finding import Verdict
from harness.core.noise import NoiseProfile
from harness.pipeline.run import Run
from harness.pipeline.settings import Settings
from harness.registries import targets
from harness.targets.local import Local

BOARD = """
from pathlib import Path
from fakes.board import Board
from harness.registries import targets

targets.add(Board(Path({folder!r}) / "board", hidden=Path({folder!r}) / "cache", missing=["scipy"]))
targets.add(Board(Path({folder!r}) / "mute", hidden=Path({folder!r}) / "cache", missing=["numpy"], name="mute"))
runtimes.add(FakeRuntime("needing", needs=["scipy"]))
"""
BOTH = ("local", "board")


@pytest.fixture
def boards(tmp_path: Path) -> Iterator[Lab]:
    """A lab with two boards that can't see the artifact cache; they are closed in the end."""
    with lab(tmp_path) as opened:
        opened.register(BOARD.format(folder=str(tmp_path)))
        yield opened
        for target in targets:
            target.close()


@pytest.mark.parametrize(
    "timed", [(), pytest.param(("latency_ratio",), marks=pytest.mark.nightly)], ids=["untimed", "timed"]
)
def test_a_cell_is_built_here_and_measured_there(boards: Lab, timed: tuple[str, ...]) -> None:
    asked = cases("accuracy", "size_ratio", "memory", *timed, targets=BOTH)
    run = boards.run()
    run.prepare(asked)
    findings = {(case.cell.id, case.metric.name): run.judge(case)[0] for case in asked}
    assert boards.built() == ["linear/fp32/fakert", "linear/int8_static/fakert"], "once for both targets"
    assert {finding.verdict for finding in findings.values()} == {Verdict.REPORTED}
    cell = "linear/int8_static/fakert/{}"
    here, there = (findings[cell.format(target), "accuracy"].value for target in BOTH)
    assert here == there
    assert all(findings[cell.format("board"), metric].value is not None for metric in timed)
    environments = {cell.target: result.environment for cell, result in run.results.items()}
    local, board = (environments[target] for target in BOTH)
    assert local is not None and board is not None
    assert local.hardware == Local().hardware()
    assert (board.hardware.machine, board.hardware.cores) == ("boardarch", 3)
    sent = list((boards.folder / "board/tmp").glob("edge-harness-agent-*/*/*.npz"))
    assert len(sent) == 2


def test_what_is_missing_there_is_unavailable_there_only(boards: Lab) -> None:
    found = boards.judge(cases("size", "accuracy", recipes=["fp32"], runtimes=["needing"], targets=BOTH))
    verdicts = {key: findings[0].verdict for key, findings in found.items()}
    assert verdicts == {
        ("linear/fp32/needing/local", "size"): Verdict.REPORTED,
        ("linear/fp32/needing/local", "accuracy"): Verdict.REPORTED,
        ("linear/fp32/needing/board", "size"): Verdict.REPORTED,
        ("linear/fp32/needing/board", "accuracy"): Verdict.UNAVAILABLE,
    }
    reason = found["linear/fp32/needing/board", "accuracy"][0].reason
    assert reason == "unavailable: not installed: scipy (on target board)"


def test_a_target_that_cannot_be_reached_is_unavailable_with_the_reason(
    boards: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets.get("mute"), "_gateway", "popen//python=/no/such/python")
    found = boards.judge(cases("accuracy", "latency", recipes=["fp32"], targets=("local", "mute")))
    assert {findings[0].verdict for (cell, _), findings in found.items() if cell.endswith("local")} == {
        Verdict.REPORTED
    }
    for metric in ("accuracy", "latency"):
        finding = found["linear/fp32/fakert/mute", metric][0]
        assert finding.verdict is Verdict.UNAVAILABLE
        assert "target 'mute' can't be reached by 'popen//python=/no/such/python'" in finding.reason


def test_a_worker_that_dies_there_is_told_as_here(boards: Lab) -> None:
    boards.register(
        BOARD.format(folder=str(boards.folder)) + 'runtimes.add(FakeRuntime("crashing", predict="SIGSEGV"))\n'
    )
    found = boards.judge(cases("accuracy", recipes=["fp32"], runtimes=["crashing"], targets=BOTH))
    here, there = (found[f"linear/fp32/crashing/{target}", "accuracy"][0] for target in BOTH)
    assert here.verdict is there.verdict is Verdict.ERROR
    assert "the worker died in 'predict': signal SIGSEGV" in there.reason
    assert there.reason.replace("board", "local") == here.reason


def test_the_noise_of_a_target_is_its_own(boards: Lab) -> None:
    asked_for: list[str] = []

    def noise_of(target: str) -> NoiseProfile | None:
        asked_for.append(target)
        return None

    settings = Settings(cache=boards.cache, scratch=boards.folder / "scratch")
    run = Run(settings, lambda case: {}, boards.lines.append, noise_of)
    for case in cases("latency", recipes=["fp32"], targets=("board",)):
        run.judge(case)
    assert set(asked_for) == {"board"}


def test_both_sides_warm_up_together_where_the_target_has_the_cores(
    boards: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.pipeline import timed_pairs

    together: dict[str, bool] = {}
    measure_latency = timed_pairs.measure_latency

    def spied(*positional, side_by_side, **named):  # type: ignore[no-untyped-def]
        together[name] = side_by_side
        return measure_latency(*positional, side_by_side=side_by_side, **named)

    monkeypatch.setattr(timed_pairs, "measure_latency", spied)
    monkeypatch.setattr(Local, "hardware", lambda self: Hardware(machine="x", cpu="one core", cores=1))
    for name in BOTH:
        boards.judge(cases("latency_ratio", recipes=["int8_static"], targets=(name,)))
    assert together == {"local": False, "board": True}
