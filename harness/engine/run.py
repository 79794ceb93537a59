"""One run: from cells to findings, everything done once however many cases ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
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
from harness.core.result import MEASURED, ArtifactSummary, CellResult
from harness.engine.builds import build_all
from harness.engine.measure import Probe, probe, timing
from harness.engine.plan import obstacle
from harness.engine.references import Reference, make_references
from harness.engine.settings import Settings
from harness.judge.case import judge_case, judge_problem
from harness.judge.latency import Look
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
        self._looks: dict[Cell, Look] = {}
        self.references: dict[str, Reference] = {}
        self._reference_problems: dict[str, CellProblem] = {}
        self.artifacts: dict[Cell, Artifact] = {}
        self._problems: dict[Cell, CellProblem] = {}
        self._done: set[tuple[Cell, Stage]] = set()

    def prepare(self, cases: Iterable[Case]) -> None:
        """Evaluate the references and build the artifacts of all *cases* and of what they are compared with."""
        cases = list(cases)
        for case in cases:
            if case.metric.name == "latency_ratio" and case.limit is not None:
                self._limits[case.cell] = min(case.limit.value, self._limits.get(case.cell, case.limit.value))
        wanted = {case.cell for case in cases} | {case.cell.reference for case in cases if case.metric.relative}
        self.prepare_cells(wanted)
        self._probe_all({case.cell for case in cases if case.metric.stage in FAR_STAGES})

    def findings(self, case: Case) -> list[Finding]:
        """Measure what *case* needs, unless that was done, and judge it."""
        if case.cell not in self.artifacts and case.cell not in self._problems:
            self.prepare([case])
        try:
            self._measure(case.cell, case.metric.stage, relative=case.metric.relative)
        except CellProblem as problem:
            self._set_problem(case.cell, problem)
            return judge_problem(case, problem)
        return judge_case(case, self.results[case.cell], self._baseline_of(case), self._looks.get(case.cell))

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

    def _measure(self, cell: Cell, stage: Stage, *, relative: bool) -> None:
        """Bring *cell* to *stage*.

        Raises:
            CellProblem: it can't be brought there, now or ever in this run.
        """
        if cell in self._problems:
            raise self._problems[cell]
        fp32 = self._fp32(cell, relative=relative)
        if (cell, Stage.ARTIFACT) not in self._done:
            self._record_artifact(cell)
        if fp32 is not None:
            self._record(cell, size_measurements(self.artifacts[cell], fp32))
        if stage in FAR_STAGES and (cell, Stage.PROBE) not in self._done:
            self._record_probe(cell, self._probe_one(cell))
        if stage is Stage.PROBE and relative and fp32 is not None:
            self._record_memory_ratio(cell)
        if stage is Stage.TIMING and (cell, Stage.TIMING) not in self._done:
            self._time(cell, fp32)

    def _fp32(self, cell: Cell, *, relative: bool) -> Artifact | None:
        """The artifact that ratios divide by; None for the reference itself, or when nothing relative is asked."""
        if cell.is_reference or (not relative and cell.reference not in self.artifacts):
            return None
        if cell.reference in self._problems:
            problem = self._problems[cell.reference]
            raise CellProblem.error(
                problem.stage or "measure", f"its reference {cell.reference.id} is {problem.status}: {problem.reason}"
            )
        return self.artifacts[cell.reference]

    def _probe_all(self, cells: Iterable[Cell]) -> None:
        """Probe *cells*, several at one time: predictions and memory don't mind company, as latency would."""
        waiting = [
            cell
            for cell in sorted(cells)
            if cell in self.artifacts and cell not in self._problems and (cell, Stage.PROBE) not in self._done
        ]
        with ThreadPoolExecutor(max_workers=max(1, self._settings.jobs)) as pool:
            probing = {pool.submit(self._probe_one, cell): cell for cell in waiting}
            for number, done in enumerate(as_completed(probing), start=1):
                cell = probing[done]
                self._tell(f"measure {number}/{len(waiting)}: {cell.id}")
                try:
                    self._record_probe(cell, done.result())
                except CellProblem as problem:
                    self._set_problem(cell, problem)

    def _probe_one(self, cell: Cell) -> Probe:
        return probe(cell, self.artifacts[cell], self.references[cell.model], self.hardware, self._settings)

    def _record_probe(self, cell: Cell, found: Probe) -> None:
        self._record(cell, found.measurements)
        result = self.results[cell]
        self.results[cell] = replace(
            result, samples=found.samples, environment=found.environment, details={**result.details, **found.details}
        )
        self._done.add((cell, Stage.PROBE))

    def _time(self, cell: Cell, fp32: Artifact | None) -> None:
        sample = self.references[cell.model].load("inputs")[:1]
        timed, measured = timing(cell, self.artifacts[cell], fp32, sample, self._limits.get(cell), self._settings)
        self._record(cell, measured)
        result = self.results[cell]
        rounds = [[list(sides) for sides in pair] for pair in timed.pairs]
        details = {**result.details, "latency_rounds_ns": rounds, "latency_iterations_per_epoch": timed.iterations}
        self.results[cell] = replace(result, details=details)
        if timed.verdict is not None:
            self._looks[cell] = timed.verdict
        self._done.add((cell, Stage.TIMING))

    def _record_artifact(self, cell: Cell) -> None:
        artifact = self.artifacts[cell]
        summary = ArtifactSummary(
            sha256=artifact.sha256,
            size_bytes=artifact.size_bytes,
            gzip_bytes=artifact.gzip_bytes,
            weights=artifact.weights,
            provenance=artifact.provenance,
        )
        self.results[cell] = replace(self.results[cell], status=MEASURED, artifact=summary)
        self._record(cell, size_measurements(artifact, None))
        self._done.add((cell, Stage.ARTIFACT))

    def _record_memory_ratio(self, cell: Cell) -> None:
        self._measure(cell.reference, Stage.PROBE, relative=False)
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
        self.results[cell] = replace(
            self.results.get(cell, CellResult(cell=cell)), status=problem.status, reason=problem.reason
        )
