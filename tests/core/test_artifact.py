"""An artifact's files, as another machine finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.artifact import Artifact


@pytest.mark.parametrize(
    ("main", "files"),
    [
        ("model.onnx", ["deep/part.bin", "model.onnx", "weights.bin"]),
        ("deep/part.bin", ["part.bin", "../model.onnx", "../weights.bin"]),
    ],
)
def test_files_are_named_from_where_the_main_one_lies(tmp_path: Path, main: str, files: list[str]) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("model.onnx", "weights.bin", "deep/part.bin"):
        (tmp_path / name).touch()
    artifact = Artifact(key="k", folder=tmp_path, main=main, sha256="", size_bytes=0, gzip_bytes=0, zstd_bytes=0)

    assert artifact.files == files
    assert all((artifact.path.parent / name).is_file() for name in artifact.files)
