"""Latency in one run: which cases wait for a cell's times, what was timed, and when that is enough for all of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from harness.core.artifact import Artifact
from harness.core.matrix import Case
from harness.core.metric import Stage
from harness.core.names import Cell
from harness.core.noise import NoiseOf
from harness.core.problem import Phase
from harness.core.progress import Tell
from harness.core.tensors import Array
from harness.core.timing import NOT_TIMED, Span, Timing, Timings
from harness.judge.latency import Look, look_at_rounds
from harness.judge.rules import RULES, take_look
from harness.meters.latency import REPORTED_WARM_NS
from harness.pipeline.resolved import resolve
from harness.pipeline.settings import Settings
from harness.pipeline.timed_pairs import time_pair
from harness.pipeline.workers import in_phase
from harness.targets.lock import TargetLock


class LatencyBook:
    """Times of the cells of one run; each is timed once for all the cases that are known to ask for it."""

    def __init__(self, settings: Settings, noise_of: NoiseOf, tell: Tell) -> None:
        self._settings = settings
        self._noise_of = noise_of
        self._tell = tell
        self._planned: dict[Cell, list[Case]] = {}
        self._timed: dict[Cell, Timing] = {}
        self._against_baselines: dict[tuple[str, Cell], Timings] = {}
        """By suite: two suites may hold one cell to two baselines."""

    def plan(self, cases: Iterable[Case]) -> None:
        """Register *cases* in advance, so that one timing of a cell answers all of them."""
        for case in cases:
            known = self._planned.setdefault(case.cell, [])
            if case.metric.stage is Stage.TIMING and case not in known:
                known.append(case)

    def of(self, case: Case) -> Timings:
        """What was timed so far that *case* is judged by."""
        return replace(self._against_baselines.get((case.suite, case.cell), NOT_TIMED), own=self.timed(case.cell))

    def timed(self, cell: Cell) -> Timing | None:
        """The times of *cell*, beside its reference or alone."""
        return self._timed.get(cell)

    def compared_with(self, reference: Cell) -> list[Case]:
        """Planned cases, one per cell, whose rounds also hold the times of *reference*."""
        firsts = [next(filter(is_ratio, cases), None) for cases in self._planned.values()]
        return [case for case in firsts if case and case.cell != reference and case.cell.reference == reference]

    def knows(self, case: Case) -> bool:
        """Whether the rounds at hand answer *case*: its cell may have been timed alone, or for another limit."""
        timing = self.timed(case.cell)
        if timing is None or (is_ratio(case) and not timing.paired and not case.cell.is_reference):
            return False
        if len(timing.candidate_ns) < least_inferences(case, beyond=0):
            return False
        return self._look(case, timing).finished

    def time(self, case: Case, artifact: Artifact, fp32: Artifact | None, sample: Mapping[str, Array]) -> Timing:
        """Time the case's cell in alternation with its *fp32* artifact, or alone, until every planned case is decided.

        Raises:
            CellProblem: ``error(load)``, ``error(run)``.
        """
        cell = case.cell
        # Once rounds for others didn't decide this case, only this one counts.
        waiting = [case] if cell in self._timed else [case, *self._planned.get(cell, [])]
        if fp32 is None:
            waiting = [one for one in waiting if not is_ratio(one)]
        timing = self._time(
            cell,
            (artifact, fp32),
            sample,
            enough=lambda timing: all(self._look(one, timing).finished for one in waiting),
            # One beyond is allowed for, and what the third process may add is not counted on.
            least_inferences=max((least_inferences(one, beyond=1) for one in waiting), default=0),
            time_starts=any(one.metric.span is not Span.INFERENCE for one in waiting),
            warm_ns=0 if any(one.limit or one.change_limit for one in waiting) else REPORTED_WARM_NS,
        )
        self._timed[cell] = timing
        of_reference = timing.of_other()
        if of_reference is not None:
            self._timed.setdefault(cell.reference, of_reference)
        return timing

    def knows_against_baseline(self, case: Case) -> bool:
        """Whether *case* was compared with the artifact of its baseline, or can't be."""
        timings = self._against_baselines.get((case.suite, case.cell), NOT_TIMED)
        if timings.against_baseline is None:
            return bool(timings.why_not_against_baseline)
        return look_at_rounds(timings.against_baseline, case.change_limit).finished

    def give_up_against_baseline(self, case: Case, reason: str) -> None:
        """Note why the artifact of the case's baseline can't be timed."""
        self._against_baselines[case.suite, case.cell] = Timings(why_not_against_baseline=reason)

    def time_against_baseline(
        self, case: Case, artifact: Artifact, stored: Artifact, sample: Mapping[str, Array]
    ) -> Timing:
        """Time the case's cell in alternation with the artifact that its baseline was taken of.

        Raises:
            CellProblem: ``error(load)``, ``error(run)``.
        """
        timing = self._time(
            case.cell,
            (artifact, stored),
            sample,
            enough=lambda timing: look_at_rounds(timing, case.change_limit).finished,
            other_is_baseline=True,
        )
        self._against_baselines[case.suite, case.cell] = Timings(against_baseline=timing)
        return timing

    def _look(self, case: Case, timing: Timing) -> Look:
        return take_look(case.metric, case.limit, timing, self._noise_of(case.cell.target))

    def _time(
        self,
        cell: Cell,
        artifacts: tuple[Artifact, Artifact | None],
        sample: Mapping[str, Array],
        *,
        enough: Callable[[Timing], bool],
        least_inferences: int = 0,
        time_starts: bool = False,
        warm_ns: int = 0,
        other_is_baseline: bool = False,
    ) -> Timing:
        candidate, other = artifacts
        sides = [(resolve(cell), candidate, "")]
        if other is not None and other_is_baseline:
            sides.append((resolve(cell), other, f"the artifact of the baseline of {cell.id}"))
        elif other is not None:
            sides.append((resolve(cell.reference), other, f"its reference {cell.reference.id}"))
        with in_phase(Phase.RUN), TargetLock(cell.target).exclusive(self._tell):
            return time_pair(
                sides,
                sample,
                enough,
                seed=zlib.crc32(cell.id.encode()),
                settings=self._settings,
                least_inferences=least_inferences,
                time_starts=time_starts,
                warm_ns=warm_ns,
            )


def is_ratio(case: Case) -> bool:
    """Whether *case* sets times of two artifacts against each other."""
    return case.metric.relative


def least_inferences(case: Case, *, beyond: int) -> int:
    """How many inferences decide *case* when *beyond* of them exceed its limit; 0 where any number does."""
    return RULES[case.metric.rule].least_inferences(case.metric, beyond)
