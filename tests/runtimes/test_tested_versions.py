"""Which engine versions are tested, and what is said of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes.fakert import FakeRuntime
from fakes.registries import only_shipped

from harness.pipeline.catalog import load_catalog
from harness.registries import runtimes
from harness.runtimes.tested_versions import facts_of, known_versions, untested, untested_engines
from tests.core.records import environment, result

ROOT = Path(__file__).parents[2]


load_catalog()
SHIPPED = [runtime for runtime in runtimes if runtime.source.module.startswith("harness.")]


def test_they_are_the_ones_that_are_installed_for_the_tests() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    exact = {name.lower().replace("_", "-"): version for name, _, version in (line.partition("==") for line in lines)}
    said = {(name, version) for one in SHIPPED for name, version in facts_of(one).versions.items()}
    assert {(name, ".".join(exact[name].split(".")[:2])) for name, _ in said} == said


@pytest.mark.parametrize("runtime", SHIPPED, ids=lambda runtime: runtime.name)
def test_every_shipped_runtime_tells_of_its_engine(runtime: Any) -> None:
    """Of its engine at least, which its worker needs; another version of it would else be passed over."""
    facts = facts_of(runtime)
    assert facts is not None
    needed = {name for spec in runtime.run_packages for name in spec.split("|")}
    assert needed & set(facts.versions)
    assert facts.modules
    assert facts.idle_mb > 0


def test_a_runtime_of_a_user_may_leave_it_out() -> None:
    with only_shipped():
        before = known_versions()
        runtimes.add(FakeRuntime("fakert"))
        assert known_versions() == before


@pytest.mark.parametrize(
    ("version", "warns"),
    [("1.32.0", False), ("1.32.9", False), ("1.32.0+cpu", False), ("1.33.0", True), ("1.3", True), ("2.32.0", True)],
)
def test_another_minor_version_is_named(version: str, warns: bool) -> None:
    wanted = [f"onnxruntime {version} is untested: this harness was tested with onnxruntime 1.32"] if warns else []
    assert untested([("onnxruntime", version), ("numpy", "9.9")], {"onnxruntime": "1.32"}) == wanted


def test_each_engine_of_a_run_is_named_once() -> None:
    old = environment(runtime_versions=(("torch", "2.9.0"),))
    assert untested_engines([result(environment=old), result(environment=old), result(environment=None)]) == [
        "torch 2.9.0 is untested: this harness was tested with torch 2.14"
    ]
