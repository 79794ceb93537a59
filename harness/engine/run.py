"""One run: from cells to findings, everything done once however many cases ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import replace

from harness.core.artifact import Artifact
from harness.core.baseline import CellBaseline
from harness.core.environment import Hardware
from harness.core.finding import Finding
from harness.core.matrix import Case
from harness.core.measurement import Measurement
from harness.core.metrics import Stage
from harness.core.names import Cell
from harness.core.problem import CellProblem
from harness.core.result import MEASURED, NOT_RUN, ArtifactSummary, CellResult
from harness.engine.builds import build_all
from harness.engine.measure import Probe, probe, timing
from harness.engine.plan import obstacle
from harness.engine.references import Reference, make_references
from harness.engine.settings import Settings
from harness.judge.case import judge_case, judge_problem
from harness.judge.latency import Look, look, ratio_evidence
from harness.meters.latency import Timing, latency_measurements
from harness.meters.size import size_measurements
from harness.store.artifacts import ArtifactStore
from harness.targets.local_hardware import local_hardware

BaselineOf = Callable[[Case], CellBaseline]
Tell = Callable[[str], None]
FAR_STAGES = (Stage.PROBE, Stage.TIMING)


class Run:
    """Builds and measures what cases ask for, and judges them. Not shared between threads."""

    def __init__(self, settings: Settings, baseline_of: BaselineOf, tell: Tell) -> None:
        """Args:
        settings: folders, limits, threads.
        baseline_of: the stored figures that a case's cell is held to.
        tell: takes one line of progress.
        """
        self._settings = settings
        self._baseline_of = baseline_of
        self._tell = tell
        self.store = ArtifactStore(settings.cache)
        self.hardware: Hardware = local_hardware()
        self.results: dict[Cell, CellResult] = {}
        self._limits: dict[Cell, float] = {}
        self._ratios: list[Case] = []
        """Planned cases whose rounds also time their reference."""
        self._timings: dict[Cell, Timing] = {}
        self.references: dict[str, Reference] = {}
        self._reference_problems: dict[str, CellProblem] = {}
        self.artifacts: dict[Cell, Artifact] = {}
        self._problems: dict[Cell, CellProblem] = {}
        """Cells without an artifact."""
        self._failures: dict[tuple[Cell, Stage], CellProblem] = {}
        """Cells whose artifact broke when it was run; what needs only the artifact is judged all the same."""
        self._done: set[tuple[Cell, Stage]] = set()

    def prepare(self, cases: Iterable[Case]) -> None:
        """Evaluate the references and build the artifacts of all *cases* and of what they are compared with."""
        cases = list(cases)
        self._ratios += [case for case in cases if _is_ratio(case) and not case.cell.is_reference]
        for case in cases:
            if _is_ratio(case) and case.limit is not None:
                self._limits[case.cell] = min(case.limit.value, self._limits.get(case.cell, case.limit.value))
        self.prepare_cells({cell for case in cases for cell in _needed(case)})
        self._probe_all({case.cell for case in cases if case.metric.stage in FAR_STAGES})

    def findings(self, case: Case) -> list[Finding]:
        """Measure what *case* needs, unless that was done, and judge it."""
        if not _needed(case) <= self.artifacts.keys() | self._problems.keys():
            self.prepare([case])
        try:
            self._measure(case)
        except CellProblem as problem:
            return judge_problem(case, problem)
        return judge_case(case, self.results[case.cell], self._baseline_of(case), self._look(case))

    def latency_epochs_ns(self, cell: Cell) -> list[float]:
        """Epoch medians of *cell*, for those who keep their own tables of times; empty when it was not timed."""
        result = self.results.get(cell)
        return [round_[0] for pair in result.details.get("latency_rounds_ns", []) for round_ in pair] if result else []

    def prepare_cells(self, cells: Iterable[Cell]) -> None:
        """Evaluate the references and build the artifacts of *cells*; what fails is noted as their problem."""
        runnable: list[Cell] = []
        for cell in sorted(cells):
            if cell in self.artifacts or cell in self._problems:
                continue
            self.results.setdefault(cell, CellResult(cell=cell))
            problem = obstacle(cell)
            if problem is not None:
                self._set_problem(cell, problem)
            else:
                runnable.append(cell)
        unknown = {cell.model for cell in runnable} - self.references.keys() - self._reference_problems.keys()
        if unknown:
            references, problems = make_references(unknown, self._settings, self._tell)
            self.references.update(references)
            self._reference_problems.update(problems)
        for cell in runnable:
            if cell.model in self._reference_problems:
                self._set_problem(cell, self._reference_problems[cell.model])
        buildable = [cell for cell in runnable if cell.model in self.references]
        if buildable:
            artifacts, failed = build_all(buildable, self.references, self.store, self._settings, self._tell)
            self.artifacts.update(artifacts)
            for cell, problem in failed.items():
                self._set_problem(cell, problem)
        for notice in self.store.notices:
            self._tell(notice)
        self.store.notices.clear()

    def _measure(self, case: Case) -> None:
        """Bring the case's cell to the stage that its metric needs.

        Raises:
            CellProblem: it can't be brought there, now or ever in this run.
        """
        cell, metric = case.cell, case.metric
        if cell in self._problems:
            raise self._problems[cell]
        fp32 = self._fp32(cell, relative=metric.relative)
        if (cell, Stage.ARTIFACT) not in self._done:
            self._record_artifact(cell)
        if fp32 is not None:
            self._record(cell, size_measurements(self.artifacts[cell], fp32))
        if metric.stage in FAR_STAGES:
            self._probed(cell)
        if metric.stage is Stage.PROBE and metric.relative and fp32 is not None:
            self._record_memory_ratio(cell)
        if metric.stage is Stage.TIMING and cell.is_reference:
            self._time_beside_another(cell)
        if metric.stage is Stage.TIMING and not self._timed_enough(case, fp32):
            with self._once(cell, Stage.TIMING):
                self._time(case, fp32)

    def _fp32(self, cell: Cell, *, relative: bool) -> Artifact | None:
        """The artifact that ratios divide by; None for the reference itself, or when nothing relative is asked."""
        if cell.is_reference or (not relative and cell.reference not in self.artifacts):
            return None
        if cell.reference in self._problems:
            raise _because_of_reference(cell, self._problems[cell.reference])
        return self.artifacts[cell.reference]

    @contextmanager
    def _once(self, cell: Cell, stage: Stage) -> Iterator[None]:
        """Bring *cell* to *stage* inside the block; where that failed before, it fails again without another try."""
        if (cell, stage) in self._failures:
            raise self._failures[cell, stage]
        try:
            yield
        except CellProblem as problem:
            self._fail(cell, stage, problem)
            raise
        self._done.add((cell, stage))

    def _probed(self, cell: Cell) -> None:
        if (cell, Stage.PROBE) not in self._done:
            with self._once(cell, Stage.PROBE):
                self._record_probe(cell, self._probe_one(cell))

    def _probe_all(self, cells: Iterable[Cell]) -> None:
        """Probe *cells*, several at one time: predictions and memory don't mind company, as latency would."""
        waiting = [
            cell
            for cell in sorted(cells)
            if cell in self.artifacts and not {(cell, Stage.PROBE)} & (self._done | self._failures.keys())
        ]
        with ThreadPoolExecutor(max_workers=max(1, self._settings.jobs)) as pool:
            probing = {pool.submit(self._probe_one, cell): cell for cell in waiting}
            for number, done in enumerate(as_completed(probing), start=1):
                cell = probing[done]
                self._tell(f"measure {number}/{len(waiting)}: {cell.id}")
                with suppress(CellProblem), self._once(cell, Stage.PROBE):
                    self._record_probe(cell, done.result())

    def _probe_one(self, cell: Cell) -> Probe:
        return probe(cell, self.artifacts[cell], self.references[cell.model], self.hardware, self._settings)

    def _record_probe(self, cell: Cell, found: Probe) -> None:
        self._record(cell, found.measurements)
        result = self.results[cell]
        self.results[cell] = replace(
            result, samples=found.samples, environment=found.environment, details={**result.details, **found.details}
        )

    def _time(self, case: Case, fp32: Artifact | None) -> None:
        cell = case.cell
        sample = self.references[cell.model].load("inputs")[:1]
        own = case.limit.value if _is_ratio(case) and case.limit is not None else None
        # Once rounds for another limit didn't decide this one, only this one counts.
        limits = {own} if cell in self._timings else {own, self._limits.get(cell)}
        limit = min((limit for limit in limits if limit is not None), default=None)
        timed, measured = timing(cell, self.artifacts[cell], fp32, sample, limit, self.hardware, self._settings)
        self._record_timing(cell, timed, measured)
        beside = timed.of_reference()
        if beside is not None and cell.reference not in self._timings:
            with suppress(ValueError):  # a time of zero: the reference's own item measures and tells
                self._record_timing(cell.reference, beside, latency_measurements(beside))

    def _time_beside_another(self, reference: Cell) -> None:
        """Time the first planned cell that is compared with *reference*: its rounds hold the times of both."""
        for case in self._ratios:
            if reference in self._timings:
                return
            if case.cell.reference == reference and case.cell in self.artifacts:
                with suppress(CellProblem):  # told when its own item comes
                    self._measure(case)

    def _record_timing(self, cell: Cell, timed: Timing, measured: Iterable[Measurement]) -> None:
        self._record(cell, measured)
        result = self.results[cell]
        rounds = [[list(sides) for sides in pair] for pair in timed.pairs]
        details = {**result.details, "latency_rounds_ns": rounds, "latency_iterations_per_epoch": timed.iterations}
        self.results[cell] = replace(result, details=details)
        self._timings[cell] = timed

    def _timed_enough(self, case: Case, fp32: Artifact | None) -> bool:
        """Whether the rounds at hand answer *case*: its cell may have been timed alone, or for another limit."""
        timed = self._timings.get(case.cell)
        if timed is None:
            return False
        judged = self._look(case)
        return judged.finished if judged is not None else fp32 is None or not _is_ratio(case)

    def _look(self, case: Case) -> Look | None:
        """What the rounds at hand say about the limit of *case* itself; two suites may set two limits for one cell."""
        timed = self._timings.get(case.cell)
        if timed is None or timed.verdict is None or not _is_ratio(case):
            return None
        return look(ratio_evidence(timed.pairs), case.limit.value if case.limit else None)

    def _record_artifact(self, cell: Cell) -> None:
        artifact = self.artifacts[cell]
        summary = ArtifactSummary(
            sha256=artifact.sha256,
            size_bytes=artifact.size_bytes,
            gzip_bytes=artifact.gzip_bytes,
            weights=artifact.weights,
            provenance=artifact.provenance,
        )
        result = self.results[cell]
        status = MEASURED if result.status == NOT_RUN else result.status
        self.results[cell] = replace(result, status=status, artifact=summary)
        self._record(cell, size_measurements(artifact, None))
        self._done.add((cell, Stage.ARTIFACT))

    def _record_memory_ratio(self, cell: Cell) -> None:
        try:
            self._probed(cell.reference)
        except CellProblem as problem:
            raise _because_of_reference(cell, problem) from None
        ours = self.results[cell].measurements["memory_peak_bytes"].value
        theirs = self.results[cell.reference].measurements["memory_peak_bytes"].value
        if theirs > 0:
            self._record(cell, [Measurement(name="memory_ratio", value=ours / theirs, unit="ratio")])

    def _record(self, cell: Cell, measured: Iterable[Measurement]) -> None:
        result = self.results[cell]
        merged: Mapping[str, Measurement] = {**result.measurements, **{m.name: m for m in measured}}
        self.results[cell] = replace(result, measurements=merged)

    def _set_problem(self, cell: Cell, problem: CellProblem) -> None:
        self._problems[cell] = problem
        self._tell_status(cell, problem)

    def _fail(self, cell: Cell, stage: Stage, problem: CellProblem) -> None:
        self._failures[cell, stage] = problem
        self._tell_status(cell, problem)

    def _tell_status(self, cell: Cell, problem: CellProblem) -> None:
        self.results[cell] = replace(
            self.results.get(cell, CellResult(cell=cell)), status=problem.status, reason=problem.reason
        )


def _is_ratio(case: Case) -> bool:
    return case.metric.stage is Stage.TIMING and case.metric.relative


def _needed(case: Case) -> set[Cell]:
    """The cells whose artifacts *case* rests on."""
    return {case.cell, case.cell.reference} if case.metric.relative else {case.cell}


def _because_of_reference(cell: Cell, problem: CellProblem) -> CellProblem:
    return CellProblem.error(
        problem.stage or "measure", f"its reference {cell.reference.id} is {problem.status}: {problem.reason}"
    )
