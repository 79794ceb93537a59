"""A cell that needs more memory than it may have is one error that says so; the others are measured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fakes.lab import Lab, cases, lab

from harness.core.finding import Verdict

pytestmark = pytest.mark.slow

RUNTIMES = """
runtimes.add(FakeRuntime("hoarding", only=["int8_static"], hoard_mb=1000))
runtimes.add(FakeRuntime("hoarding_build", only=["int8_static"], build="hoard"))
"""
LIMIT = 600_000_000


@pytest.fixture(scope="module")
def open_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("memory")) as opened:
        opened.register(RUNTIMES)
        yield opened


@pytest.mark.parametrize(("runtime", "stage"), [("hoarding", "load"), ("hoarding_build", "convert")])
def test_more_than_the_limit_is_an_error_with_its_stage(open_lab: Lab, runtime: str, stage: str) -> None:
    found = open_lab.judge(cases("accuracy_drop", runtimes=[runtime]), memory_limit_bytes=LIMIT)
    (finding,) = found[f"linear/int8_static/{runtime}/local", "accuracy_drop"]
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, stage)
    assert "MemoryError" in finding.reason or "Unable to allocate" in finding.reason
    assert "(it may allocate 600 MB)" in finding.reason
    (beside,) = found[f"linear/fp32/{runtime}/local", "accuracy_drop"]
    assert beside.verdict is Verdict.REPORTED


@pytest.mark.parametrize("runtime", ["hoarding", "hoarding_build"])
def test_without_a_limit_it_runs(open_lab: Lab, runtime: str) -> None:
    found = open_lab.judge(cases("accuracy_drop", runtimes=[runtime]))
    assert {finding.verdict for findings in found.values() for finding in findings} == {Verdict.REPORTED}
