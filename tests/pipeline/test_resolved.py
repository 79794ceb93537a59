"""A cell is resolved once, and anew when a run begins."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata

import pytest
from fakes.lab import Lab

from harness.core.names import Cell
from harness.core.packages import installed
from harness.errors import UnknownName
from harness.pipeline.resolved import forget_resolved, resolve
from harness.registries import runtimes

CELL = Cell(model="linear", recipe="int8_static", runtime="fakert:npu,rounding=up,threads=3")


def test_everything_behind_the_names_is_there(lab: Lab) -> None:
    lab.register()
    resolved = resolve(CELL)
    assert (resolved.cell, resolved.model.name, resolved.recipe.name) == (CELL, "linear", "int8_static")
    assert (resolved.runtime.name, resolved.framework.name, resolved.target.name) == ("fakert", "fake", "local")
    assert resolved.exporter is not None
    assert resolved.exporter.name == "fake_to_npz"
    assert (resolved.choice.provider.name, resolved.choice.options) == ("npu", {"rounding": "up"})


def test_threads_of_the_cell_go_before_those_of_the_run(lab: Lab) -> None:
    lab.register()
    assert resolve(CELL).threads(1) == 3
    assert resolve(replace(CELL, runtime="fakert")).threads(2) == 2


def test_a_model_that_nobody_exports_for_the_runtime_has_no_exporter(lab: Lab) -> None:
    lab.register()
    assert resolve(replace(CELL, runtime="onnxruntime")).exporter is None


@pytest.mark.parametrize("changed", [{"model": "linaer"}, {"runtime": "fakrt"}, {"target": "moon"}, {"recipe": "int9"}])
def test_an_unknown_name_is_told_every_time(lab: Lab, changed: dict[str, str]) -> None:
    lab.register()
    for _ in range(2):
        with pytest.raises(UnknownName):
            resolve(replace(CELL, **changed))


def test_it_is_looked_up_once_until_a_run_begins(lab: Lab) -> None:
    lab.register()
    resolved = resolve(CELL)
    assert resolve(replace(CELL)) is resolved
    runtimes.add(type(resolved.runtime)("fakert", padding_bytes=1))
    assert resolve(CELL) is resolved
    lab.run()
    assert resolve(CELL).runtime is not resolved.runtime


def test_versions_are_read_once_until_a_run_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_resolved()
    versions = iter(["1", "2"])
    monkeypatch.setattr(metadata, "version", lambda name: next(versions))
    found = [installed(["some"]).versions, installed(["some"]).versions]
    forget_resolved()
    found.append(installed(["some"]).versions)
    forget_resolved()
    assert found == [(("some", "1"),), (("some", "1"),), (("some", "2"),)]
