"""Artifacts of many cells: found in the cache or built, a process per model and runtime, in parallel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from harness.core.artifact import Artifact, Provenance
from harness.core.names import Cell
from harness.core.problem import CellProblem, Phase
from harness.core.progress import Tell
from harness.errors import ContractError
from harness.pipeline.jobs import run_until_done
from harness.pipeline.keys import Keys, keys_of
from harness.pipeline.messages import Begin, BuildItem, BuildRequest, Event, Step
from harness.pipeline.references import Reference
from harness.pipeline.replay import import_path, user_sources
from harness.pipeline.resolved import resolve
from harness.pipeline.settings import Settings
from harness.store.artifacts import ArtifactStore

Group = dict[str, Cell]
"""Cells of one model and one runtime, one for each missing artifact, by the artifact's key."""


def build_all(
    cells: Iterable[Cell], references: Mapping[str, Reference], store: ArtifactStore, settings: Settings, tell: Tell
) -> tuple[dict[Cell, Artifact], dict[Cell, CellProblem]]:
    """Artifacts for all *cells*, whose references exist; returns artifacts and, for cells that failed, why."""
    keys, gone = _keys(cells, references)
    artifacts = _stored({of_cell.artifact for of_cell in keys.values()}, store)
    groups: dict[tuple[str, str], Group] = {}
    for cell, of_cell in keys.items():
        if of_cell.artifact not in artifacts:
            group = groups.setdefault((cell.model, resolve(cell).runtime.name), {})
            group.setdefault(of_cell.artifact, cell)
    missing = {key for group in groups.values() for key in group}
    tell(f"artifacts: {len(artifacts)} from the cache, {len(missing)} to build")
    progress = _Progress(len(missing), tell)
    problems: dict[str, CellProblem] = {}
    with ThreadPoolExecutor(max_workers=max(1, settings.jobs)) as pool:
        jobs = [
            pool.submit(_build_group, group, keys, references[model], settings, progress)
            for (model, _), group in groups.items()
        ]
        try:
            for job in jobs:
                problems.update(job.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    artifacts |= _stored(missing, store)
    lost = CellProblem.error(Phase.CONVERT, "the build left no artifact")
    failed = {
        cell: problems.get(of_cell.artifact, lost)
        for cell, of_cell in keys.items()
        if of_cell.artifact not in artifacts
    }
    return (
        {cell: artifacts[of_cell.artifact] for cell, of_cell in keys.items() if of_cell.artifact in artifacts},
        {**gone, **failed},
    )


def _keys(
    cells: Iterable[Cell], references: Mapping[str, Reference]
) -> tuple[dict[Cell, Keys], dict[Cell, CellProblem]]:
    """Where the artifacts of *cells* lie; and, of those whose file is gone since the plan looked, what is wrong with it."""
    keys: dict[Cell, Keys] = {}
    gone: dict[Cell, CellProblem] = {}
    for cell in cells:
        try:
            keys[cell] = keys_of(resolve(cell), references[cell.model])
        except ContractError as err:
            gone[cell] = CellProblem.error(Phase.CONVERT, str(err))
    return keys, gone


def _stored(keys: Iterable[str], store: ArtifactStore) -> dict[str, Artifact]:
    """Those of *keys* that the cache holds."""
    return {key: artifact for key in keys if (artifact := store.find(key)) is not None}


class _Progress:
    """Says what is being built, of all groups."""

    def __init__(self, total: int, tell: Tell) -> None:
        self._total = total
        self._tell = tell
        self._begun = 0

    def listen(self, event: Event) -> None:
        """Say that an artifact or a step begins."""
        match event:
            case Begin():
                self._begun += 1
                self._tell(f"build {self._begun}/{self._total}: {event.title}")
            case Step():
                self._tell(f"step {event.title}")
            case _:
                pass


def _build_group(
    group: Group, keys: Mapping[Cell, Keys], reference: Reference, settings: Settings, progress: _Progress
) -> dict[str, CellProblem]:
    """Build the artifacts of *group*; returns what went wrong by key."""
    runtime = resolve(next(iter(group.values()))).runtime.name

    def request_of(waiting: Sequence[str]) -> BuildRequest:
        return BuildRequest(
            sources=user_sources(),
            import_path=import_path(),
            memory_limit_bytes=settings.memory_limit_bytes,
            model=reference.model,
            runtime=runtime,
            cache=str(settings.cache),
            signature=reference.signature,
            calibration=str(reference.folder / "calibration"),
            provenance=Provenance(
                model=reference.model,
                weights_sha256=reference.weights_sha256,
                inputs=reference.signature.input_names,
                outputs=reference.signature.outputs,
                file_sha256=reference.file_sha256,
            ),
            items=tuple(_item(key, group[key], keys[group[key]]) for key in waiting),
        )

    log = settings.scratch / f"build-{reference.model}-{runtime}.log"
    return run_until_done(group, request_of, log=log, settings=settings, listen=progress.listen, phase=Phase.CONVERT)


def _item(key: str, cell: Cell, keys: Keys) -> BuildItem:
    return BuildItem(
        key=key,
        title=f"{cell.model}/{cell.recipe}/{cell.runtime}",
        recipe=cell.recipe,
        runtime=cell.runtime,
        interchange_key=keys.interchange,
        prefix_keys=keys.prefixes,
        file_sha256=keys.file_sha256,
    )
