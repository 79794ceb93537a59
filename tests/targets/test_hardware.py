"""Which devices are here, found without a library."""

from pathlib import Path

import pytest

from harness.core.offer import COMPILER, CUDA
from harness.targets.agent.machine import survey
from harness.targets.hardware import devices_from, hardware_from

VERSION = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 07:09:47 UTC 2025\n"


def with_driver(folder: Path) -> Path:
    gpu = folder / "driver/nvidia/gpus/0000:01:00.0"
    gpu.mkdir(parents=True)
    (gpu / "information").write_text("Model: \t NVIDIA GeForce RTX 3090\nIRQ: 1\n")
    (folder / "driver/nvidia/version").write_text(VERSION)
    return folder


def test_a_gpu_by_its_driver(tmp_path: Path) -> None:
    proc = with_driver(tmp_path)
    assert CUDA in devices_from(survey(proc, dev=tmp_path / "none"))
    found = hardware_from(survey(proc, dev=tmp_path / "none"))
    assert found.accelerator == "NVIDIA GeForce RTX 3090, driver 580.65.06"


def test_a_gpu_by_its_device_alone(tmp_path: Path) -> None:
    (tmp_path / "nvidia0").touch()
    (tmp_path / "nvidiactl").touch()
    assert CUDA in devices_from(survey(tmp_path / "none", dev=tmp_path))
    assert hardware_from(survey(tmp_path / "none", dev=tmp_path)).accelerator == "NVIDIA GPU"


def test_none(tmp_path: Path) -> None:
    assert CUDA not in devices_from(survey(tmp_path, dev=tmp_path))
    assert hardware_from(survey(tmp_path, dev=tmp_path)).accelerator == ""


def test_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert COMPILER not in devices_from(survey(tmp_path, dev=tmp_path))
    (tmp_path / "g++").write_text("#!/bin/sh\n")
    (tmp_path / "g++").chmod(0o755)
    assert COMPILER in devices_from(survey(tmp_path, dev=tmp_path))
