"""Tells apart why an artifact computes something else than its float model: it is stale, or it was converted wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.core.artifact import Artifact
from harness.core.figures import FP32_SHARE
from harness.core.names import Cell
from harness.core.problem import CellProblem, Phase
from harness.core.progress import Tell
from harness.judge.parity import parity_failure
from harness.pipeline.builds import build_all
from harness.pipeline.keys import keys_of
from harness.pipeline.measure import Probe
from harness.pipeline.references import Reference
from harness.pipeline.resolved import resolve
from harness.pipeline.settings import Settings
from harness.store.artifacts import ArtifactStore

OF_GIVEN = (
    "is it of this model, and are layout, order of the channels, scaling of the inputs and order of the outputs the model's? "
    "harness.InFile says what differs"
)


def check_parity(
    cell: Cell,
    artifact: Artifact,
    probed: Probe,
    *,
    reference: Reference,
    store: ArtifactStore,
    settings: Settings,
    tell: Tell,
    probe_another: Callable[[Artifact], Probe],
) -> None:
    """Hold what *cell*'s artifact computed to its reference; where it falls short, one fresh build tells why.

    A stale artifact, with what it was made from, leaves *store*, so that the next run builds it anew.

    Raises:
        CellProblem: ``error(parity)``.
    """
    failure = _failure(cell, artifact, probed)
    if not failure:
        return
    given = resolve(cell).given
    if given is not None:
        raise CellProblem.error(Phase.PARITY, f"{failure}; {given.file} was given at {given.source}: {OF_GIVEN}")
    tell(f"parity: {cell.id}: {failure}; building it once more without the cache")
    why = _why(cell, reference, settings, probe_another)
    if not why:
        keys = keys_of(resolve(cell), reference)
        for key in (keys.artifact, keys.interchange, *keys.prefixes):
            store.evict(key)
        why = "the cached artifact was stale: a fresh build is as it should be, so the old one was removed; run again"
    raise CellProblem.error(Phase.PARITY, f"{failure}; {why}")


def _why(cell: Cell, reference: Reference, settings: Settings, probe_another: Callable[[Artifact], Probe]) -> str:
    """What a build without the cache shows; empty when its outputs are as they should be."""
    cache = settings.scratch / "parity" / cell.id.replace("/", "~")
    fresh_settings = replace(settings, cache=cache)
    artifacts, problems = build_all(
        [cell], {cell.model: reference}, ArtifactStore(cache), fresh_settings, tell=lambda line: None
    )
    if cell not in artifacts:
        return f"a fresh build ended in {problems[cell].status}: {problems[cell].reason}"
    try:
        failure = _failure(cell, artifacts[cell], probe_another(artifacts[cell]))
    except CellProblem as problem:
        return f"a fresh build ended in {problem.status}: {problem.reason}"
    return f"converted wrongly: of a fresh build, too, {failure}" if failure else ""


def _failure(cell: Cell, artifact: Artifact, probed: Probe) -> str:
    recipe, measured = resolve(cell).recipe, {one.name: one for one in probed.measurements}
    floats = artifact.weights.share("float32")
    if recipe.given and floats is not None:
        measured[FP32_SHARE.name] = FP32_SHARE.measured(floats)
    return parity_failure(recipe, measured)
