"""Artifacts of many cells: found in the cache or built, a process per model and runtime, several at one time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.core.artifact import Artifact
from harness.core.finding import Verdict
from harness.core.names import Cell
from harness.core.problem import CellProblem, Phase
from harness.core.progress import Tell
from harness.pipeline.child import run_child
from harness.pipeline.keys import Keys, keys_of
from harness.pipeline.references import Reference
from harness.pipeline.replay import user_sources
from harness.pipeline.resolved import resolve
from harness.pipeline.settings import Settings
from harness.store.artifacts import ArtifactStore


def build_all(
    cells: Iterable[Cell], references: Mapping[str, Reference], store: ArtifactStore, settings: Settings, tell: Tell
) -> tuple[dict[Cell, Artifact], dict[Cell, CellProblem]]:
    """Artifacts for all *cells*, whose references exist; returns artifacts and, for cells that failed, why."""
    cells = list(cells)
    keys = {cell: keys_of(resolve(cell), references[cell.model]) for cell in cells}
    artifacts: dict[str, Artifact] = {}
    for key in {keys[cell].artifact for cell in cells}:
        found = store.find(key)
        if found is not None:
            artifacts[key] = found
    missing: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in cells:
        if keys[cell].artifact not in artifacts:
            engine = resolve(cell).runtime.name
            missing.setdefault((cell.model, engine), {}).setdefault(keys[cell].artifact, cell)
    total = sum(len(group) for group in missing.values())
    tell(f"artifacts: {len(artifacts)} from the cache, {total} to build")
    problems: dict[str, CellProblem] = {}
    progress = _Progress(total, tell)
    with ThreadPoolExecutor(max_workers=max(1, settings.jobs)) as pool:
        jobs = [
            pool.submit(_build_group, model, engine, group, keys, references[model], settings, progress)
            for (model, engine), group in missing.items()
        ]
        try:
            for job in jobs:
                problems.update(job.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for group in missing.values():
        for key in group:
            found = store.find(key)
            if found is not None:
                artifacts[key] = found
            else:
                problems.setdefault(key, CellProblem.error(Phase.CONVERT, "the build left no artifact"))
    made = {cell: artifacts[keys[cell].artifact] for cell in cells if keys[cell].artifact in artifacts}
    failed = {cell: problems[keys[cell].artifact] for cell in cells if keys[cell].artifact not in artifacts}
    return made, failed


class _Progress:
    def __init__(self, total: int, tell: Tell) -> None:
        self._total = total
        self._tell = tell
        self._begun = 0

    def begin(self, what: str) -> None:
        self._begun += 1
        self._tell(f"build {self._begun}/{self._total}: {what}")

    def step(self, what: str) -> None:
        self._tell(f"step {what}")


def _build_group(
    model: str,
    engine: str,
    group: Mapping[str, Cell],
    keys: Mapping[Cell, Keys],
    reference: Reference,
    settings: Settings,
    progress: _Progress,
) -> dict[str, CellProblem]:
    """Build one model's artifacts for one runtime; a process that dies loses only the artifact it was at."""
    problems: dict[str, CellProblem] = {}
    waiting = dict(group)
    while waiting:
        current: list[str] = []
        refused: list[str] = []

        def on_event(event: dict[str, Any], current: list[str] = current, refused: list[str] = refused) -> None:
            match event["event"]:
                case "begin":
                    current[:] = [event["key"]]
                    progress.begin(event["what"])
                case "step":
                    progress.step(event["what"])
                case "done":
                    waiting.pop(event["key"], None)
                    current.clear()
                case "failed":
                    problems[event["key"]] = CellProblem(
                        Verdict(event["verdict"]), event["reason"], Phase(event["phase"]) if event["phase"] else None
                    )
                    waiting.pop(event["key"], None)
                    current.clear()
                case "refused":
                    refused.append(event["reason"])

        end = run_child(
            _request(model, engine, waiting, keys, reference, settings),
            log=settings.scratch / f"build-{model}-{engine}.log",
            timeout_s=settings.build_timeout_s,
            threads=1,
            on_event=on_event,
            memory_limit_bytes=settings.memory_limit_bytes,
        )
        if not waiting:
            break
        reason = refused[0] if refused else end.reason or "the process ended without a result"
        # Without a culprit nothing would change in another process: all that wait get the reason.
        for key in current or list(waiting):
            problems[key] = CellProblem.error(Phase.CONVERT, reason)
            waiting.pop(key, None)
    return problems


def _request(
    model: str,
    engine: str,
    waiting: Mapping[str, Cell],
    keys: Mapping[Cell, Keys],
    reference: Reference,
    settings: Settings,
) -> dict[str, Any]:
    return {
        "kind": "build",
        "sources": user_sources(),
        "path": [os.getcwd() if entry == "" else entry for entry in sys.path],
        "model": model,
        "engine": engine,
        "cache": str(settings.cache),
        "calibration": str(reference.folder / "calibration.npy"),
        "provenance": {"model": model, "weights_sha256": reference.weights_sha256},
        "items": [
            {
                "what": f"{cell.model}/{cell.recipe}/{cell.runtime}",
                "recipe": cell.recipe,
                "runtime": cell.runtime,
                "key": key,
                "interchange_key": keys[cell].interchange,
                "prefix_keys": list(keys[cell].prefixes),
            }
            for key, cell in waiting.items()
        ],
    }
