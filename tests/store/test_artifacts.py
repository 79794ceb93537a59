"""The artifact cache: whole entries or none, whatever happens to its files and its processes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.core.artifact import Artifact, Provenance, StepRecord
from harness.core.weights import Weights
from harness.store.artifacts import CARD, SCHEMA, STALE_SECONDS, ArtifactStore, _check, key_of
from tests.store.processes import finish, kill_when, start

KEY = key_of({"model": "m", "recipe": "int8"})
MODEL, WEIGHTS = b"model" * 100, b"weights" * 1000
HELD = Weights(bytes={"int8": 7000}, kernel_bytes={"int8": 6000}, parameters=7000, kernel_size=6000, kernel_zeros=3)


def built(
    store: ArtifactStore, key: str = KEY, files: dict[str, bytes] | None = None, main: str = "model.onnx"
) -> Artifact:
    with store.building(key) as staged:
        for name, content in (files or {"model.onnx": MODEL, "data/weights.bin": WEIGHTS}).items():
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            (staged / name).write_bytes(content)
        return store.commit(key, staged, main, HELD, Provenance(recipe="int8"))


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "cache")


def staged_files(store: ArtifactStore) -> list[str]:
    return os.listdir(store.root / "staging")


def test_round_trip(store: ArtifactStore) -> None:
    made = built(store)

    found = store.find(KEY)

    assert found == made
    assert made.key == KEY
    assert made.path.read_bytes() == MODEL
    assert (made.folder / "data" / "weights.bin").read_bytes() == WEIGHTS
    assert made.size_bytes == len(MODEL) + len(WEIGHTS), "the card is no part of the artifact"
    assert 0 < made.gzip_bytes < made.size_bytes
    assert 0 < made.zstd_bytes < made.size_bytes
    assert (made.weights, made.weights.total_bytes) == (HELD, 7000)
    assert made.provenance == Provenance(recipe="int8")
    assert store.notices == []
    assert staged_files(store) == []
    assert ArtifactStore(store.root).find(KEY) == made, "another run finds it too"


def test_the_hash_of_one_file_is_that_file_s(store: ArtifactStore) -> None:
    made = built(store, files={"model.onnx": MODEL})

    assert made.sha256 == hashlib.sha256(MODEL).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"model.onnx": MODEL + b"x", "data/weights.bin": WEIGHTS}, id="content"),
        pytest.param({"model.onnx": MODEL, "data/weights.dat": WEIGHTS}, id="name"),
        pytest.param({"model.onnx": MODEL, "weights.bin": WEIGHTS}, id="folder"),
        pytest.param({"model.onnx": MODEL}, id="a file less"),
        pytest.param({"model.onnx": MODEL, "data/weights.bin": WEIGHTS, "data/artifact.json": b"{}"}, id="a file more"),
    ],
)
def test_the_hash_is_over_all_files_and_their_names(store: ArtifactStore, other: dict[str, bytes]) -> None:
    first, second = built(store), built(store, key_of({"other": 1}), other)

    assert first.sha256 != second.sha256
    assert second.size_bytes == sum(map(len, other.values()))


def test_the_same_files_have_the_same_hash_and_packed_size_anywhere(store: ArtifactStore, tmp_path: Path) -> None:
    first, second = built(store), built(ArtifactStore(tmp_path / "elsewhere"))

    assert (first.sha256, first.gzip_bytes) == (second.sha256, second.gzip_bytes)


def test_what_is_not_there_is_not_found(store: ArtifactStore) -> None:
    assert store.find(KEY) is None
    assert store.notices == []


def edit_card(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        card = json.loads((folder / CARD).read_text())
        change(card)
        (folder / CARD).write_text(json.dumps(card))

    return edit


def cut(name: str, to: int) -> Callable[[Path], None]:
    return lambda folder: os.truncate(folder / name, to)


def flip_a_bit(folder: Path) -> None:
    content = bytearray((folder / "model.onnx").read_bytes())
    content[7] ^= 1
    (folder / "model.onnx").write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(flip_a_bit, "content differs from its card: model.onnx", id="a bit flipped"),
        pytest.param(cut("model.onnx", 10), "content differs from its card: model.onnx", id="truncated"),
        pytest.param(cut("model.onnx", 0), "content differs from its card: model.onnx", id="emptied"),
        pytest.param(lambda f: (f / "model.onnx").unlink(), "model.onnx", id="main file missing"),
        pytest.param(lambda f: shutil.rmtree(f / "data"), "data/weights.bin", id="other file missing"),
        pytest.param(lambda f: (f / "extra.txt").write_text("x"), "extra.txt", id="extra file"),
        pytest.param(lambda f: (f / "data" / CARD).write_text("x"), f"data/{CARD}", id="extra file named as the card"),
        pytest.param(cut(CARD, 30), "corrupt", id="card truncated"),
        pytest.param(cut(CARD, 0), "corrupt", id="card emptied"),
        pytest.param(lambda f: (f / CARD).unlink(), "corrupt", id="card missing"),
        pytest.param(lambda f: (f / CARD).write_bytes(b"\xff\xfe"), "corrupt", id="card no text"),
        pytest.param(lambda f: (f / CARD).write_text("[]"), "corrupt", id="card a list"),
        pytest.param(lambda f: (f / CARD).write_text("null"), "corrupt", id="card null"),
        pytest.param(lambda f: (f / CARD).write_text("{}"), "corrupt", id="card without content"),
        pytest.param(edit_card(lambda c: c.update(schema=SCHEMA + 1)), f"schema {SCHEMA + 1}", id="newer schema"),
        pytest.param(edit_card(lambda c: c.update(key="0" * 64)), "key '000000000000'", id="another key's card"),
        pytest.param(edit_card(lambda c: c.update(files=[])), "corrupt", id="files a list"),
        pytest.param(edit_card(lambda c: c.update(weights=None)), "corrupt", id="weights null"),
        pytest.param(edit_card(lambda c: c["weights"].update(bytes={"int8": "x"})), "corrupt", id="weights no number"),
        pytest.param(edit_card(lambda c: c.update(main="model.onxx")), "corrupt", id="main file renamed"),
        pytest.param(edit_card(lambda c: c.update(size_bytes=c["size_bytes"] + 1)), "corrupt", id="another size"),
        pytest.param(edit_card(lambda c: c.update(gzip_bytes=1)), "corrupt", id="another packed size"),
        pytest.param(edit_card(lambda c: c["weights"].update(bytes={"int8": 1})), "corrupt", id="other weights"),
        pytest.param(edit_card(lambda c: c.pop("main")), "corrupt", id="no main file named"),
        pytest.param(edit_card(lambda c: c.pop("check")), "corrupt", id="no check of the card"),
    ],
)
def test_a_spoilt_entry_is_said_removed_and_built_anew(
    store: ArtifactStore, spoil: Callable[[Path], object], says: str
) -> None:
    made = built(store)
    spoil(made.folder)

    assert store.find(KEY) is None

    assert len(store.notices) == 1
    assert f"cache entry {KEY[:12]} was corrupt and is built again" in store.notices[0]
    assert says in store.notices[0]
    assert not made.folder.exists()
    assert store.find(KEY) is None
    assert len(store.notices) == 1, "said once"
    assert built(store) == made
    assert store.find(KEY) == made
    assert staged_files(store) == []


def test_a_file_in_place_of_an_entry_is_not_found(store: ArtifactStore) -> None:
    made = built(store)
    shutil.rmtree(made.folder)
    made.folder.write_text("x")

    assert store.find(KEY) is None
    assert built(store) == made


@pytest.mark.parametrize(
    ("files", "main", "says"),
    [
        pytest.param({"other": b"x"}, "model.onnx", "left no file 'model.onnx'", id="missing"),
        pytest.param({"model.onnx": b""}, "model.onnx", "left no file 'model.onnx'", id="empty"),
        pytest.param({"model.onnx/x": b"x"}, "model.onnx", "left no file 'model.onnx'", id="a folder"),
    ],
)
def test_a_build_that_left_nothing_is_refused(
    store: ArtifactStore, files: dict[str, bytes], main: str, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        built(store, files=files, main=main)

    assert store.find(KEY) is None
    assert staged_files(store) == []


def test_a_build_that_fails_leaves_nothing(store: ArtifactStore) -> None:
    def broken() -> None:
        with store.building(KEY) as staged:
            (staged / "model.onnx").write_bytes(MODEL)
            raise RuntimeError("the converter broke")

    with pytest.raises(RuntimeError, match="the converter broke"):
        broken()

    assert staged_files(store) == []
    assert store.find(KEY) is None
    assert built(store).path.read_bytes() == MODEL, "and its lock is free"


def test_a_full_disk_leaves_nothing(store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        built(store)
    monkeypatch.undo()

    assert staged_files(store) == []
    assert store.find(KEY) is None
    assert store.notices == []


def test_the_first_whole_entry_of_a_key_stays(store: ArtifactStore) -> None:
    """Its files may be open in a worker right now; the key says that another build can't differ in what matters."""
    first = built(store)
    before = first.path.stat().st_ino

    second = built(store, files={"model.onnx": MODEL + b"built at another second"})

    assert second == first
    assert first.path.stat().st_ino == before
    assert staged_files(store) == []


@pytest.mark.parametrize(
    ("age", "stays"), [(STALE_SECONDS + 60, False), (STALE_SECONDS - 60, True), (0, True)], ids=["old", "young", "new"]
)
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_a_killed_build_left_is_swept_after_a_day(
    store: ArtifactStore, age: float, stays: bool, kind: str
) -> None:
    left = store.root / "staging" / "left"
    if kind == "folder":
        left.mkdir()
        (left / "model.onnx").write_bytes(MODEL)
    else:
        left.write_bytes(MODEL)
    moment = time.time() - age
    os.utime(left, (moment, moment))

    ArtifactStore(store.root)

    assert left.exists() is stays


def test_a_folder_that_another_process_swept_meanwhile_is_no_failure(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = store.root / "staging" / "gone"
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([gone]))

    ArtifactStore(store.root)


def test_keys() -> None:
    assert key_of({"a": 1, "b": [1, 2]}) == key_of({"b": [1, 2], "a": 1})
    found: list[dict[str, Any]] = [
        {"a": 1, "b": [1, 2]},
        {"a": 1, "b": [2, 1]},
        {"a": "1", "b": [1, 2]},
        {"a": 1},
        {},
        {"a": 1, "b": [1, 2], "c": None},
    ]
    assert len({key_of(parts) for parts in found}) == len(found)


RACE = """
import sys, time
from pathlib import Path
from harness.core.artifact import Provenance
from harness.core.weights import Weights
from harness.store.artifacts import ArtifactStore

root, me, check = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "check"
store = ArtifactStore(root)
(root / f"ready-{me}").touch()
while len(list(root.glob("ready-*"))) < 2:
    time.sleep(0.001)
commits = 0
for number in range(25):
    key = f"{number:064d}"
    with store.building(key) as staged:
        if check and store.find(key) is not None:
            continue
        (staged / "model.onnx").write_bytes(f"{number}".encode() * 5000)
        store.commit(key, staged, "model.onnx", Weights(), Provenance(runtime=me))
        commits += 1
    assert store.find(key) is not None
assert not store.notices, store.notices
print(commits)
"""


@pytest.mark.parametrize("check", ["check", "blind"], ids=["built once", "built by both"])
def test_two_processes_that_build_the_same_keys(store: ArtifactStore, check: str) -> None:
    both = [start(RACE, store.root, name, check) for name in ("a", "b")]

    commits = [int(finish(process)) for process in both]

    found = [store.find(f"{number:064d}") for number in range(25)]
    assert all(one is not None for one in found)
    assert store.notices == []
    assert staged_files(store) == []
    assert sum(commits) == (25 if check == "check" else 50)


def test_a_process_killed_while_it_builds_leaves_the_cache_usable_and_the_lock_free(store: ArtifactStore) -> None:
    process = start(
        """
        import sys, time
        from pathlib import Path
        from harness.store.artifacts import ArtifactStore

        with ArtifactStore(Path(sys.argv[1])).building(sys.argv[2]) as staged:
            (staged / "half").write_bytes(b"x" * 1000)
            time.sleep(60)
        """,
        store.root,
        KEY,
    )
    kill_when(process, lambda: any(store.root.glob("staging/*/half")))
    [left] = staged_files(store)

    begin = time.monotonic()
    made = built(store)

    assert time.monotonic() - begin < 5, "it waited for the lock of a dead process"
    assert store.find(KEY) == made
    assert staged_files(store) == [left], "what it left is swept when it is old"


def test_a_process_killed_in_the_middle_of_a_commit_leaves_no_half_entry(store: ArtifactStore, tmp_path: Path) -> None:
    mark = tmp_path / "reached"
    process = start(
        """
        import os, sys, time
        from pathlib import Path
        from harness.core.artifact import Provenance
        from harness.core.weights import Weights
        from harness.store.artifacts import ArtifactStore

        def rename(*_):
            Path(sys.argv[3]).touch()
            time.sleep(60)

        os.rename = rename
        store = ArtifactStore(Path(sys.argv[1]))
        with store.building(sys.argv[2]) as staged:
            (staged / "model.onnx").write_bytes(b"x" * 1000)
            store.commit(sys.argv[2], staged, "model.onnx", Weights(), Provenance())
        """,
        store.root,
        KEY,
        mark,
    )
    kill_when(process, mark.exists)

    assert store.find(KEY) is None
    assert store.notices == []
    assert built(store) == store.find(KEY)


def test_a_card_of_the_schema_before_is_read(store: ArtifactStore) -> None:
    made = built(store, files={"model.onnx": MODEL})
    card = json.loads((made.folder / CARD).read_text())
    steps = [{"name": "int8_qat", "seconds": 0.5, "epochs": 3}]
    card |= {"schema": 3, "provenance": {"recipe": "int8", "steps": steps, "macs": 7, "layers": {"conv": 2}}}
    card["check"] = _check(card)
    (made.folder / CARD).write_text(json.dumps(card))

    found = store.find(KEY)

    assert store.notices == []
    assert found is not None
    assert found.provenance == Provenance(
        recipe="int8",
        steps=(StepRecord(name="int8_qat", seconds=0.5, epochs=3),),
        macs=7,
        details={"layers": {"conv": 2}},
    )


def test_a_card_whose_provenance_cannot_be_read_is_built_again(store: ArtifactStore) -> None:
    made = built(store, files={"model.onnx": MODEL})
    card = json.loads((made.folder / CARD).read_text())
    card["provenance"] = {"steps": "many"}
    card["check"] = _check(card)
    (made.folder / CARD).write_text(json.dumps(card))

    assert store.find(KEY) is None
    assert "was corrupt and is built again" in store.notices[0]
