"""The files that a model or an artifact consists of, where somebody else made them."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from harness.errors import ContractError


def files_of(main: Path) -> tuple[Path, ...]:
    """*main* and what belongs to it: an OpenVINO file's ``.bin``, the files that an ONNX file's weights lie in.

    Raises:
        ContractError: one is missing, lies outside of the folder, or *main* is no whole file.
    """
    if not main.is_file():
        raise ContractError(f"there is no file {main}")
    suffix = main.suffix.lower()
    if suffix == ".xml":
        weights = main.with_suffix(".bin")
        if not weights.is_file():
            raise ContractError(
                f"{main}: its weights belong into {weights.name!r}, and there is no such file beside it"
            )
        return (main, weights)
    if suffix == ".onnx":
        from harness.formats.onnx import files_with_weights

        return (main, *files_with_weights(main))
    return (main,)


def files_sha256(main: Path) -> str:
    """SHA-256 of *main*; of several files over their names, as *main* knows them, and contents.

    Raises:
        ContractError: as ``files_of``, or one can't be read.
    """
    files = files_of(main)
    try:
        hashes = {str(file.relative_to(main.parent)): _sha256(file) for file in files}
    except OSError as err:
        raise ContractError(f"{err.filename} can't be read: {err.strerror or err}") from err
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    return hashlib.sha256("".join(f"{name}\0{hashes[name]}\n" for name in sorted(hashes)).encode()).hexdigest()


def copy_files(main: Path, folder: Path) -> Path:
    """Copy *main* and what belongs to it into *folder*; returns the copy of *main*.

    Raises:
        ContractError: as ``files_of``.
    """
    for file in files_of(main):
        place = folder / file.relative_to(main.parent)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    return folder / main.name


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
