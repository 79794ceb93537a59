"""Which engine versions are tested, and what is said of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.tested_versions import TESTED, untested, untested_engines
from tests.core.records import environment, result

ROOT = Path(__file__).parents[2]


def test_they_are_the_ones_that_are_installed_for_the_tests() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    exact = {name.lower().replace("_", "-"): version for name, _, version in (line.partition("==") for line in lines)}
    assert {name: ".".join(exact[name].split(".")[:2]) for name in TESTED} == dict(TESTED)


@pytest.mark.parametrize(
    ("version", "warns"),
    [("1.32.0", False), ("1.32.9", False), ("1.32.0+cpu", False), ("1.33.0", True), ("1.3", True), ("2.32.0", True)],
)
def test_another_minor_version_is_named(version: str, warns: bool) -> None:
    wanted = [f"onnxruntime {version} is untested: this harness was tested with onnxruntime 1.32"] if warns else []
    assert untested([("onnxruntime", version), ("numpy", "9.9")]) == wanted


def test_each_engine_of_a_run_is_named_once() -> None:
    old = environment(runtime_versions=(("torch", "2.9.0"),))
    assert untested_engines([result(environment=old), result(environment=old), result(environment=None)]) == [
        "torch 2.9.0 is untested: this harness was tested with torch 2.14"
    ]
