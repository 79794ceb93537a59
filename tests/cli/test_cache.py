"""``edge-harness cache``: what it prints and removes."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import cli
from tests.store.test_cleaning import DAY, filled, names


def test_list_names_entries_sizes_and_ages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path, new=0, old=3 * DAY)

    assert cli.main(["cache", "list", "--cache", str(tmp_path)]) == 0

    head, _, old, new, _, total = capsys.readouterr().out.splitlines()
    assert head.split() == ["entry", "size", "unused", "for"]
    assert (old.split()[0], old.split()[-2:]) == ("m/old/rt", ["3", "d"])
    assert new.split()[0] == "m/new/rt"
    assert total.startswith(f"{tmp_path}: 2 entries, ")


def test_clean_asks_nothing_and_says_what_went(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path, new=0, old=3 * DAY)

    assert cli.main(["cache", "clean", "--older-than", "2d", "--cache", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("removed m/old/rt (")
    assert names(tmp_path) == ["m/new/rt"]

    assert cli.main(["cache", "clean", "--all", "--cache", str(tmp_path)]) == 0
    assert "1 entry removed" in capsys.readouterr().out
    assert names(tmp_path) == []


def test_the_cache_is_the_one_of_pytest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDGE_HARNESS_CACHE", str(tmp_path))

    assert cli.main(["cache", "list"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}: 0 entries, 0 B\n"


@pytest.mark.parametrize(
    "arguments", [[], ["--older-than", "soon"], ["--older-than", "2d", "--all"], ["--older-than", "d"]]
)
def test_wrong_use_removes_nothing(tmp_path: Path, arguments: list[str]) -> None:
    filled(tmp_path, old=3 * DAY)

    with pytest.raises(SystemExit) as ended:
        cli.main(["cache", "clean", "--cache", str(tmp_path), *arguments])

    assert ended.value.code == 2
    assert names(tmp_path) == ["m/old/rt"]


def test_a_place_that_cannot_be_cleaned_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")

    assert cli.main(["cache", "clean", "--all", "--cache", str(tmp_path / "file")]) == 2
    assert "can't be cleaned" in capsys.readouterr().err
