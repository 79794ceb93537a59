"""``edge-harness doctor``: what runs here, why the rest can't, and what is required."""

import subprocess
import sys
from itertools import takewhile

import pytest

from harness import cli
from harness.core.contracts import Availability
from harness.core.offer import Provider
from harness.pipeline import engine_answers
from harness.runtimes import availability
from harness.worker.process import WorkerFailure


class Desk:
    """Stands for a worker: answers without an engine that nothing but qnn finds a device."""

    def __init__(self, *arguments, **named):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def ask(self, operation, provider):
        if provider == "qnn":
            raise WorkerFailure("the worker died: signal SIGSEGV")
        return {"reason": f"{provider} finds no device here"}


@pytest.fixture(autouse=True)
def no_engine(request, monkeypatch, tmp_path):
    """Engines answer by ``Desk``, and nothing that is remembered counts."""
    if request.node.get_closest_marker("runtimes") is None:  # keywords hold the names of folders too
        monkeypatch.setattr(engine_answers, "Worker", Desk)
    monkeypatch.setenv("EDGE_HARNESS_CACHE", str(tmp_path))


def test_doctor_names_what_runs(capsys):
    assert cli.main(["doctor"]) == 0
    out = capsys.readouterr().out
    for word in ("hardware class", "onnxruntime", "litert", "torch", "int8_static", "digits", "digits_keras_cnn"):
        assert word in out


def test_doctor_says_why_not_and_fails_when_it_is_required(capsys, monkeypatch):
    missing = Availability(ok=False, reason="not installed: onnxruntime; pip install 'edge-harness[onnxruntime]'")
    monkeypatch.setattr(availability, "availability", lambda runtime, devices: missing)
    assert cli.main(["doctor"]) == 0
    assert "pip install 'edge-harness[onnxruntime]'" in capsys.readouterr().out
    assert cli.main(["doctor", "--require", "onnxruntime"]) == 1
    assert "required runtime onnxruntime is unavailable" in capsys.readouterr().err


def providers(out, runtime):
    """What doctor says of the providers of *runtime*: the lines of its row put together."""
    lines = out.partition("models of")[0].splitlines()
    head = next(line for line in lines if line.startswith("runtime "))
    columns = slice(head.index("providers"), head.index("options"))
    (first,) = [number for number, line in enumerate(lines) if line.startswith(f"{runtime} ")]
    rest = list(takewhile(lambda line: line.startswith(" "), lines[first + 1 :]))
    return " ".join(line[columns].strip() for line in [lines[first], *rest])


@pytest.mark.parametrize("columns", ["80", "120"])
def test_doctor_fits_the_terminal(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    missing = Availability(ok=False, reason="not installed: onnxruntime; pip install 'edge-harness[onnxruntime]'")
    monkeypatch.setattr(availability, "availability", lambda runtime, devices: missing)
    assert cli.main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > int(columns) and not line.startswith(("hardware", "artifact"))] == []
    assert "  onnxruntime: pip install 'edge-harness[onnxruntime]'" in lines


def test_doctor_says_what_the_engine_says_of_a_provider(capsys, monkeypatch):
    monkeypatch.setattr(availability, "installed", lambda packages: Availability(ok=True))
    assert cli.main(["doctor"]) == 0
    told = providers(capsys.readouterr().out, "onnxruntime")
    assert "openvino (openvino finds no device here)" in told
    assert "qnn (gave no answer: the worker died: signal SIGSEGV, not timed)" in told


def test_a_runtime_whose_default_provider_finds_no_device_is_not_available(capsys, monkeypatch):
    from harness.runtimes.litert.runtime import LiteRt

    monkeypatch.setattr(availability, "installed", lambda packages: Availability(ok=True))
    monkeypatch.setattr(LiteRt, "providers", (Provider(name="dsp", asks_engine=True),))
    assert cli.main(["doctor", "--require", "litert"]) == 1
    captured = capsys.readouterr()
    assert any(line.split()[:2] == ["litert", "no"] for line in captured.out.splitlines())
    assert "required runtime litert is unavailable: dsp finds no device here" in captured.err


def test_doctor_offers_near_names(capsys):
    assert cli.main(["doctor", "--require", "onnxruntim"]) == 2
    assert "did you mean 'onnxruntime'" in capsys.readouterr().err


@pytest.mark.runtimes
def test_doctor_imports_no_engine():
    code = (
        "import sys; from harness import cli; cli.main(['doctor']);"
        "bad = {'torch', 'onnxruntime', 'onnx', 'ai_edge_litert', 'tensorflow'} & set(sys.modules); sys.exit(bool(bad))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
