"""The costs of many cells: different cells, each counted."""

from __future__ import annotations

import pytest

from benchmarks.scale import REPORTED, cells, reporting, resolving, table
from harness.pipeline.catalog import load_catalog


@pytest.fixture(autouse=True)
def _shipped() -> None:
    load_catalog()


def test_cells_differ_and_are_as_many_as_asked() -> None:
    for count in (1, 1_000, 10_000):
        assert len(set(cells(count))) == count


def test_what_can_be_built_is_keyed() -> None:
    row = resolving(200)
    assert row["cells"] == 200
    assert 0 < row["buildable"] < 200, "some cells are refused by their runtime, and some are not"
    assert row["seconds"] == pytest.approx(row["resolve"] + row["obstacles"] + row["keys"])


def test_the_table_has_a_row_for_each_size() -> None:
    head, _, *rows = table("resolve", [16, 32]).splitlines()
    assert head.split() == ["cells", "buildable", "resolve", "obstacles", "keys", "seconds"]
    assert [row.split()[0] for row in rows] == ["16", "32"]


def test_every_format_is_rendered_with_all_findings() -> None:
    row = reporting(64)
    assert (row["cells"], row["findings"]) == (64, 8 * 64)
    assert row["seconds"] == pytest.approx(row["document"] + sum(row[form] for form in REPORTED))
