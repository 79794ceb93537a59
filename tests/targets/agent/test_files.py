"""What an agent keeps: whole, under its hash, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.targets.agent.files import Depot, hashes


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return Depot(str(tmp_path / "depot"))


def test_hashes_are_of_all_files_below_and_empty_where_nothing_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b").write_bytes(b"b")
    (tmp_path / "a").write_bytes(b"a")
    assert sorted(hashes(str(tmp_path))) == ["a", "sub/b"]
    assert hashes(str(tmp_path / "gone")) == {}


def test_what_was_written_is_found_by_its_key(depot: Depot, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_bytes(b"one two")
    wanted = hashes(str(source))
    assert depot.find("/no/such/folder", "k", wanted) == ""
    staged = depot.begin("k")
    for content in (b"one ", b"two"):
        depot.write(staged, "a", content)
    assert depot.find("/no/such/folder", "k", wanted) == "", "it is not there before it is whole"
    place = depot.commit(staged, "k", wanted)
    assert depot.find("/no/such/folder", "k", wanted) == place
    assert depot.find(str(source), "k", wanted) == str(source), "the folder itself is enough"
    assert depot.find(str(source), "k", {}) == ""


def test_what_arrived_otherwise_is_refused_and_removed(depot: Depot, tmp_path: Path) -> None:
    staged = depot.begin("k")
    depot.write(staged, "a", b"half")
    with pytest.raises(ValueError, match="not those that were sent"):
        depot.commit(staged, "k", {"a": "0" * 64})
    assert not Path(staged).exists()


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", ".", ""])
def test_a_name_that_leads_out_of_the_folder_is_refused(depot: Depot, name: str) -> None:
    staged = depot.begin("k")
    with pytest.raises(ValueError, match="leads out"):
        depot.write(staged, name, b"")
