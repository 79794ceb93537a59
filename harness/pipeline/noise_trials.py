"""Trials that tell what latency verdicts are worth on this machine: equal artifacts, and really slower ones."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.core.artifact import Artifact
from harness.core.names import Cell
from harness.core.noise import Trial
from harness.core.probe_session import Startable
from harness.core.problem import CellProblem, Phase
from harness.core.progress import Tell
from harness.core.tensors import Array
from harness.core.timing import Start, Timing
from harness.errors import CalibrationError
from harness.judge.latency import evidence_of, look
from harness.pipeline.neighbours import neighbours
from harness.pipeline.resolved import resolve
from harness.pipeline.run import Run
from harness.pipeline.settings import Settings
from harness.pipeline.timed_pairs import time_pair
from harness.pipeline.workers import in_phase, open_worker
from harness.targets.lock import TargetLock

OTHER_RECIPE = "int8_static"
"""What the float artifact is compared with to see how far a stored ratio can be trusted."""
QUICK: Mapping[float, int] = {0.0: 24, 0.10: 10, 0.20: 5}
FULL: Mapping[float, int] = {0.0: 200, 0.03: 50, 0.05: 50, 0.075: 50, 0.10: 100, 0.15: 50}
"""Trials by injected slow-down."""
QUICK_RATIOS, FULL_RATIOS = 8, 40
QUICK_SECONDS = 150.0
SPELL = 10
"""Trials after which other work begins, or ends."""


class Slowed:
    """A worker whose every inference takes longer by a share of what it takes: a real slow-down.

    The share is of what it takes while it warms up, so that the true one varies a little from process to process.
    """

    def __init__(self, worker: Startable, share: float) -> None:
        self._worker = worker
        self._share = share

    def start(self, *, cold: bool) -> Start:
        """As the worker's."""
        return self._worker.start(cold=cold)

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        """As the worker's; once it is warm, it is slowed down."""
        answer = self._worker.ask(operation, **fields)
        if operation == "warm_up":
            self._worker.ask("slow_down", spin_ns=max(1, round(self._share * int(answer["p50_ns"]))))
        return answer

    def time(self, iterations: int) -> Array:
        """As the worker's."""
        return self._worker.time(iterations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """An artifact to try the clock on, and another one of the same model."""

    cell: Cell
    artifact: Artifact
    other_cell: Cell
    other: Artifact | None
    """None when this runtime can't make it."""
    sample: Mapping[str, Array]
    versions: tuple[tuple[str, str], ...]
    run: Run


def set_up(cells: Sequence[Cell], settings: Settings, tell: Tell) -> list[Bench]:
    """Build what the trials of *cells* need.

    Raises:
        CalibrationError: one of them can't be built here.
    """
    run = Run(settings, lambda case: {}, tell)
    run.prepare_cells({one for cell in cells for one in (cell, replace(cell, recipe=OTHER_RECIPE))})
    return [_bench(cell, run, settings) for cell in cells]


def _bench(cell: Cell, run: Run, settings: Settings) -> Bench:
    other_cell = replace(cell, recipe=OTHER_RECIPE)
    if cell not in run.artifacts:
        raise CalibrationError(f"{cell.id} can't be calibrated with: {run.results[cell].reason}")
    sample = run.references[cell.model].load("inputs").typical()
    try:
        worker, _ = open_worker(resolve(cell), run.artifacts[cell], settings)
    except CellProblem as problem:
        raise CalibrationError(f"{cell.id} can't be calibrated with: {problem.reason}") from problem
    with worker:
        versions = tuple(sorted(worker.greeting["versions"].items()))
    return Bench(
        cell=cell,
        artifact=run.artifacts[cell],
        other_cell=other_cell,
        other=run.artifacts.get(other_cell) if other_cell != cell else None,
        sample=sample,
        versions=versions,
        run=run,
    )


Plan = Sequence[tuple[Bench, float | None]]
"""Trials in their order: what is timed, and its slow-down; None for a trial of two different artifacts."""


def planned(benches: Sequence[Bench], trials: Mapping[float, int], ratios: int, seed: int) -> Plan:
    """So many *trials* by slow-down, and *ratios* of two artifacts where there are two, shared out among *benches*.

    Mixed evenly: a stop halfway leaves half of every kind, and a machine that changes meanwhile changes all of them.
    """
    kinds: list[tuple[float | None, int]] = [*trials.items(), (None, ratios)]
    places = [
        ((number + 0.5) / own, (bench, kind))
        for kind, count in kinds
        for index, bench in enumerate(benches)
        if kind is not None or bench.other is not None
        for own in [len(range(index, count, len(benches)))]
        for number in range(own)
    ]
    order = random.Random(seed)
    return [trial for _, trial in sorted(places, key=lambda place: place[0] + 1e-3 * order.random())]


def run_trials(
    plan: Plan,
    limit: float,
    settings: Settings,
    tell: Tell,
    *,
    load: int = 0,
    seconds: float = math.inf,
    seed: int = 0,
) -> Iterator[Trial]:
    """Try as *plan* says, each in fresh processes, until all are done or *seconds* are over.

    With a *load* of so many neighbours, every second spell of trials has them.

    Raises:
        CalibrationError: a worker broke.
    """
    start = time.monotonic()
    for begin in range(0, len(plan), SPELL):
        loaded = load > 0 and begin // SPELL % 2 == 1
        with neighbours(load if loaded else 0):
            for number, (bench, slowdown) in enumerate(plan[begin : begin + SPELL], begin):
                if time.monotonic() - start > seconds:
                    return
                try:
                    with in_phase(Phase.RUN), TargetLock(bench.cell.target).exclusive(tell):
                        trial = _trial(bench, slowdown, limit, settings, seed + number)
                except CellProblem as problem:
                    raise CalibrationError(
                        f"trial {number + 1}, of {bench.cell.id}, broke: {problem.reason}"
                    ) from problem
                yield replace(trial, loaded=loaded)


def _trial(bench: Bench, slowdown: float | None, limit: float, settings: Settings, seed: int) -> Trial:
    begun = time.monotonic()
    candidate = (resolve(bench.cell), bench.artifact)
    if slowdown is None:
        assert bench.other is not None, "a trial of two artifacts is planned only where there are two"
        candidate = (resolve(bench.other_cell), bench.other)

    def enough(timing: Timing) -> bool:
        return slowdown is None or look(evidence_of(timing), limit).finished

    timing = time_pair(
        [(*candidate, ""), (resolve(bench.cell), bench.artifact, "the other side")],
        bench.sample,
        enough,
        seed=seed,
        settings=settings,
        wrap=(lambda worker: Slowed(worker, slowdown)) if slowdown else (lambda worker: worker),
    )
    evidence = evidence_of(timing)
    other = timing.of_other()
    assert other is not None, "two sides were timed"
    decided = look(evidence, limit)
    return Trial(
        slowdown=slowdown or 0.0,
        different=slowdown is None,
        cell=bench.cell.id,
        verdict=str(decided.verdict),
        seconds=time.monotonic() - begun,
        ratio=evidence.ratio,
        interval=decided.interval or evidence.interval,
        pair_ratios=evidence.pair_medians,
        # The slowed side is no A side; its partner always is one.
        process_ns=_medians(other) + (_medians(timing) if slowdown == 0.0 else ()),
        context=timing.context,
    )


def _medians(timing: Timing) -> tuple[float, ...]:
    """One per process."""
    return tuple(float(np.median([candidate for candidate, _ in rounds])) for rounds in timing.pairs)
