"""Older documents of ``results.json`` as the current schema has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.store.provenance import provenance_from_plain, provenance_to_plain

SCHEMA = 2
"""1 (2026-11): first version. 2 (2026-11): hardware and noise by target; placement, rounds, control and draws of a cell as
fields of their own; a finding's ``stage`` is its ``phase``; what a runtime adds to the provenance stands under ``details``."""

Document = dict[str, Any]


def upgraded(document: Document) -> Document:
    """*document*, of any schema up to the current one, as the current one.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it does not follow its schema.
    """
    for schema in range(document["schema"], SCHEMA):
        document = {**_STEPS[schema](document), "schema": schema + 1}
    return document


def _to_2(document: Document) -> Document:
    run = dict(document["run"])
    targets = sorted({cell["target"] for cell in document["cells"]}) or ["local"]
    hardware, words = run.pop("hardware"), run.pop("calibration", "")
    return {
        "run": {
            **run,
            "hardware": dict.fromkeys(targets, hardware),
            "noise": dict.fromkeys(targets, words) if words else {},
        },
        "cells": [_cell_to_2(cell) for cell in document["cells"]],
        "findings": [_finding_to_2(finding) for finding in document["findings"]],
    }


def _cell_to_2(cell: Mapping[str, Any]) -> Document:
    details = dict(cell.get("details") or {})
    artifact = cell.get("artifact")
    if artifact is not None:
        provenance = provenance_to_plain(provenance_from_plain(artifact.get("provenance") or {}))
        artifact = {**artifact, "provenance": provenance}
    placement, rounds = details.get("placement"), details.get("latency_rounds_ns")
    return {
        **cell,
        "artifact": artifact,
        "placement": placement and {"provider": placement["asked"], "operators": placement["operators"]},
        "evaluation_batch": details.get("evaluation_batch"),
        "latency_rounds": rounds
        and {
            "pairs": rounds,
            "iterations_per_epoch": details.get("latency_iterations_per_epoch", 0),
            "against_baseline": details.get("latency_rounds_beside_baseline_ns", []),
        },
        "control": details.get("control", ""),
        "calibration_draws": details.get("calibration_draws", {}),
        "details": details.get("engine", {}),
    }


def _finding_to_2(finding: Mapping[str, Any]) -> Document:
    renamed = dict(finding)
    renamed["phase"] = renamed.pop("stage", "")
    return renamed


_STEPS: Mapping[int, Callable[[Document], Document]] = {1: _to_2}
"""From a schema to the next."""
