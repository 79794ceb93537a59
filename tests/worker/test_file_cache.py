"""Files that are dropped from the system's cache: whether they are gone is true, whatever the file system does."""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path

import pytest

from harness.core.timing import Files
from harness.worker import file_cache
from harness.worker.process import FILE_CACHE
from tests.worker.conftest import Lower, OpenWorker

PAGES = 8
IN_MEMORY = Path("/dev/shm")
"""A file system that keeps its files in memory, where there is one."""
OPTIONS = {"threads": 1, "provider": "cpu", "rounding": "even"}


def written(path: Path) -> Path:
    """A file of some pages, just written: in the cache, and perhaps not on the disk yet."""
    path.write_bytes(os.urandom(PAGES * mmap.PAGESIZE - 1))
    return path


def is_cached(path: Path) -> bool:
    """Whether a read of the first page needs no disk, as the system itself says; it may warm the rest."""
    if not hasattr(os, "RWF_NOWAIT"):
        pytest.skip("this system has no read that refuses to wait")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.preadv(descriptor, [bytearray(1)], 0, os.RWF_NOWAIT) == 1
    except BlockingIOError:
        return False
    except OSError as err:
        if err.errno == errno.EOPNOTSUPP:
            pytest.skip("this file system has no read that refuses to wait")
        raise
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("size", [1, mmap.PAGESIZE, mmap.PAGESIZE + 1, 1_000_000])
def test_what_is_said_of_a_file_is_true(tmp_path: Path, size: int) -> None:
    file = tmp_path / "model"
    file.write_bytes(os.urandom(size))
    true = 0
    for _ in range(5):
        assert is_cached(file), "it was just read or written"
        found = file_cache.drop(str(file), ["model"])
        # The system may read ahead for the question itself, and then says of a cold file that it is cached.
        true += found["files"] == (Files.CACHED if is_cached(file) else Files.COLD)
        assert bool(found["why"]) == (found["files"] != Files.COLD)
        file.read_bytes()
    assert true >= 3


def test_only_the_named_files_are_dropped(tmp_path: Path) -> None:
    for name in ("model", "weights/part", "not_named"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        written(tmp_path / name)
    found = file_cache.drop(str(tmp_path / "weights" / "main"), ["../model", "part"])
    if found["files"] != Files.COLD:
        pytest.skip(f"files can't be dropped here: {found['why']}")
    assert [is_cached(tmp_path / name) for name in ("model", "weights/part", "not_named")] == [False, False, True]


def test_a_file_that_a_process_maps_stays_and_is_told(tmp_path: Path) -> None:
    for name in ("model", "mapped"):
        written(tmp_path / name)
    with (tmp_path / "mapped").open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert len(mapped[:]) == PAGES * mmap.PAGESIZE - 1
        found = file_cache.drop(str(tmp_path / "model"), ["model", "mapped"])
    assert found["files"] == Files.CACHED
    assert found["why"].startswith("the system keeps ")
    assert f" of {2 * PAGES} pages on " in found["why"]


@pytest.mark.skipif(not os.access(IN_MEMORY, os.W_OK), reason="no file system in memory here")
def test_files_in_memory_are_never_cold_and_it_says_why() -> None:
    file = written(IN_MEMORY / f"edge-harness-{os.getpid()}")
    try:
        found = file_cache.drop(str(file), [file.name])
    finally:
        file.unlink()
    assert found == {"files": Files.CACHED, "why": f"the system keeps {PAGES} of {PAGES} pages on tmpfs"}


def test_an_empty_file_has_nothing_that_could_be_cached(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert file_cache.drop(str(tmp_path / "model"), ["empty"]) == {"files": Files.COLD, "why": ""}


def test_without_a_file_nothing_is_known() -> None:
    assert file_cache.drop("model", []) == {"files": Files.UNKNOWN, "why": "no file was named"}


def test_a_file_that_is_not_there_is_told_and_left_to_the_loading(tmp_path: Path) -> None:
    found = file_cache.drop(str(tmp_path / "model"), ["gone"])
    assert found["files"] == Files.UNKNOWN
    assert found["why"].startswith("FileNotFoundError: ")
    assert "gone" in found["why"]


def test_a_system_without_the_call_knows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "model")
    monkeypatch.delattr(os, "posix_fadvise")
    found = file_cache.drop(str(file), ["model"])
    assert found["files"] == Files.UNKNOWN
    assert "has no call to drop a file from its cache" in found["why"]


@pytest.mark.parametrize(
    ("owner", "may_write", "told"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_of_another_users_files_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: bool, may_write: bool, told: bool
) -> None:
    """Linux calls all of their pages cached, which is no answer."""
    file = written(tmp_path / "model")
    uid = file.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: uid if owner else uid + 1)
    monkeypatch.setattr(os, "access", lambda path, mode: may_write)
    found = file_cache.drop(str(file), ["model"])
    assert (found["files"] != Files.UNKNOWN) == told
    assert ("only its owner" in found["why"]) == (not told)


def test_a_lookup_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> tuple[int, int]:
        raise OSError(errno.ENOMEM, "mincore", path)

    file = written(tmp_path / "model")
    monkeypatch.setattr(file_cache, "_cached_pages", refuse)
    found = file_cache.drop(str(file), ["model"])
    assert found["files"] == Files.UNKNOWN
    assert "mincore" in found["why"]


@pytest.mark.parametrize(
    ("mounts", "told"),
    [
        pytest.param("30 1 {device} / /data rw,relatime shared:1 - overlay none rw\n", " on overlay", id="its line"),
        pytest.param("30 1 0:0 / /data rw - overlay none rw\n", "", id="another's line"),
        pytest.param("30 1 {device} / /data rw\n", "", id="a line without its kind"),
        pytest.param("short\n", "", id="no such lines"),
        pytest.param(None, "", id="no such file"),
    ],
)
def test_the_kind_of_file_system_is_told_where_the_system_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounts: str | None, told: str
) -> None:
    number = os.stat(tmp_path).st_dev
    if mounts is not None:
        text = mounts.format(device=f"{os.major(number)}:{os.minor(number)}")
        (tmp_path / "mounts").write_text(text, encoding="utf-8")
    monkeypatch.setattr(file_cache, "MOUNTS", str(tmp_path / "mounts"))
    assert file_cache._on_file_system(str(tmp_path)) == told


def test_a_worker_loads_from_cold_files_where_they_are(open_worker: OpenWorker, lower: Lower) -> None:
    """Here and on another machine the worker says what is true of these files."""
    artifact = lower("fp32")
    possible = file_cache.drop(str(artifact), [artifact.name])
    assert artifact.read_bytes(), "cached again"
    answer = open_worker().ask(
        "load", path=str(artifact), options=OPTIONS, file_cache=FILE_CACHE.read_text(), files=[artifact.name]
    )
    assert answer["load_ns"] > 0
    assert (answer["files"], answer["why"]) == (possible["files"], possible["why"])


def test_without_being_asked_a_worker_drops_nothing(open_worker: OpenWorker, lower: Lower) -> None:
    artifact = lower("fp32")
    assert set(open_worker().ask("load", path=str(artifact), options=OPTIONS)) == {"load_ns"}


def test_dropping_files_is_no_part_of_what_loading_takes(open_worker: OpenWorker, lower: Lower) -> None:
    slow = "import time\n\ndef drop(main, names):\n    time.sleep(2)\n    return {'files': 'cold', 'why': ''}\n"
    artifact = lower("fp32")
    answer = open_worker().ask("load", path=str(artifact), options=OPTIONS, file_cache=slow, files=[artifact.name])
    assert answer["files"] == "cold"
    assert answer["load_ns"] < 1e9


def test_the_worker_and_the_record_call_the_states_alike() -> None:
    assert {file_cache.COLD, file_cache.CACHED, file_cache.UNKNOWN} == set(Files)
