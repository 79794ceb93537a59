"""Which cell an item is about, and when all items of a cell came back."""

from __future__ import annotations

import pytest

from harness.pytest_plugin.gathered import Gathered, cell_of
from harness.pytest_plugin.status import legend


@pytest.mark.parametrize(
    ("nodeid", "cell"),
    [
        ("test_s.py::test_size[m/fp32/rt/local]", "m/fp32/rt/local"),
        ("test_s.py::test_cells[size_ratio-m/fp32/rt/local]", "m/fp32/rt/local"),
        ("test_s.py::test_size[resnet18-random/fp32/rt/local]", "resnet18-random/fp32/rt/local"),
        ("test_s.py::test_cells[size-resnet18-random/fp32/rt/local]", "resnet18-random/fp32/rt/local"),
        ("test_s.py::test_it", ""),
        ("test_s.py::test_it[1]", ""),
        ("a/b/c/test_s.py::test_it[x/y]", ""),
    ],
)
def test_the_cell_of_an_item(nodeid: str, cell: str) -> None:
    assert cell_of(nodeid) == cell


def report(nodeid: str, when: str = "call", outcome: str = "passed") -> pytest.TestReport:
    return pytest.TestReport(nodeid, ("s", 0, ""), {}, outcome, None, when)  # type: ignore[arg-type]


def test_a_cell_is_done_with_its_last_item() -> None:
    items = [
        f"s::test_cells[{metric}-m/{recipe}/rt/local]" for recipe in ("fp32", "fp16") for metric in ("size", "latency")
    ]
    gathered = Gathered()
    gathered.plan_names(items)

    assert [gathered.receive(report(items[0], when)) for when in ("setup", "call", "teardown")] == ["", "", ""]
    assert gathered.receive(report(items[1], "setup", "skipped")) == "m/fp32/rt/local", "a skip has no call"
    assert gathered.receive(report(items[1], "teardown")) == "", "told once"
    assert gathered.progress == "1/2"
    assert gathered.missing == sorted(items[2:])


@pytest.mark.parametrize(
    ("categories", "words"),
    [
        ([], ""),
        (["passed", "failed"], ""),
        (["reported", "passed", "no_baseline"], "letters: r reported, n no baseline"),
    ],
)
def test_letters_that_pytest_does_not_know_are_explained(categories: list[str], words: str) -> None:
    assert legend(categories) == words
