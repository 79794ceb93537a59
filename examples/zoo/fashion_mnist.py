"""The data set ``fashion_mnist``: 70,000 real photographs of clothes, 28 x 28 pixels, in ten classes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from examples.zoo.idx import IdxFile
from harness.core.data import DataSet, Split
from harness.core.tensors import Array
from harness.errors import DataSetError
from harness.registering import dataset
from harness.zoo.channels_last import channels_last
from harness.zoo.stratified import stratified

DATA_VARIABLE = "EDGE_HARNESS_DATA"
"""A folder with data sets; the option ``--harness-data`` sets it."""
DOWNLOAD_VARIABLE = "EDGE_HARNESS_DOWNLOAD"
"""Set to 1, it allows a download."""

SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where the Debian package dataset-fashion-mnist puts the files."""

TRAIN_IMAGES = IdxFile(
    name="train-images-idx3-ubyte.gz",
    shape=(60_000, 28, 28),
    sha256="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
)
TRAIN_LABELS = IdxFile(
    name="train-labels-idx1-ubyte.gz",
    shape=(60_000,),
    sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
)
TEST_IMAGES = IdxFile(
    name="t10k-images-idx3-ubyte.gz",
    shape=(10_000, 28, 28),
    sha256="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
)
TEST_LABELS = IdxFile(
    name="t10k-labels-idx1-ubyte.gz",
    shape=(10_000,),
    sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)

HELD_OUT = 5_000
"""Training images, the last ones, that no model is trained on."""
CALIBRATION = 500
SEED = 60_000


@dataset("fashion_mnist", samples=10_000, smallest_class=1000)
def fashion_mnist() -> DataSet:
    """Images of shape (n, 1, 28, 28) in 0..1 with labels 0 to 9.

    The 10,000 test images to evaluate on, 500 of the 5,000 held-out training images to calibrate with, the other 55,000
    to train on.

    Raises:
        DataSetError: the files are missing, damaged or not the published ones.
    """
    folder = find_folder()
    images, labels = TRAIN_IMAGES.read(folder), TRAIN_LABELS.read(folder)
    train = len(images) - HELD_OUT
    calibration = train + stratified(labels[train:], CALIBRATION, SEED)
    return DataSet(
        evaluation=_split(TEST_IMAGES.read(folder), TEST_LABELS.read(folder)),
        calibration=_split(images[calibration], labels[calibration]),
        train=_split(images[:train], labels[:train]),
    )


@dataset("fashion_mnist_channels_last", samples=10_000, smallest_class=1000)
def fashion_mnist_channels_last() -> DataSet:
    """The same images of shape (n, 28, 28, 1).

    Raises:
        DataSetError: as ``fashion_mnist``.
    """
    return channels_last(fashion_mnist())


def find_folder() -> Path:
    """The first folder that holds all four files: of ``EDGE_HARNESS_DATA``, the system, the user's cache.

    With ``EDGE_HARNESS_DOWNLOAD=1`` they are downloaded into the cache when no folder does.

    Raises:
        DataSetError: none does; the text lists the folders and the three ways to get the files.
    """
    cache = _cache_folder()
    candidates = [*_data_folders(), SYSTEM_FOLDER, _torchvision_layout(cache)]
    for folder in candidates:
        if not _lacking(folder):
            return folder
    if os.environ.get(DOWNLOAD_VARIABLE) == "1":
        return _downloaded(cache)
    looked = "\n".join(f"  {folder}: {_state(folder)}" for folder in candidates)
    raise DataSetError(
        f"data set 'fashion_mnist' needs the files {', '.join(file.name for file in FILES)}.\nLooked in:\n{looked}\n"
        f"Give their folder with --harness-data FOLDER (or {DATA_VARIABLE}=FOLDER), or run: "
        f"apt install dataset-fashion-mnist, or set {DOWNLOAD_VARIABLE}=1 to download them (30 MB) into {cache}."
    )


def _data_folders() -> list[Path]:
    given = os.environ.get(DATA_VARIABLE)
    if not given:
        return []
    root = Path(given).expanduser()
    return [root, root / "fashion-mnist", _torchvision_layout(root)]


def _torchvision_layout(root: Path) -> Path:
    return root / "FashionMNIST" / "raw"


def _lacking(folder: Path) -> list[str]:
    return [file.name for file in FILES if not (folder / file.name).is_file()]


def _state(folder: Path) -> str:
    if not folder.is_dir():
        return "no such folder"
    lacking = _lacking(folder)
    return "none of the four files" if len(lacking) == len(FILES) else f"lacks {', '.join(lacking)}"


def _cache_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("edge-harness")


def _downloaded(cache: Path) -> Path:
    try:
        from torchvision.datasets import FashionMNIST

        FashionMNIST(str(cache), download=True)
    except (ImportError, OSError, RuntimeError) as err:
        raise DataSetError(
            f"data set 'fashion_mnist' can't be downloaded into {cache}: {err}. "
            "Run: apt install dataset-fashion-mnist, or give the files' folder with --harness-data."
        ) from err
    return _torchvision_layout(cache)


def _split(images: Array, labels: Array) -> Split:
    return Split((images[:, None] / np.float32(255)).astype(np.float32), labels.astype(np.int64))
