"""``edge-harness doctor --run``: every engine here runs a small model, and one that breaks is told and ends with 1."""

import pytest
from fakes.lab import load
from fakes.registries import only_shipped

from harness import cli
from harness.core.names import Cell
from harness.core.offer import CUDA
from harness.pipeline import proof
from harness.registries import runtimes
from harness.reporting import screen

from .conftest import RUNTIMES

pytestmark = pytest.mark.runtimes

BROKEN = """
from harness.core.source import Source
from harness.runtimes.onnxruntime.runtime import OnnxRuntime
from harness.registries import runtimes
from harness.reporting import screen

class Broken(OnnxRuntime):
    name = "broken"

    def __init__(self):
        super().__init__()
        self.source = Source.of(Broken)

    def lower(self, source, wanted, folder):
        raise RuntimeError("the converter is out of order")

runtimes.add(Broken())
"""


def rows(out):
    """The last table: runtime, model, status and the rest, by runtime and model."""
    lines = out[out.index("largest output error") :].splitlines()[2:]
    cut = [line.split(None, 3) for line in lines if line.strip()]
    return {(runtime, model): (status, rest) for runtime, model, status, rest in cut}


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch):
    """Rows that need no second line."""
    monkeypatch.setattr(screen, "terminal_width", lambda: 2000)


@pytest.mark.nightly
def test_every_engine_here_runs(engine_cache, monkeypatch, capsys):
    monkeypatch.setenv("EDGE_HARNESS_CACHE", str(engine_cache))
    assert cli.main(["doctor", "--run"]) == 0
    found = rows(capsys.readouterr().out)
    running = {runtime.partition(":")[0] for (runtime, _), (status, _) in found.items() if status == "runs"}
    assert running >= set(RUNTIMES)
    tried = {runtime for runtime, _ in found}
    assert tried == {f"{one.name}:{provider.name}" for one in runtimes for provider in one.providers}
    for (runtime, _), (status, rest) in found.items():
        assert status in ("runs", "unavailable"), (runtime, rest)
        wanted = next(one for one in runtimes.get(runtime.partition(":")[0]).providers if one.name in runtime)
        assert status == "runs" or wanted.device == CUDA or wanted.packages, (runtime, rest)


def test_one_that_breaks_is_told(engine_cache, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("EDGE_HARNESS_CACHE", str(engine_cache))
    path = tmp_path / "broken_runtime.py"
    path.write_text(BROKEN)
    with only_shipped():
        load(path)
        cell = Cell(model="digits_cnn", recipe="fp32", runtime="broken:cpu")
        monkeypatch.setattr(proof, "_cells", lambda: [cell])
        assert cli.main(["doctor", "--run"]) == 1
    status, rest = rows(capsys.readouterr().out)["broken:cpu", "digits_cnn"]
    assert status == "error"
    assert "the converter is out of order" in rest
