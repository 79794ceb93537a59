"""A runtime's other files, as part of what its artifacts are cached by."""

from __future__ import annotations

import hashlib
from pathlib import Path


def hashes_of(*files: Path) -> dict[str, str]:
    """The hash of each file by name, for an attribute of the runtime.

    The cache key of an artifact holds the plain values a runtime was made with, and of files only the one that defines
    its class: an edit in another one must build anew as well.
    """
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
