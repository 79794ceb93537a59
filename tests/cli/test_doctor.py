"""``edge-harness doctor``: what runs here, why the rest can't, and what is required."""

import subprocess
import sys

from harness import cli
from harness.core.contracts import Availability
from harness.runtimes import registry


def test_doctor_names_what_runs(capsys):
    assert cli.main(["doctor"]) == 0
    out = capsys.readouterr().out
    for word in ("hardware class", "onnxruntime", "litert", "torch", "int8_static", "digits", "fashion_mnist"):
        assert word in out


def test_doctor_says_why_not_and_fails_when_it_is_required(capsys, monkeypatch):
    missing = Availability(ok=False, reason="not installed: onnxruntime; pip install 'edge-harness[onnxruntime]'")
    monkeypatch.setattr(registry, "availability", lambda runtime, devices: missing)
    assert cli.main(["doctor"]) == 0
    assert "pip install 'edge-harness[onnxruntime]'" in capsys.readouterr().out
    assert cli.main(["doctor", "--require", "onnxruntime"]) == 1
    assert "required runtime onnxruntime is unavailable" in capsys.readouterr().err


def test_doctor_offers_near_names(capsys):
    assert cli.main(["doctor", "--require", "onnxruntim"]) == 2
    assert "did you mean 'onnxruntime'" in capsys.readouterr().err


def test_doctor_imports_no_engine():
    code = (
        "import sys; from harness import cli; cli.main(['doctor']);"
        "bad = {'torch', 'onnxruntime', 'onnx', 'ai_edge_litert', 'tensorflow'} & set(sys.modules); sys.exit(bool(bad))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
