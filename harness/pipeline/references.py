"""The reference of each model: measured anew in every run, in a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.data import Array
from harness.core.finding import Verdict
from harness.core.problem import CellProblem, Phase
from harness.core.progress import Tell
from harness.pipeline.child import run_child
from harness.pipeline.replay import user_sources
from harness.pipeline.settings import Settings
from harness.zoo.registry import models


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The float model as trained: its hashes, and where its evaluation data and outputs lie."""

    model: str
    folder: Path
    weights_sha256: str
    fingerprint: str
    """Changes with the weights and with what the model computes."""
    dataset_sha256: str
    calibration_sha256: str
    train_sha256: str
    """Empty without a training split."""
    student_fingerprint: str
    """Of the untrained student; empty without one."""
    parameters: int

    def load(self, name: str) -> Array:
        """``inputs``, ``labels`` or ``outputs`` of the evaluation set, or the ``calibration`` inputs."""
        return np.asarray(np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))


def make_references(
    names: Iterable[str], settings: Settings, tell: Tell
) -> tuple[dict[str, Reference], dict[str, CellProblem]]:
    """Evaluate the float models called *names*; returns references and, for those that failed, why."""
    references: dict[str, Reference] = {}
    problems: dict[str, CellProblem] = {}
    by_framework: dict[str, list[str]] = {}
    for name in sorted(names):
        by_framework.setdefault(models.get(name).framework, []).append(name)
    for framework, wanted in by_framework.items():
        _run(framework, wanted, settings, tell, references, problems)
    return references, problems


def _run(
    framework: str,
    wanted: list[str],
    settings: Settings,
    tell: Tell,
    references: dict[str, Reference],
    problems: dict[str, CellProblem],
) -> None:
    """Evaluate *wanted* in one process; one that dies loses only the model it was at, the others get a new one."""
    folders = {name: settings.scratch / "references" / name for name in wanted}
    begun: list[str] = []
    refused: list[str] = []

    def on_event(event: dict[str, Any]) -> None:
        name = str(event.get("model", ""))
        match event["event"]:
            case "begin":
                begun.append(name)
                tell(f"reference {len(begun)}/{len(wanted)}: {name} in {framework}")
            case "done":
                references[name] = Reference(
                    model=name,
                    folder=folders[name],
                    **{key: event[key] for key in Reference.__slots__ if key not in ("model", "folder")},
                )
            case "unavailable":
                problems[name] = CellProblem(Verdict.UNAVAILABLE, event["reason"])
            case "failed":
                problems[name] = CellProblem.error(Phase.TRAIN, event["reason"])
            case "refused":
                refused.append(event["reason"])

    while waiting := [name for name in wanted if name not in references and name not in problems]:
        before = len(begun)
        end = run_child(
            {
                "kind": "reference",
                "sources": user_sources(),
                "path": [os.getcwd() if entry == "" else entry for entry in sys.path],
                "models": [{"model": name, "folder": str(folders[name])} for name in waiting],
            },
            log=settings.scratch / f"reference-{framework}.log",
            timeout_s=settings.build_timeout_s,
            threads=1,
            on_event=on_event,
            memory_limit_bytes=settings.memory_limit_bytes,
        )
        current = begun[-1] if len(begun) > before else ""
        reason = refused[0] if refused else end.reason or "no result was given"
        # Without a culprit nothing would change in another process: all that wait get the reason.
        for name in [current] if current else waiting:
            if name not in references and name not in problems:
                problems[name] = CellProblem.error(Phase.TRAIN, reason)
