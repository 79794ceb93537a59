"""A child process comes to know what was registered by reading files again; where it can't, it says so."""

from __future__ import annotations

import sys

import pytest
from fakes.lab import Lab, cases, load
from fakes.project import HEADER

from harness.core.finding import Finding, Verdict
from harness.errors import ContractError
from harness.pipeline.replay import user_sources
from harness.registries import models

MODEL = """
@harness.model("{name}", dataset="blobs", framework="fake", input=INPUT)
def {name}():
    return trained()
"""
IMPORTS = """
import harness
from fakes.linear import INPUT, trained
"""


def judge_one(lab: Lab, **cell: list[str]) -> Finding:
    (case,) = cases("size", **{"recipes": ["fp32"], **cell})
    return lab.judge([case])[case.cell.id, "size"][0]


def test_a_model_of_a_second_conftest_in_a_subfolder_is_built(lab: Lab) -> None:
    lab.register(name="conftest.py")
    load(lab.write("sub/conftest.py", IMPORTS + MODEL.format(name="second")))
    assert judge_one(lab, models=["second"]).verdict is Verdict.REPORTED
    assert judge_one(lab, models=["linear"]).verdict is Verdict.REPORTED


def test_a_model_of_a_package_beside_the_conftest_is_built(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write("mine_for_replay/__init__.py", "")
    lab.write("mine_for_replay/sizes.py", "SHIFT = 0.0\n")
    text = IMPORTS + "from .sizes import SHIFT\n" + MODEL.format(name="packaged")
    lab.write("mine_for_replay/models.py", text)
    monkeypatch.syspath_prepend(str(lab.folder))
    lab.register("import mine_for_replay.models", name="conftest.py")
    assert judge_one(lab, models=["packaged"]).verdict is Verdict.REPORTED


def test_a_registration_inside_a_function_is_refused_with_the_file_and_the_remedy(lab: Lab) -> None:
    body = "\n".join(f"    {line}" for line in MODEL.format(name="hidden").splitlines() if line)
    path = lab.register(f"\ndef later():\n{body}\n")
    sys.modules["loaded_registering"].later()
    finding = judge_one(lab, models=["hidden"])
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "model")
    assert "model 'hidden'" in finding.reason
    assert str(path) in finding.reason
    assert "Register it at the top level" in finding.reason
    assert "Traceback" not in finding.reason


def test_a_runtime_that_only_another_file_adds_is_refused_with_the_remedy(lab: Lab) -> None:
    # The class lies in fakert.py, which is read again; the file that adds an instance of it registers nothing else.
    lab.register()
    load(
        lab.write(
            "adding.py",
            IMPORTS
            + "from fakes.fakert import *\nfrom harness.registries import runtimes\nruntimes.add(FakeRuntime('rt_elsewhere'))\n",
        )
    )
    finding = judge_one(lab, runtimes=["rt_elsewhere"])
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "convert")
    assert "runtime 'rt_elsewhere'" in finding.reason
    assert "Traceback" not in finding.reason


def test_a_file_that_cannot_be_read_a_second_time_is_told_with_its_error(lab: Lab) -> None:
    lab.register("import os", "if 'EDGE_HARNESS_CHILD' in os.environ: raise RuntimeError('only once')")
    finding = judge_one(lab)
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, "model")
    assert "reading the registrations again failed: RuntimeError: only once" in finding.reason


def test_a_file_that_is_gone_is_told(lab: Lab) -> None:
    lab.register().unlink()
    finding = judge_one(lab)
    assert finding.verdict is Verdict.ERROR
    assert "reading the registrations again failed: FileNotFoundError" in finding.reason


def test_a_registration_without_a_file_is_refused(lab: Lab) -> None:
    lab.register()
    place: dict[str, object] = {"__name__": "__console__"}
    exec(HEADER.partition("frameworks.add")[0] + MODEL.format(name="typed"), place)
    assert "typed" in models
    with pytest.raises(ContractError, match=r"'typed' was registered in '__console__', which has no file"):
        user_sources()


def test_what_ships_is_not_read_again(lab: Lab) -> None:
    assert user_sources() == ()


def test_a_printing_conftest_does_not_disturb_the_events(lab: Lab) -> None:
    lab.register("import os", "print('{}')", "print(3)", 'os.write(1, b\'{"type": "done", "key": "linear"}\\n\')')
    assert judge_one(lab).verdict is Verdict.REPORTED


def test_a_module_of_the_current_folder_does_not_shadow_a_real_one(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.register()
    lab.write("here/json.py", "raise RuntimeError('the wrong module')\n")
    lab.write("here/numpy.py", "raise RuntimeError('the wrong module')\n")
    monkeypatch.chdir(lab.folder / "here")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    assert judge_one(lab).verdict is Verdict.REPORTED
