"""IDX files: known content passes, whatever gzip wrapped it; anything else is refused with expected and found."""

from __future__ import annotations

import gzip
import hashlib
import math
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from examples.zoo.idx import IdxFile
from harness.errors import DataSetError

SHAPE = (3, 4, 5)
VALUES = np.arange(math.prod(SHAPE), dtype=np.uint8).reshape(SHAPE)
CONTENT = struct.pack(">4B3I", 0, 0, 8, 3, *SHAPE) + VALUES.tobytes()


def known(content: bytes = CONTENT) -> IdxFile:
    return IdxFile(name="images.gz", shape=SHAPE, sha256=hashlib.sha256(content).hexdigest())


def write(folder: Path, raw: bytes) -> Path:
    path = folder / "images.gz"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("level", [1, 9])
@pytest.mark.parametrize("mtime", [0, 1_504_176_606])
def test_known_content_is_read_whatever_gzip_wrapped_it(tmp_path: Path, level: int, mtime: int) -> None:
    write(tmp_path, gzip.compress(CONTENT, level, mtime=mtime))

    values = known().read(tmp_path)

    assert values.dtype == np.uint8
    assert np.array_equal(values, VALUES)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        pytest.param(gzip.compress(CONTENT)[:-20], r"damaged or not gzip.*expected 76 bytes", id="truncated"),
        pytest.param(b"", r"expected 76 bytes.*found 0 bytes", id="empty"),
        pytest.param(CONTENT, r"damaged or not gzip", id="not gzip"),
        pytest.param(gzip.compress(CONTENT[:-1]), r"found 75 bytes", id="short"),
        pytest.param(gzip.compress(CONTENT + b"x" * 9), r"found more than 76 bytes", id="long"),
        pytest.param(gzip.compress(CONTENT[:-1] + b"\xff"), r"found 76 bytes", id="one byte changed"),
        pytest.param(gzip.compress(CONTENT)[:10] + b"\xff" * 40, r"damaged or not gzip", id="garbage after the header"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, raw: bytes, says: str) -> None:
    path = write(tmp_path, raw)

    with pytest.raises(DataSetError, match=says) as caught:
        known().read(tmp_path)

    assert str(path) in str(caught.value)
    assert known().sha256 in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=re.escape(str(tmp_path / "images.gz"))):
        known().read(tmp_path)


def test_a_header_of_another_kind_is_refused(tmp_path: Path) -> None:
    content = struct.pack(">4B3I", 0, 0, 0x0D, 3, *SHAPE) + VALUES.tobytes()  # 0x0D: float32
    write(tmp_path, gzip.compress(content))

    with pytest.raises(DataSetError, match=r"expected the IDX header 00000803.*found 00000d03"):
        known(content).read(tmp_path)
