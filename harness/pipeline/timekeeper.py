"""Makes sure that there are times for a case: against its reference, and against its baseline's artifact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from harness.core.artifact import Artifact
from harness.core.baseline import BaselineFigure, CellBaseline
from harness.core.figures import LATENCY
from harness.core.matrix import Case
from harness.core.metric import Stage
from harness.core.names import Cell
from harness.core.problem import CellProblem, Phase
from harness.core.result import LatencyRounds
from harness.core.tensors import Array
from harness.core.timing import Timing
from harness.meters.ratios import ratio_measurements
from harness.meters.registry import measure, quotients
from harness.pipeline.builder import Builder
from harness.pipeline.cell_book import CellBook, raise_if
from harness.pipeline.plan import obstacle_to_timing
from harness.pipeline.resolved import resolve
from harness.pipeline.timed_pairs import OtherSideProblem
from harness.pipeline.timings import LatencyBook, is_held_to_baseline
from harness.pipeline.workers import in_phase

BaselineOf = Callable[[Case], CellBaseline]


class Timekeeper:
    """Times cells as their cases need it, and records what was timed.

    Args:
        book: takes the figures.
        builder: has the artifacts.
        latency: times, and keeps the rounds.
        baseline_of: the stored figures that a case's cell is held to.
        measure: brings another case to its stage, for the rounds that its cell shares with its reference.
    """

    def __init__(
        self,
        book: CellBook,
        builder: Builder,
        latency: LatencyBook,
        baseline_of: BaselineOf,
        measure: Callable[[Case], None],
    ) -> None:
        self._book = book
        self._builder = builder
        self._latency = latency
        self._baseline_of = baseline_of
        self._measure = measure

    def time(self, case: Case, reference: Artifact | None) -> None:
        """Make sure there are times for *case*, in alternation with the *reference* artifact where there is one.

        Raises:
            CellProblem: there can be none.
        """
        cell = case.cell
        raise_if(obstacle_to_timing(resolve(cell)))
        if cell.is_reference:
            self._time_with_a_compared_cell(cell)
        if not self._latency.knows(case):
            with self._book.reaching(cell, Stage.TIMING):
                timing = self._latency.time(case, self._builder.artifacts[cell], reference, self._sample(cell))
                self._record(cell, timing)
            of_reference = timing.of_other()
            if of_reference is not None and LATENCY.name not in self._book.results[cell.reference].measurements:
                with suppress(CellProblem):  # a time of zero: the reference's own item measures and tells
                    self._record(cell.reference, of_reference)
        self._time_against_baseline(case)

    def _time_with_a_compared_cell(self, reference: Cell) -> None:
        """Time the first planned cell that is compared with *reference*: its rounds hold the times of both."""
        for case in self._latency.compared_with(reference):
            if self._latency.timed(reference) is not None:
                return
            if case.cell in self._builder.artifacts:
                with suppress(CellProblem):  # told when its own item comes
                    self._measure(case)

    def _time_against_baseline(self, case: Case) -> None:
        """Time the cell against the artifact of its baseline, when it is held to that and is another.

        That artifact may be gone, or refused by today's engine: then a lower rung has to do, and says why. What other
        planned cases of the suite hold against the same artifact is answered by the same rounds.
        """
        cell, artifact = case.cell, self._builder.artifacts[case.cell]
        baseline = self._held_to(case)
        if (
            baseline is None
            or baseline.artifact_sha256 == artifact.sha256
            or self._latency.knows_against_baseline(case)
        ):
            return
        cases = [case, *(one for one in self._latency.planned(cell) if one != case and self._shares(one, case))]
        stored = self._builder.store.find(baseline.artifact_key) if baseline.artifact_key else None
        if stored is None or stored.sha256 != baseline.artifact_sha256:
            self._latency.give_up_against_baseline(cases, "the baseline's artifact is not in the cache")
            return
        with self._book.reaching(cell, Stage.TIMING):
            try:
                timing = self._latency.time_against_baseline(cases, artifact, stored, self._sample(cell))
            except OtherSideProblem as problem:  # of the old artifact: it is no fault of this cell's
                self._latency.give_up_against_baseline(cases, problem.reason)
                return
        nothing = LatencyRounds(pairs=(), iterations_per_epoch=timing.iterations)
        rounds = self._book.results[cell].latency_rounds or nothing
        self._book.change(
            cell,
            latency_rounds=replace(rounds, against_baseline=timing.pairs, starts_against_baseline=timing.starts),
        )

    def _held_to(self, case: Case) -> BaselineFigure | None:
        """The stored time that *case* may only move so far from; None where there is none, or none is wanted."""
        change = case.metric.change
        return self._baseline_of(case).get(change.figure.name) if change and is_held_to_baseline(case) else None

    def _shares(self, one: Case, case: Case) -> bool:
        """Whether the baseline artifact of *case* is also that of *one*, for which it was not timed yet."""
        mine, theirs = self._held_to(one), self._held_to(case)
        if one.suite != case.suite or mine is None or theirs is None or self._latency.knows_against_baseline(one):
            return False
        return (mine.artifact_key, mine.artifact_sha256) == (theirs.artifact_key, theirs.artifact_sha256)

    def _record(self, cell: Cell, timing: Timing) -> None:
        with in_phase(Phase.MEASURE):
            ours = measure(Stage.TIMING, timing)
            self._book.record(cell, ours.values())
            of_reference, wanted = timing.of_other(), quotients(Stage.TIMING)
            if of_reference is not None and wanted:
                theirs = measure(Stage.TIMING, of_reference)
                self._book.record(cell, ratio_measurements(wanted, ours, theirs))
        before = self._book.results[cell].latency_rounds
        rounds = LatencyRounds(
            pairs=timing.pairs,
            iterations_per_epoch=timing.iterations,
            starts=timing.starts,
            against_baseline=before.against_baseline if before is not None else (),
            starts_against_baseline=before.starts_against_baseline if before is not None else (),
        )
        self._book.change(cell, latency_context=timing.context, latency_rounds=rounds)

    def _sample(self, cell: Cell) -> Mapping[str, Array]:
        return self._builder.references[cell.model].load("inputs").typical()
