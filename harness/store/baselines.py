"""Baseline files: JSON in git, one per suite and model, reviewed like code."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from harness.core.baseline import BaselineFigure, CellBaseline
from harness.core.environment import Environment
from harness.errors import BaselineError
from harness.store.atomic import write_text

SCHEMA = 1
"""1 (2026-11): first version."""
SIGNIFICANT_DIGITS = 5


def baseline_path(folder: Path, suite: str, model: str) -> Path:
    """``<folder>/<suite>/<model>.json``."""
    return folder / suite / f"{model}.json"


def read_baselines(path: Path) -> dict[str, CellBaseline]:
    """All figures in *path* by cell id; empty when the file does not exist.

    Raises:
        BaselineError: the file is corrupt, truncated, or of a newer schema; nothing is guessed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as err:
        raise BaselineError(f"baseline {path} can't be read: {err}. Restore it: git checkout -- {path}") from err
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise BaselineError(
            f"baseline {path} is corrupt or truncated: {err}. Restore it: git checkout -- {path}"
        ) from err
    schema = document.get("schema") if isinstance(document, dict) else None
    if type(schema) is not int or schema < 1:
        raise BaselineError(f"baseline {path} has no schema number. Restore it: git checkout -- {path}")
    if schema > SCHEMA:
        raise BaselineError(
            f"baseline {path} was written by a newer edge-harness (schema {schema}, this one reads up to {SCHEMA}). "
            "Upgrade edge-harness; the file is left as it is."
        )
    try:
        environments = {key: msgspec.convert(plain, Environment) for key, plain in document["environments"].items()}
        return {
            cell: {name: _figure(plain, environments) for name, plain in figures.items()}
            for cell, figures in document["cells"].items()
        }
    except (KeyError, TypeError, AttributeError, ValueError) as err:
        raise BaselineError(
            f"baseline {path} does not follow schema {schema}: {type(err).__name__}: {err}. "
            f"Restore it: git checkout -- {path}"
        ) from err


def update_baselines(path: Path, suite: str, model: str, changed: Mapping[str, CellBaseline]) -> None:
    """Put the *changed* figures into *path* and leave all others as they are; the file is replaced whole.

    Raises:
        BaselineError: the present file can't be read, or the new one can't be written; the present one is kept.
    """
    held = read_baselines(path)
    for cell, figures in changed.items():
        held[cell] = {**held.get(cell, {}), **figures}
    environments: dict[str, Any] = {}
    cells: dict[str, Any] = {}
    for cell, figures in held.items():
        cells[cell] = {name: _plain(figure, environments) for name, figure in figures.items()}
    document = {"schema": SCHEMA, "suite": suite, "model": model, "environments": environments, "cells": cells}
    try:
        write_text(path, json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n")
    except (OSError, ValueError) as err:  # ValueError: a figure is NaN or infinite
        raise BaselineError(f"baseline {path} could not be written: {err}. The old file is unchanged.") from err


def rounded(value: float) -> float:
    """*value* at 5 significant digits; whole numbers stay exact, and are written as such."""
    kept = float(value) if float(value).is_integer() else float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return int(kept) if kept.is_integer() else kept


def _figure(plain: Mapping[str, Any], environments: Mapping[str, Environment]) -> BaselineFigure:
    known = dict(plain)
    key = known.pop("environment")
    if key is not None and key not in environments:
        raise KeyError(f"environment {key!r}")
    figure = msgspec.convert({**known, "environment": None}, BaselineFigure)
    if not all(math.isfinite(number) for number in (figure.value, *(figure.interval or ()))):
        raise ValueError("a figure is not finite")
    return replace(figure, environment=environments[key] if key is not None else None)


def _plain(figure: BaselineFigure, environments: dict[str, Any]) -> dict[str, Any]:
    """*figure* as it stands in the file; its environment goes to the shared table under its own hash."""
    plain: dict[str, Any] = msgspec.to_builtins(figure)
    environment = plain.pop("environment")
    key = None
    if environment is not None:
        text = json.dumps(environment, sort_keys=True, separators=(",", ":"))
        key = hashlib.sha256(text.encode()).hexdigest()[:12]
        environments[key] = environment
    for optional in ("artifact_key", "condition"):
        if not plain[optional]:
            del plain[optional]
    plain["value"] = rounded(figure.value)
    if figure.interval is not None:
        plain["interval"] = [rounded(end) for end in figure.interval]
    return {**plain, "environment": key}
