"""``edge-harness calibrate``: what it refuses before it measures, and what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.lab import Lab
from fakes.lab import lab as open_lab

from harness.cli import main
from harness.runtimes import availability
from harness.store.noise_profiles import read_noise
from harness.targets.local import Local

pytestmark = pytest.mark.slow


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with open_lab(tmp_path) as opened:
        opened.register(
            'runtimes.add(FakeRuntime("steady", base_us=400))', "harness.meters.latency.LEAST_WARM_NS = 50_000_000"
        )
        monkeypatch.setenv("EDGE_HARNESS_CACHE", str(opened.cache))
        monkeypatch.chdir(tmp_path)
        yield opened


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["linear/fp32"], "'linear/fp32' is no cell: write MODEL/RECIPE/RUNTIME"),
        (["liner/fp32/steady"], "unknown model 'liner'; did you mean 'linear'?"),
        (["linear/fp32/stedy"], "unknown runtime 'stedy'; did you mean 'steady'?"),
        (["linear/fp32/steady", "--limit", "1"], "--limit 1: equal artifacts are tried, so that it must be above 1."),
        (["linear/fp32/steady", "--limit", "nan"], "--limit nan"),
        (["linear/fp32/steady", "--neighbours", "-1"], "--neighbours must be at least 0."),
        (["linear/fp32/steady", "--trials", "0"], "--threads and --trials must be at least 1."),
        (["linear/fp32/steady", "--baselines", "taken"], "calibrations can't be written to taken/hardware"),
        (["linear/prune/steady"], "unknown recipe step 'prune'"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_measured(
    lab: Lab, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    lab.write("taken", "a file, not a folder")
    assert main(["calibrate", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not lab.cache.exists()


def test_without_any_runtime_it_says_so(lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    from harness.core.contracts import Availability
    from harness.pipeline.catalog import load_catalog

    load_catalog()
    monkeypatch.setattr(availability, "availability", lambda runtime, devices: Availability(ok=False, reason="gone"))
    assert main(["calibrate"]) == 2
    assert (
        "none of onnxruntime, litert, openvino, executorch, torch is installed; edge-harness doctor says why."
        in capsys.readouterr().err
    )


def test_trials_are_run_printed_and_stored(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "linear/fp32/steady", "--trials", "2", "--quick"]) == 0
    told = capsys.readouterr()
    assert "at 1.05 x, of equal artifacts: 0 of 2 (0.0 % to 84.2 %) over budget, 0 of 2" in told.out
    assert "of slow-downs of 10 % and more: 0 of 2 (0.0 % to 84.2 %) passed" in told.out
    assert "20 latency cases within their limits: no false red was seen, at worst (95 %) one in 1.0" in told.out
    assert "+10 %" in told.out
    assert "5/5" in told.err, "the progress bar: 2 equal, one each of +10 % and +20 %, and one of two artifacts"
    found = read_noise(lab.folder / "baselines", Local().hardware())
    assert found is not None
    assert (found.cell, found.limit, found.quick) == ("linear/fp32/steady/local", 1.05, True)
    assert [point.slowdown for point in found.power] == [0.0, 0.10, 0.20]
    assert found.smallest_seen() == 0.10
    assert dict(found.versions).keys() == {"numpy"}


def test_a_dry_run_stores_nothing(lab: Lab) -> None:
    assert main(["calibrate", "linear/fp32/steady", "--trials", "1", "--quick", "--dry-run"]) == 0
    assert not (lab.folder / "baselines").exists()


def test_several_cells_are_told_apart(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    cells = ["linear/fp32/steady", "linear/fp16/steady"]
    assert main(["calibrate", *cells, "--trials", "2", "--quick", "--dry-run"]) == 0
    table = [
        line.split("  ")[0] for line in capsys.readouterr().out.splitlines() if "linear/" in line and " of " in line
    ]
    assert table == ["linear/fp16/steady/local", "linear/fp32/steady/local"]
