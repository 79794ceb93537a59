"""Reads IDX files, the format of the MNIST family: a magic number, big-endian sizes, then the bytes."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.core.tensors import Array
from harness.errors import DataSetError

_UNSIGNED_BYTE = 0x08


@dataclass(frozen=True, slots=True, kw_only=True)
class IdxFile:
    """A known gzipped IDX file of unsigned bytes."""

    name: str
    shape: tuple[int, ...]
    sha256: str
    """Of the content, not of the gzip file: packagers compress the same content again with another header."""

    @property
    def size(self) -> int:
        """Bytes of the content: magic number, sizes, values."""
        return 4 + 4 * len(self.shape) + math.prod(self.shape)

    def read(self, folder: Path) -> Array:
        """The values in *folder*, uint8 of ``shape``.

        Raises:
            DataSetError: the file is missing, is not gzip, is truncated, or its content is not the known one.
        """
        path = folder / self.name
        try:
            with gzip.open(path) as file:
                content = file.read(self.size + 1)  # one more: a longer file must not pass
        except FileNotFoundError:
            raise DataSetError(f"no file {path}.") from None
        except (OSError, EOFError, zlib.error) as err:
            raise DataSetError(
                f"{path} ({path.stat().st_size} bytes) is damaged or not gzip: {err}; expected {self.size} bytes of "
                f"content with sha256 {self.sha256}. Get it again."
            ) from err
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            read = f"{len(content)} bytes" if len(content) <= self.size else f"more than {self.size} bytes"
            raise DataSetError(
                f"{path}: expected {self.size} bytes of content with sha256 {self.sha256}, found {read} with {found}. "
                "It is not the published file; get it again."
            )
        return _parsed(content, self.shape, path)


def _parsed(content: bytes, shape: tuple[int, ...], path: Path) -> Array:
    sizes = np.array(shape, ">u4").tobytes()
    header = bytes((0, 0, _UNSIGNED_BYTE, len(shape))) + sizes
    if not content.startswith(header) or len(content) != len(header) + math.prod(shape):
        raise DataSetError(
            f"{path}: expected the IDX header {header.hex()} of sizes {shape} and {math.prod(shape)} values, found "
            f"{content[: len(header)].hex()} in {len(content)} bytes."
        )
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)
