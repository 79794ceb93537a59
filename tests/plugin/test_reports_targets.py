"""A suite on two targets: each cell's figures stand under the hardware of its own, and so do limits and their lint."""

from __future__ import annotations

import pytest
from fakes.board import Board
from fakes.project import conftest, suite

from harness.targets.local import Local
from tests.plugin.conftest import Project
from tests.plugin.test_trust import calibrated

BOARD = """
from pathlib import Path
from fakes.board import Board
from harness.registries import targets

targets.add(Board(Path({folder!r}) / "board", hidden=Path({folder!r}) / "cache"))
"""
BOTH = "targets=['local', 'board']"


def write(project: Project, metric: str, limit: str) -> None:
    project.write("conftest.py", conftest(BOARD.format(folder=str(project.folder))))
    project.write("test_s.py", suite(metrics=[metric], budgets=[("*", {metric: limit})], more=BOTH))


@pytest.mark.parametrize("workers", [[], ["-n1"]], ids=["one process", "xdist"])
def test_a_run_is_reported_by_target(project: Project, workers: list[str]) -> None:
    write(project, "accuracy_drop", "10 pp")
    result = project.run(f"--harness-cache={project.folder / 'cache'}", *workers)
    assert result.ret == 0
    document = project.results()
    hardware = document["run"]["hardware"]
    assert set(hardware) == {"local", "board"}
    assert (hardware["board"]["machine"], hardware["board"]["cores"]) == ("boardarch", 3)
    assert hardware["local"]["machine"] == Local().hardware().machine
    for cell in document["cells"]:
        assert cell["environment"]["hardware"] == hardware[cell["target"]]
    assert set(project.verdicts(against="budget").values()) == {"pass"}
    text = (project.folder / "reports/latest/report.md").read_text(encoding="utf-8")
    assert "boardarch" in text
    left = list((project.folder / "board/tmp").iterdir())
    assert left == [], "the agent removes what it was sent"


def test_limits_are_held_to_the_noise_of_their_own_target(project: Project) -> None:
    calibrated(project.folder / "baselines", noise_floor=0.01)
    board = Board(project.folder / "board", hidden=project.folder / "cache")
    hardware = board.hardware()
    board.close()
    calibrated(project.folder / "baselines", noise_floor=0.2, hardware=hardware)
    write(project, "latency_ratio", "1.10 x")
    result = project.run("--collect-only")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    shown = result.stdout.str()
    assert "latency_ratio='1.10 x' is below the noise floor: on " in shown
    assert "(linear/int8_static/fakert/board)" in shown
    assert "/local" not in shown.partition("below the noise floor")[2].partition("!!!")[0]
