"""Which devices are here, found without a library."""

from pathlib import Path

import pytest

from harness.core.offer import COMPILER, CUDA
from harness.targets.local_hardware import local_devices, local_hardware

VERSION = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 07:09:47 UTC 2025\n"


def with_driver(folder: Path) -> Path:
    gpu = folder / "driver/nvidia/gpus/0000:01:00.0"
    gpu.mkdir(parents=True)
    (gpu / "information").write_text("Model: \t NVIDIA GeForce RTX 3090\nIRQ: 1\n")
    (folder / "driver/nvidia/version").write_text(VERSION)
    return folder


def test_a_gpu_by_its_driver(tmp_path: Path) -> None:
    proc = with_driver(tmp_path)
    assert CUDA in local_devices(proc, tmp_path / "none")
    found = local_hardware(proc, dev=tmp_path / "none")
    assert found.accelerator == "NVIDIA GeForce RTX 3090, driver 580.65.06"


def test_a_gpu_by_its_device_alone(tmp_path: Path) -> None:
    (tmp_path / "nvidia0").touch()
    (tmp_path / "nvidiactl").touch()
    assert CUDA in local_devices(tmp_path / "none", tmp_path)
    assert local_hardware(tmp_path / "none", dev=tmp_path).accelerator == "NVIDIA GPU"


def test_none(tmp_path: Path) -> None:
    assert CUDA not in local_devices(tmp_path, tmp_path)
    assert local_hardware(tmp_path, dev=tmp_path).accelerator == ""


def test_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert COMPILER not in local_devices(tmp_path, tmp_path)
    (tmp_path / "g++").write_text("#!/bin/sh\n")
    (tmp_path / "g++").chmod(0o755)
    assert COMPILER in local_devices(tmp_path, tmp_path)
