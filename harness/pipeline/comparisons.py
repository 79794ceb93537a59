"""Figures of a cell that rest on the probes of several cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.core.figure import Figure
from harness.core.figures import ACCURACY
from harness.core.matrix import Case
from harness.core.metric import Companion, Stage
from harness.core.names import Cell
from harness.core.problem import CellProblem
from harness.meters.accuracy import gain_measurements, spread_measurement
from harness.meters.ratios import ratio_measurements
from harness.pipeline.cell_book import CellBook, because_of
from harness.pipeline.plan import probed_companions
from harness.pipeline.prober import Prober
from harness.stats.paired_drop import Flips


class Comparisons:
    """Records how a probed cell compares with its reference, its control and other draws of its calibration samples."""

    def __init__(self, book: CellBook, prober: Prober) -> None:
        self._book = book
        self._prober = prober
        self._with_companions: Mapping[Companion, Callable[[Case], None]] = {
            Companion.CONTROL: self._record_gain,
            Companion.DRAWS: self._record_spread,
        }

    def record(self, case: Case) -> None:
        """Record what the metric of *case* needs of other cells.

        Raises:
            CellProblem: one of them can't be probed.
        """
        if case.metric.companion is not None:
            self._with_companions[case.metric.companion](case)
        if case.metric.stage is Stage.PROBE and case.metric.relative and not case.cell.is_reference:
            self._record_ratio(case.cell, case.metric.figure)

    def _record_ratio(self, cell: Cell, ratio: Figure) -> None:
        try:
            self._prober.probe(cell.reference)
        except CellProblem as problem:
            raise because_of(cell.reference, "its reference", problem) from None
        ours, theirs = (self._book.results[other].measurements for other in (cell, cell.reference))
        self._book.record(cell, ratio_measurements([ratio], ours, theirs))

    def _record_gain(self, case: Case) -> None:
        """What the cell wins and loses against its control, sample by sample."""
        cell = case.cell
        for control in probed_companions(case):
            self._book.change(cell, control=control.recipe)
            ours, theirs = self._prober.samples_of(cell, cell), self._prober.samples_of(control, cell)
            if ours.per_sample and theirs.per_sample:
                flips = Flips.of(theirs.unpack_correct(), ours.unpack_correct())
                self._book.record(cell, gain_measurements(flips))

    def _record_spread(self, case: Case) -> None:
        """How far accuracy varies with the calibration samples."""
        cell, draws = case.cell, sorted(probed_companions(case))
        if not draws:
            return
        for draw in draws:
            self._prober.samples_of(draw, cell)
        accuracies = [self._book.results[draw].measurements[ACCURACY.name] for draw in draws]
        self._book.record(cell, [spread_measurement(accuracies)])
        by_recipe = {draw.recipe: accuracy.value for draw, accuracy in zip(draws, accuracies, strict=True)}
        self._book.change(cell, calibration_draws=by_recipe)
