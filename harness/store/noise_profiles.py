"""Calibration files: JSON beside the baselines, one per hardware class, reviewed like them."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path

import msgspec

from harness.core.environment import Hardware
from harness.core.noise import NoiseProfile
from harness.errors import CalibrationError
from harness.store.atomic import write_text

SCHEMA = 2
"""1 (2026-11): first version. 2 (2026-12): shares of inconclusive trials and of false passes, and what each cell came to."""
FOLDER = "hardware"
"""Below the folder of the baselines."""


def calibration_path(baselines: Path, hardware: Hardware) -> Path:
    """``<baselines>/hardware/<cpu>-<hash>.json``: readable, and one per hardware class."""
    fields = msgspec.to_builtins(hardware)
    if not hardware.cluster:  # a later field: where it says nothing, files keep their names
        del fields["cluster"]
    text = json.dumps(fields, sort_keys=True)
    words = re.sub(r"[^a-z0-9]+", "-", f"{hardware.cpu}-{hardware.cores}-cores".lower()).strip("-")
    return baselines / FOLDER / f"{words[:60]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.json"


def read_noise(baselines: Path, hardware: Hardware) -> NoiseProfile | None:
    """What is known of *hardware*; None when nobody calibrated it.

    Raises:
        CalibrationError: the file is corrupt, of a newer schema, or of other hardware; nothing is guessed.
    """
    path = calibration_path(baselines, hardware)
    remedy = f"Restore it (git checkout -- {path}) or make it anew: edge-harness calibrate"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as err:
        raise CalibrationError(f"calibration {path} can't be read: {err}. {remedy}") from err
    schema = document.get("schema") if isinstance(document, dict) else None
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise CalibrationError(f"calibration {path} has schema {schema!r}, this edge-harness reads {SCHEMA}. {remedy}")
    try:
        found = msgspec.convert(document["calibration"], NoiseProfile)
    except (KeyError, ValueError) as err:
        raise CalibrationError(f"calibration {path} does not follow schema {schema}: {err}. {remedy}") from err
    numbers = (found.noise_floor, found.absolute_spread, found.ratio_spread)
    if found.hardware != hardware or not all(math.isfinite(number) for number in numbers):
        raise CalibrationError(f"calibration {path} is of other hardware, or holds figures that are none. {remedy}")
    return found


def write_noise(baselines: Path, noise: NoiseProfile) -> Path:
    """Write *calibration* whole, over an earlier one of the same hardware class.

    Raises:
        CalibrationError: it can't be written; an earlier one is kept.
    """
    path = calibration_path(baselines, noise.hardware)
    document = {"schema": SCHEMA, "calibration": msgspec.to_builtins(noise)}
    try:
        write_text(path, json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n")
    except (OSError, ValueError) as err:
        raise CalibrationError(f"calibration {path} can't be written: {err}. An earlier one is unchanged.") from err
    return path
