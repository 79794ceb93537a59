"""The files that belong to a model or an artifact: found, hashed and copied together."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from fakes.files import onnx_model, write_onnx

from harness.errors import ContractError
from harness.store.model_files import copy_files, files_of, files_sha256


def with_weights(path: Path, location: str = "weights.bin") -> Path:
    import onnx

    path.parent.mkdir(exist_ok=True)
    (path.parent / location).parent.mkdir(exist_ok=True)
    onnx.save(onnx_model(), str(path), save_as_external_data=True, location=location, size_threshold=0)
    return path


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_one_file_has_its_own_hash(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tflite", "abc")
    assert files_of(path) == (path,)
    assert files_sha256(path) == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("name", ["m.onnx", "M.ONNX"])
@pytest.mark.parametrize("location", ["weights.bin", "inner/weights.bin"])
def test_weights_beside_an_onnx_file_belong_to_it(tmp_path: Path, name: str, location: str) -> None:
    path = with_weights(tmp_path / "a" / name, location)
    assert files_of(path) == (path, tmp_path / "a" / location)

    before = files_sha256(path)
    weights = tmp_path / "a" / location
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    assert files_sha256(path) != before

    (tmp_path / "b").mkdir()
    copy = copy_files(path, tmp_path / "b")
    assert copy == tmp_path / "b" / name
    assert (tmp_path / "b" / location).read_bytes() == weights.read_bytes()
    assert files_sha256(copy) == files_sha256(path)


def test_the_hash_of_several_knows_which_is_which(tmp_path: Path) -> None:
    (one, other), (xml, weights) = ("a", "b"), ("m.xml", "m.bin")
    write(tmp_path / xml, one), write(tmp_path / weights, other)
    before = files_sha256(tmp_path / xml)
    write(tmp_path / xml, other), write(tmp_path / weights, one)
    assert files_sha256(tmp_path / xml) != before


def test_the_weights_of_an_openvino_file_belong_to_it(tmp_path: Path) -> None:
    path = write(tmp_path / "m.xml", "<net/>")
    with pytest.raises(
        ContractError, match=re.escape(f"{path}: its weights belong into 'm.bin', and there is no such file")
    ):
        files_of(path)
    weights = write(tmp_path / "m.bin", "")
    assert files_of(path) == (path, weights)


def test_a_file_in_a_linked_folder_is_copied_too(tmp_path: Path) -> None:
    with_weights(tmp_path / "a" / "m.onnx")
    (tmp_path / "linked").symlink_to(tmp_path / "a")
    (tmp_path / "b").mkdir()
    copy_files(tmp_path / "linked" / "m.onnx", tmp_path / "b")
    assert files_sha256(tmp_path / "b" / "m.onnx") == files_sha256(tmp_path / "a" / "m.onnx")


@pytest.mark.parametrize("name", ["m.onnx", "m.tflite", "m.xml"])
def test_a_file_that_is_missing_or_a_folder_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContractError, match=re.escape(f"there is no file {tmp_path / name}")):
        files_sha256(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(ContractError, match=re.escape(f"there is no file {tmp_path / name}")):
        copy_files(tmp_path / name, tmp_path)


def test_an_onnx_file_that_is_cut_is_told(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "m.onnx")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ContractError, match=re.escape(f"{path} is no whole ONNX file")):
        files_sha256(path)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "m.tflite", "abc")

    def refuse(self: Path, *arguments: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ContractError, match=re.escape(f"{path} can't be read: Permission denied")):
        files_sha256(path)
