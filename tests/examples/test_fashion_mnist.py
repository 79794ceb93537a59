"""The data set ``fashion_mnist``: where it is looked for, what is refused, and the real images."""

from __future__ import annotations

import gzip
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from examples.zoo import fashion_mnist as module
from examples.zoo.fashion_mnist import DATA_VARIABLE, DOWNLOAD_VARIABLE, FILES, fashion_mnist, find_folder
from harness.core.data import DataSet, Split
from harness.core.tensors import arrays_sha256
from harness.errors import DataSetError

LAYOUTS = [".", "fashion-mnist", "FashionMNIST/raw"]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without the files: an empty home, no system folder, no variables."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.delenv(DOWNLOAD_VARIABLE, raising=False)
    monkeypatch.setattr(module, "SYSTEM_FOLDER", tmp_path / "system")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    return tmp_path


def fill(folder: Path) -> Path:
    """Files of the right names and the wrong content."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        (folder / file.name).write_bytes(gzip.compress(b"not the images"))
    return folder


def offer(monkeypatch: pytest.MonkeyPatch, download: Callable[..., None]) -> None:
    datasets = SimpleNamespace(FashionMNIST=download)
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(datasets=datasets))
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_given_folder_may_have_three_layouts(bare: Path, monkeypatch: pytest.MonkeyPatch, layout: str) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(bare / "data"))
    folder = fill(bare / "data" / layout)

    assert find_folder() == folder


def test_the_given_folder_comes_first_then_the_system_then_the_cache(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = [bare / "data", bare / "system", bare / "cache/edge-harness/FashionMNIST/raw"]
    monkeypatch.setenv(DATA_VARIABLE, str(order[0]))
    found = []
    for folder in reversed(order):
        fill(folder)
        found.append(find_folder())

    assert found == order[::-1]


def test_an_incomplete_folder_is_passed_over(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(bare / "data"))
    (fill(bare / "data") / FILES[2].name).unlink()
    fill(bare / "system")

    assert find_folder() == bare / "system"


def test_missing_files_are_an_error_that_names_folders_and_remedies(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(bare / "data"))
    (fill(bare / "data") / FILES[2].name).unlink()

    with pytest.raises(DataSetError) as caught:
        fashion_mnist()

    text = str(caught.value)
    assert f"{bare / 'data'}: lacks {FILES[2].name}" in text
    assert f"{bare / 'system'}: no such folder" in text
    for said in ("--harness-data", "apt install dataset-fashion-mnist", f"{DOWNLOAD_VARIABLE}=1"):
        assert said in text
    for layout in LAYOUTS:
        assert str(bare / "data" / layout) in text


@pytest.mark.parametrize("value", [None, "", "0"])
def test_nothing_is_downloaded_unasked(bare: Path, monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    def refuse(root: str, download: bool) -> None:
        pytest.fail("it downloaded")

    offer(monkeypatch, refuse)
    if value is not None:
        monkeypatch.setenv(DOWNLOAD_VARIABLE, value)

    with pytest.raises(DataSetError, match="Looked in"):
        find_folder()


def test_a_download_goes_into_the_cache_and_only_once(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def download(root: str, download: bool) -> None:
        asked.append((root, download))
        fill(Path(root) / "FashionMNIST/raw")

    offer(monkeypatch, download)
    monkeypatch.setenv(DOWNLOAD_VARIABLE, "1")

    assert find_folder() == find_folder() == bare / "cache/edge-harness/FashionMNIST/raw"
    assert asked == [(str(bare / "cache/edge-harness"), True)]


def test_a_failed_download_is_an_error(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(root: str, download: bool) -> None:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    offer(monkeypatch, fail)
    monkeypatch.setenv(DOWNLOAD_VARIABLE, "1")

    with pytest.raises(DataSetError, match=r"can't be downloaded.*Error downloading train-images.*apt install"):
        find_folder()


def test_files_with_another_hash_are_refused(bare: Path) -> None:
    folder = fill(bare / "system")
    found = hashlib.sha256(b"not the images").hexdigest()

    with pytest.raises(DataSetError) as caught:
        fashion_mnist()

    for said in (str(folder / FILES[0].name), FILES[0].sha256, found, "found 14 bytes"):
        assert said in str(caught.value)


def test_real_samples_are_what_the_models_take(fashion_data: DataSet) -> None:
    assert fashion_data.train is not None
    parts = {
        "evaluation": (fashion_data.evaluation, 10_000),
        "calibration": (fashion_data.calibration, 500),
        "train": (fashion_data.train, 55_000),
    }
    for name, (split, count) in parts.items():
        assert split.inputs.shape == (count, 1, 28, 28), name
        assert split.inputs.dtype == np.float32, name
        assert split.labels.dtype == np.int64, name
        assert split.inputs.min() == 0, name
        assert split.inputs.max() == 1, name
    assert np.bincount(fashion_data.evaluation.labels).tolist() == [1000] * 10
    assert np.bincount(fashion_data.calibration.labels).min() >= 45


def test_real_splits_share_no_sample(fashion_data: DataSet, row_hashes: Callable[[Split], set[bytes]]) -> None:
    assert fashion_data.train is not None
    parts = [row_hashes(part) for part in (fashion_data.evaluation, fashion_data.calibration, fashion_data.train)]

    assert len(set.union(*parts)) == sum(len(part) for part in parts) == 65_500


def test_the_real_calibration_split_is_the_recorded_one(fashion_data: DataSet) -> None:
    # a change would move every recorded int8 figure
    assert arrays_sha256(fashion_data.calibration.inputs, fashion_data.calibration.labels) == RECORDED


RECORDED = "5c936112088c23d78e0fba1e2f898ff355027a2843cc971e8d335928e880943d"
