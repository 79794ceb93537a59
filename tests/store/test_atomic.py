"""Files that are either whole or not there: also on a full disk, and when the process dies."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from harness.store.atomic import sync_folder, write_text
from tests.store.processes import kill_when, start

FULL = OSError(errno.ENOSPC, "No space left on device")


def raising(error: BaseException) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


class FullHandle:
    """A file on a disk that is full after a few letters."""

    def __init__(self, descriptor: int, *_: object, **__: object) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> FullHandle:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def write(self, text: str) -> None:
        os.write(self._descriptor, text[:3].encode())
        raise FULL


def test_a_new_file_and_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.json"

    write_text(path, "größe\n")

    assert path.read_bytes() == "größe\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(path.parent) == ["file.json"]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_text(path, "a much longer old text")

    write_text(path, "new")

    assert path.read_text() == "new"


@pytest.mark.parametrize("old", ["the old file", None], ids=["over an old file", "a new file"])
@pytest.mark.parametrize(
    ("name", "patch"),
    [
        pytest.param("fdopen", FullHandle, id="full at write"),
        pytest.param("fsync", raising(FULL), id="full at fsync"),
        pytest.param("replace", raising(OSError(errno.EACCES, "Permission denied")), id="refused at rename"),
        pytest.param("chmod", raising(OSError(errno.EPERM, "not permitted")), id="refused at chmod"),
        pytest.param("fsync", raising(KeyboardInterrupt()), id="interrupted"),
    ],
)
def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str | None, name: str, patch: Any
) -> None:
    path = tmp_path / "file.json"
    if old is not None:
        path.write_text(old)
    monkeypatch.setattr(os, name, patch)

    with pytest.raises((OSError, KeyboardInterrupt)):
        write_text(path, "the new file")

    monkeypatch.undo()
    assert os.listdir(tmp_path) == (["file.json"] if old is not None else [])
    if old is not None:
        assert path.read_text() == old


def test_text_that_cannot_be_encoded_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_text(path, "old")

    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.json"]


@pytest.mark.parametrize("inside", ["folder", "file"])
def test_a_place_that_cannot_be_written_is_an_os_error(tmp_path: Path, inside: str) -> None:
    path = tmp_path / "file"
    path.mkdir() if inside == "folder" else path.write_text("x")

    with pytest.raises(OSError, match=str(tmp_path)):
        write_text(path if inside == "folder" else path / "below" / "file.json", "text")

    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync_folder(tmp_path / "missing")
    monkeypatch.setattr(os, "fsync", raising(OSError(errno.EINVAL, "Invalid argument")))
    sync_folder(tmp_path)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_at_the_rename_leaves_the_old_file_or_the_new_one(tmp_path: Path, moment: str) -> None:
    path, mark = tmp_path / "file.json", tmp_path / "reached"
    path.write_text("old " * 1000)
    process = start(
        """
        import os, sys, time
        from pathlib import Path
        from harness.store.atomic import write_text

        path, mark, moment = sys.argv[1:]
        rename = os.replace

        def replace(*names):
            if moment == "after":
                rename(*names)
            Path(mark).touch()
            time.sleep(60)

        os.replace = replace
        write_text(Path(path), "new " * 1000)
        """,
        path,
        mark,
        moment,
    )

    kill_when(process, mark.exists)

    assert path.read_text() == ("new " if moment == "after" else "old ") * 1000
    write_text(path, "newer")
    assert path.read_text() == "newer"
