"""What the cache holds and its removal: by age, whole, and never what a run at work may use."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from harness.core.artifact import Provenance
from harness.core.weights import Weights
from harness.store.artifacts import ArtifactStore, key_of
from harness.store.cleaning import HELD_SECONDS, cache_entries, clean, open_in_use, total_bytes

DAY = 24 * 3600


def filled(root: Path, **ages_s: float) -> None:
    """A cache with an artifact for each name, unused for so many seconds."""
    store = ArtifactStore(root)
    for name, age in ages_s.items():
        key = key_of({"name": name})
        with store.building(key) as staged:
            (staged / "model.onnx").write_bytes(b"x" * 1000)
            provenance = Provenance(model="m", recipe=name, runtime="rt")
            folder = store.commit(key, staged, "model.onnx", Weights(), provenance).folder
        for path in [*folder.iterdir(), folder]:
            os.utime(path, (time.time() - age,) * 2)


def names(root: Path) -> list[str]:
    return [entry.what for entry in cache_entries(root)]


def test_entries_are_named_by_what_they_are_the_longest_unused_first(tmp_path: Path) -> None:
    filled(tmp_path, new=0, old=3 * DAY)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "cell.log").write_text("said")
    os.utime(tmp_path / "logs" / "cell.log", (time.time() - DAY,) * 2)

    assert names(tmp_path) == ["m/old/rt", "logs/cell.log", "m/new/rt"]
    assert 2000 < total_bytes(cache_entries(tmp_path)) < 10_000


def test_a_card_that_cannot_be_read_leaves_the_key(tmp_path: Path) -> None:
    filled(tmp_path, new=0)
    (card,) = tmp_path.glob("artifacts/*/*/artifact.json")
    card.write_text("{")

    assert names(tmp_path) == [key_of({"name": "new"})[:12]]


@pytest.mark.parametrize(("unused_s", "left"), [(2 * DAY, ["m/new/rt"]), (4 * DAY, ["m/old/rt", "m/new/rt"]), (0, [])])
def test_what_was_unused_for_so_long_goes(tmp_path: Path, unused_s: float, left: list[str]) -> None:
    filled(tmp_path, new=0, old=3 * DAY)

    gone, held = clean(tmp_path, unused_s)

    assert names(tmp_path) == left
    assert len(gone) == 2 - len(left)
    assert held == []
    assert list((tmp_path / "staging").iterdir()) == []


def test_an_artifact_that_is_found_is_used_anew(tmp_path: Path) -> None:
    filled(tmp_path, old=3 * DAY)

    assert ArtifactStore(tmp_path).find(key_of({"name": "old"})) is not None

    assert clean(tmp_path, 2 * DAY) == ([], [])
    assert names(tmp_path) == ["m/old/rt"]


def test_while_a_run_is_at_work_what_it_may_use_stays(tmp_path: Path) -> None:
    filled(tmp_path, new=0, old=HELD_SECONDS + 60)
    store = ArtifactStore(tmp_path)

    gone, held = clean(tmp_path, 0)
    assert ([entry.what for entry in gone], [entry.what for entry in held]) == (["m/old/rt"], ["m/new/rt"])
    assert store.find(key_of({"name": "new"})) is not None

    del store
    assert len(clean(tmp_path, 0)[0]) == 1
    assert names(tmp_path) == []


def test_the_run_of_another_process_counts(tmp_path: Path) -> None:
    filled(tmp_path, new=0)
    descriptor = open_in_use(tmp_path)
    try:
        assert len(clean(tmp_path, 0)[1]) == 1
    finally:
        os.close(descriptor)


def test_an_empty_place_is_an_empty_cache(tmp_path: Path) -> None:
    assert cache_entries(tmp_path / "nothing") == []
    assert clean(tmp_path / "nothing", 0) == ([], [])
