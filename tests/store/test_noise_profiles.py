"""Calibration files: whole or not there, one per hardware class, nothing guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.core.noise import NoiseProfile, PowerPoint
from harness.errors import CalibrationError
from harness.store.noise_profiles import calibration_path, read_noise, write_noise
from tests.core.records import hardware


def noise_profile(**changed: Any) -> NoiseProfile:
    point = PowerPoint(slowdown=0, trials=200, failed=0, passed=200, inconclusive=0, seconds_median=1.7)
    given: dict[str, Any] = {
        "hardware": hardware(),
        "cell": "digits_cnn/fp32/onnxruntime/local",
        "limit": 1.05,
        "power": (point,),
        "false_alarms": (0.0, 0.018),
        "noise_floor": 0.03,
        "absolute_spread": 1.3,
        "ratio_spread": 1.1,
        "minutes": 25.0,
        "date": "2026-11-01",
        "p50_ns": 12_000.0,
        "versions": (("onnxruntime", "1.23.0"),),
    }
    return NoiseProfile(**{**given, **changed})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = write_noise(tmp_path, noise_profile())
    assert path == calibration_path(tmp_path, hardware())
    assert read_noise(tmp_path, hardware()) == noise_profile()


def test_a_file_of_the_first_schema_is_read_and_keeps_its_name(tmp_path: Path) -> None:
    """It has no shares of inconclusive trials and false passes, and its hardware no cluster."""
    path = write_noise(tmp_path, noise_profile())
    document = json.loads(path.read_text())
    for later in ("inconclusive", "false_reds", "false_passes", "cells", "neighbours"):
        del document["calibration"][later]
    del document["calibration"]["hardware"]["cluster"]
    path.write_text(json.dumps({**document, "schema": 1}))

    assert read_noise(tmp_path, hardware()) == noise_profile()
    assert path.name == "some-cpu-2-cores-9333cc60.json"


def test_kinds_of_cpus_are_hardware_classes_of_their_own(tmp_path: Path) -> None:
    big = hardware(cluster="4 of 8 CPUs (capacity 1024)")
    write_noise(tmp_path, noise_profile(hardware=big))
    assert read_noise(tmp_path, hardware()) is None
    assert read_noise(tmp_path, big) is not None


def test_hardware_classes_have_files_of_their_own(tmp_path: Path) -> None:
    write_noise(tmp_path, noise_profile())
    assert read_noise(tmp_path, hardware(cores=4)) is None
    write_noise(tmp_path, noise_profile(hardware=hardware(cores=4)))
    assert len(list((tmp_path / "hardware").iterdir())) == 2


def test_the_file_is_named_for_people(tmp_path: Path) -> None:
    assert calibration_path(tmp_path, hardware()).name.startswith("some-cpu-2-cores-")


@pytest.mark.parametrize("missing", ["folder", "file", "a file in the folder's place"])
def test_a_machine_that_nobody_calibrated(tmp_path: Path, missing: str) -> None:
    if missing == "file":
        (tmp_path / "hardware").mkdir()
    if missing == "a file in the folder's place":
        (tmp_path / "hardware").touch()
    assert read_noise(tmp_path, hardware()) is None


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda document: "{", "can't be read"),
        (lambda document: "[]", "has schema None"),
        (lambda document: json.dumps({**document, "schema": 3}), "has schema 3"),
        (lambda document: json.dumps({**document, "schema": True}), "has schema True"),
        (lambda document: json.dumps({"schema": 2}), "does not follow schema 2"),
        (lambda document: json.dumps({**document, "calibration": {}}), "does not follow schema 2"),
        (lambda document: json.dumps(document).replace('"cores": 2', '"cores": 3'), "is of other hardware"),
        (lambda document: json.dumps(document).replace("0.03", "NaN"), "holds figures that are none"),
    ],
)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, damage: Any, told: str) -> None:
    path = write_noise(tmp_path, noise_profile())
    path.write_text(damage(json.loads(path.read_text())))
    with pytest.raises(CalibrationError, match=told) as caught:
        read_noise(tmp_path, hardware())
    assert str(path) in str(caught.value)
    assert "edge-harness calibrate" in str(caught.value)


def test_what_is_no_number_is_not_written_and_the_old_file_stays(tmp_path: Path) -> None:
    path = write_noise(tmp_path, noise_profile())
    before = path.read_bytes()
    with pytest.raises(CalibrationError, match="An earlier one is unchanged"):
        write_noise(tmp_path, noise_profile(noise_floor=float("inf")))
    assert path.read_bytes() == before
