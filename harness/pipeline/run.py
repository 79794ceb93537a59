"""One run: from cells to findings, everything done once however many cases ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.core.artifact import Artifact
from harness.core.finding import Finding
from harness.core.matrix import Case
from harness.core.metric import Stage
from harness.core.names import Cell
from harness.core.noise import NoiseOf
from harness.core.problem import CellProblem
from harness.core.progress import Tell
from harness.core.result import CellResult
from harness.judge.case import judge_case, judge_problem
from harness.judge.parity import least_correlation
from harness.pipeline.builder import Builder
from harness.pipeline.cell_book import CellBook, because_of
from harness.pipeline.comparisons import Comparisons
from harness.pipeline.plan import companions, probed_companions
from harness.pipeline.prober import Prober
from harness.pipeline.references import Reference
from harness.pipeline.resolved import forget_resolved, resolve
from harness.pipeline.settings import Settings
from harness.pipeline.timekeeper import BaselineOf, Timekeeper
from harness.pipeline.timings import LatencyBook
from harness.store.reason_logs import ReasonLogs

PROBED_STAGES = (Stage.PROBE, Stage.TIMING)


class Run:
    """Builds and measures what cases ask for, and judges them. Not shared between threads.

    Args:
        settings: folders, limits, threads.
        baseline_of: the stored figures that a case's cell is held to.
        tell: takes one line of progress.
        noise_of: what is known of the clock of a target by its name.
    """

    def __init__(
        self, settings: Settings, baseline_of: BaselineOf, tell: Tell, noise_of: NoiseOf = lambda target: None
    ) -> None:
        forget_resolved()
        self._baseline_of = baseline_of
        self._noise_of = noise_of
        self._book = CellBook(ReasonLogs(settings.cache / "logs"))
        self._latency = LatencyBook(settings, noise_of, tell)
        self._builder = Builder(self._book, settings, tell)
        self._prober = Prober(self._book, self._builder, settings, tell)
        self._comparisons = Comparisons(self._book, self._prober)
        self._timekeeper = Timekeeper(self._book, self._builder, self._latency, baseline_of, self._measure)

    @property
    def results(self) -> dict[Cell, CellResult]:
        """What is known of each cell so far."""
        return self._book.results

    @property
    def references(self) -> dict[str, Reference]:
        """The evaluated float models by name."""
        return self._builder.references

    @property
    def artifacts(self) -> dict[Cell, Artifact]:
        """What was built, or found in the cache."""
        return self._builder.artifacts

    def prepare(self, cases: Iterable[Case]) -> None:
        """Evaluate the references, and build and probe all *cases* and what they are compared with."""
        cases = list(cases)
        self.build(cases)
        self._prober.probe_all({cell for case in cases for cell in {case.cell} | probed_companions(case)})

    def build(self, cases: Iterable[Case]) -> None:
        """Evaluate the references and build all that *cases* rest on; each is probed once it is judged."""
        cases = list(cases)
        self._latency.plan(cases)
        self.prepare_cells({cell for case in cases for cell in _needed(case)})

    def prepare_cells(self, cells: Iterable[Cell]) -> None:
        """Evaluate the references and build the artifacts of *cells*; what fails is noted as their problem."""
        self._builder.build(cells)

    def judge(self, case: Case) -> list[Finding]:
        """Measure what *case* needs, unless that was done, and judge it."""
        if not all(self._builder.knows(cell) for cell in _needed(case)):
            self.prepare([case])
        try:
            self._measure(case)
            unknown = self._prober.why_parity_is_unknown(case.cell)
        except CellProblem as problem:
            return judge_problem(case, problem)
        recipe = resolve(case.cell).recipe
        findings = judge_case(
            case,
            self.results[case.cell],
            self._baseline_of(case),
            promises=recipe.promises,
            precision=recipe.precision,
            sane=least_correlation(recipe),
            timed=self._latency.of(case),
            noise=self._noise_of(case.cell.target),
        )
        note = (f"its outputs were not compared with the float model's ({unknown})",) if unknown else ()
        return [replace(finding, notes=(*finding.notes, *note)) for finding in findings]

    def _measure(self, case: Case) -> None:
        """Bring the case's cell to the stage that its metric needs.

        Raises:
            CellProblem: it can't be brought there, now or ever in this run.
        """
        cell = case.cell
        self._book.check(cell)
        reference = self._reference_artifact(cell, required=cell.reference in _needed(case))
        self._prober.describe_artifact(cell, reference)
        if case.metric.stage in PROBED_STAGES:
            self._prober.probe(cell)
        self._comparisons.record(case)
        if case.metric.stage is Stage.TIMING:
            self._timekeeper.time(case, reference)

    def _reference_artifact(self, cell: Cell, *, required: bool) -> Artifact | None:
        """The artifact that ratios divide by; None for the reference itself, or when nothing relative is asked."""
        if cell.is_reference or (not required and cell.reference not in self.artifacts):
            return None
        problem = self._book.problem(cell.reference)
        if problem is not None:
            raise because_of(cell.reference, "its reference", problem)
        return self.artifacts[cell.reference]


def _needed(case: Case) -> set[Cell]:
    """The cells whose artifacts *case* rests on."""
    return {case.cell} | companions(case)
