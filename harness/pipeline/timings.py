"""Latency in one run: which cases wait for a cell's times, what was timed, and when that is enough for all of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.core.artifact import Artifact
from harness.core.matrix import Case
from harness.core.metric import ChangeRule, Stage
from harness.core.names import Cell
from harness.core.noise import NoiseOf
from harness.core.problem import Phase
from harness.core.progress import Tell
from harness.core.tensors import Array
from harness.core.timing import NOT_TIMED, Span, Timing, Timings
from harness.judge.latency import gives_interval, look_at_rounds
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
        self._against_baselines: dict[tuple[str, Cell, Span], Timings] = {}
        """By suite and span: two suites may hold one cell to two baselines, and so may two figures of one suite."""

    def plan(self, cases: Iterable[Case]) -> None:
        """Register *cases* in advance, so that one timing of a cell answers all of them."""
        for case in cases:
            known = self._planned.setdefault(case.cell, [])
            if case.metric.stage is Stage.TIMING and case not in known:
                known.append(case)

    def of(self, case: Case) -> Timings:
        """What was timed so far that *case* is judged by."""
        return replace(self._against_baseline(case), own=self.timed(case.cell))

    def planned(self, cell: Cell) -> list[Case]:
        """The cases that are known to ask for times of *cell*."""
        return self._planned.get(cell, [])

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
        return self._answers(case, timing)

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
            enough=lambda timing: all(self._answers(one, timing) for one in waiting),
            # One beyond is allowed for, and what the third process may add is not counted on.
            least_inferences=max((least_inferences(one, beyond=1) for one in waiting), default=0),
            time_starts=any(map(is_of_start, waiting)),
            warm_ns=0 if any(one.limit or one.change_limit for one in waiting) else REPORTED_WARM_NS,
        )
        self._timed[cell] = timing
        of_reference = timing.of_other()
        if of_reference is not None:
            self._timed.setdefault(cell.reference, of_reference)
        return timing

    def knows_against_baseline(self, case: Case) -> bool:
        """Whether *case* was compared with the artifact of its baseline, or can't be."""
        timings = self._against_baseline(case)
        if timings.against_baseline is None:
            return bool(timings.why_not_against_baseline)
        return change_is_decided(case, timings.against_baseline)

    def give_up_against_baseline(self, cases: Iterable[Case], reason: str) -> None:
        """Note why the artifact of the baseline of *cases* can't be timed."""
        self._note_against_baseline(cases, Timings(why_not_against_baseline=reason))

    def time_against_baseline(
        self, cases: Sequence[Case], artifact: Artifact, stored: Artifact, sample: Mapping[str, Array]
    ) -> Timing:
        """Time a cell in alternation with *stored*, the artifact of its baseline, until all *cases* of it are decided.

        Raises:
            CellProblem: ``error(load)``, ``error(run)``.
        """
        timing = self._time(
            cases[0].cell,
            (artifact, stored),
            sample,
            enough=lambda timing: all(change_is_decided(one, timing) for one in cases),
            time_starts=any(map(is_of_start, cases)),
            other_is_baseline=True,
        )
        self._note_against_baseline(cases, Timings(against_baseline=timing))
        return timing

    def _against_baseline(self, case: Case) -> Timings:
        return self._against_baselines.get((case.suite, case.cell, case.metric.span), NOT_TIMED)

    def _note_against_baseline(self, cases: Iterable[Case], timings: Timings) -> None:
        for case in cases:
            self._against_baselines[case.suite, case.cell, case.metric.span] = timings

    def _answers(self, case: Case, timing: Timing) -> bool:
        """Whether *timing* decides *case*, and its figure can be held against a baseline where that is wanted."""
        if not take_look(case.metric, case.limit, timing, self._noise_of(case.cell.target)).finished:
            return False
        times = timing.of(case.metric.span) if is_held_to_baseline(case) else None
        return times is None or gives_interval(times)

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


def is_held_to_baseline(case: Case) -> bool:
    """Whether the time that *case* judges may only move so far from its baseline."""
    change = case.metric.change
    return case.baseline and case.change_limit is not None and change is not None and change.rule is ChangeRule.TIMED


def change_is_decided(case: Case, against_baseline: Timing) -> bool:
    """Whether rounds in alternation with the artifact of its baseline decide how far the time of *case* moved."""
    times = against_baseline.of(case.metric.span)
    return times is not None and look_at_rounds(times, case.change_limit).finished


def is_of_start(case: Case) -> bool:
    """Whether *case* judges how a process starts."""
    return case.metric.span is not Span.INFERENCE


def is_ratio(case: Case) -> bool:
    """Whether *case* sets times of two artifacts against each other."""
    return case.metric.relative


def least_inferences(case: Case, *, beyond: int) -> int:
    """How many inferences decide *case* when *beyond* of them exceed its limit; 0 where any number does."""
    return RULES[case.metric.rule].least_inferences(case.metric, beyond)
