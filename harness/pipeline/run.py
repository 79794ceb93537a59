"""One run: from cells to findings, everything done once however many cases ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from harness.core.artifact import Artifact
from harness.core.baseline import CellBaseline
from harness.core.data import Array
from harness.core.environment import Hardware
from harness.core.finding import Finding
from harness.core.matrix import Case
from harness.core.measurement import Measurement
from harness.core.metrics import Beside, Stage
from harness.core.names import Cell
from harness.core.noise import NoiseProfile
from harness.core.problem import CellProblem
from harness.core.result import MEASURED, NOT_RUN, ArtifactSummary, CellResult
from harness.core.samples import Samples
from harness.core.timing import Timing
from harness.judge.case import judge_case, judge_problem
from harness.judge.drift_latency import P50
from harness.meters.accuracy import gain_measurements, spread_measurement
from harness.meters.latency import latency_measurements
from harness.meters.size import size_measurements
from harness.pipeline.builds import build_all
from harness.pipeline.measure import OtherSideProblem, Probe, probe, stage
from harness.pipeline.plan import companions, obstacle, obstacle_to_running, obstacle_to_timing, probed_companions
from harness.pipeline.references import Reference, make_references
from harness.pipeline.resolved import forget_resolved, resolve
from harness.pipeline.settings import Settings
from harness.pipeline.timings import LatencyBook
from harness.stats.paired_drop import Flips
from harness.store.artifacts import ArtifactStore
from harness.targets.local_hardware import local_hardware
from harness.targets.lock import TargetLock

BaselineOf = Callable[[Case], CellBaseline]
Tell = Callable[[str], None]
LOCAL = "local"
"""The target that builds run on."""
FAR_STAGES = (Stage.PROBE, Stage.TIMING)


class Run:
    """Builds and measures what cases ask for, and judges them. Not shared between threads."""

    def __init__(
        self, settings: Settings, baseline_of: BaselineOf, tell: Tell, noise: NoiseProfile | None = None
    ) -> None:
        """Args:
        settings: folders, limits, threads.
        baseline_of: the stored figures that a case's cell is held to.
        tell: takes one line of progress.
        noise: of this hardware class, where there is one.
        """
        forget_resolved()
        self._settings = settings
        self._baseline_of = baseline_of
        self._tell = tell
        self.store = ArtifactStore(settings.cache)
        self.hardware: Hardware = local_hardware()
        self.results: dict[Cell, CellResult] = {}
        self._noise = noise
        self._latency = LatencyBook(settings, self.hardware, noise, tell)
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
        self._latency.plan(cases)
        self.prepare_cells({cell for case in cases for cell in _needed(case)})
        far = [case for case in cases if case.metric.stage in FAR_STAGES]
        self._probe_all({cell for case in far for cell in {case.cell} | probed_companions(case)})

    def findings(self, case: Case) -> list[Finding]:
        """Measure what *case* needs, unless that was done, and judge it."""
        if not _needed(case) <= self.artifacts.keys() | self._problems.keys():
            self.prepare([case])
        try:
            self._measure(case)
        except CellProblem as problem:
            return judge_problem(case, problem)
        return judge_case(
            case,
            self.results[case.cell],
            self._baseline_of(case),
            promises=resolve(case.cell).recipe.promises,
            timed=self._latency.of(case),
            noise=self._noise,
        )

    def latency_epochs_ns(self, cell: Cell) -> list[float]:
        """Epoch medians of *cell*, for those who keep their own tables of times; empty when it was not timed."""
        result = self.results.get(cell)
        return [round_[0] for pair in result.details.get("latency_rounds_ns", []) for round_ in pair] if result else []

    @contextmanager
    def _sharing(self, cells: Iterable[Cell]) -> Iterator[None]:
        """Keep others from timing on the targets of *cells* while something runs there; it may run beside others."""
        with ExitStack() as stack:
            for target in sorted({cell.target for cell in cells}):
                stack.enter_context(TargetLock(target).shared(self._tell))
            yield

    def prepare_cells(self, cells: Iterable[Cell]) -> None:
        """Evaluate the references and build the artifacts of *cells*; what fails is noted as their problem."""
        runnable: list[Cell] = []
        for cell in sorted(cells):
            if cell in self.artifacts or cell in self._problems:
                continue
            self.results.setdefault(cell, CellResult(cell=cell))
            problem = obstacle(resolve(cell))
            if problem is not None:
                self._set_problem(cell, problem)
            else:
                runnable.append(cell)
        if runnable:
            with TargetLock(LOCAL).shared(self._tell):
                self._build(runnable)
        for notice in self.store.notices:
            self._tell(notice)
        self.store.notices.clear()

    def _build(self, cells: list[Cell]) -> None:
        """References and artifacts of *cells*; whoever times on this machine waits meanwhile."""
        unknown = {cell.model for cell in cells} - self.references.keys() - self._reference_problems.keys()
        if unknown:
            references, problems = make_references(unknown, self._settings, self._tell)
            self.references.update(references)
            self._reference_problems.update(problems)
        for cell in cells:
            if cell.model in self._reference_problems:
                self._set_problem(cell, self._reference_problems[cell.model])
        buildable = [cell for cell in cells if cell.model in self.references]
        if buildable:
            artifacts, failed = build_all(buildable, self.references, self.store, self._settings, self._tell)
            self.artifacts.update(artifacts)
            for cell, problem in failed.items():
                self._set_problem(cell, problem)

    def _measure(self, case: Case) -> None:
        """Bring the case's cell to the stage that its metric needs.

        Raises:
            CellProblem: it can't be brought there, now or ever in this run.
        """
        cell, metric = case.cell, case.metric
        if cell in self._problems:
            raise self._problems[cell]
        fp32 = self._fp32(cell, relative=cell.reference in _needed(case))
        if (cell, Stage.ARTIFACT) not in self._done:
            self._record_artifact(cell)
        if fp32 is not None:
            self._record(cell, size_measurements(self.artifacts[cell], fp32))
        if metric.stage in FAR_STAGES:
            self._probed(cell)
        if metric.beside is Beside.CONTROL:
            self._record_gain(case)
        if metric.beside is Beside.DRAWS:
            self._record_spread(case)
        if metric.stage is Stage.PROBE and metric.relative and fp32 is not None:
            self._record_memory_ratio(cell)
        if metric.stage is Stage.TIMING:
            self._timed(case, fp32)

    def _fp32(self, cell: Cell, *, relative: bool) -> Artifact | None:
        """The artifact that ratios divide by; None for the reference itself, or when nothing relative is asked."""
        if cell.is_reference or (not relative and cell.reference not in self.artifacts):
            return None
        if cell.reference in self._problems:
            raise _because_of(cell.reference, "its reference", self._problems[cell.reference])
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
                _raise(obstacle_to_running(resolve(cell)))
                with self._sharing([cell]):
                    self._record_probe(cell, self._probe_one(cell))

    def _probe_all(self, cells: Iterable[Cell]) -> None:
        """Probe *cells*, several at one time: predictions and memory don't mind company, as latency would."""
        waiting = [
            cell
            for cell in sorted(cells)
            if cell in self.artifacts
            and not {(cell, Stage.PROBE)} & (self._done | self._failures.keys())
            and obstacle_to_running(resolve(cell)) is None
        ]
        if not waiting:
            return
        with self._sharing(waiting), ThreadPoolExecutor(max_workers=max(1, self._settings.jobs)) as pool:
            probing = {pool.submit(self._probe_one, cell): cell for cell in waiting}
            for number, done in enumerate(as_completed(probing), start=1):
                cell = probing[done]
                self._tell(f"measure {number}/{len(waiting)}: {cell.id}")
                with suppress(CellProblem), self._once(cell, Stage.PROBE):
                    self._record_probe(cell, done.result())

    def _probe_one(self, cell: Cell) -> Probe:
        return probe(resolve(cell), self.artifacts[cell], self.references[cell.model], self.hardware, self._settings)

    def _record_probe(self, cell: Cell, found: Probe) -> None:
        self._record(cell, found.measurements)
        result = self.results[cell]
        self.results[cell] = replace(
            result,
            samples=found.samples,
            classes=found.classes,
            environment=found.environment,
            details={**result.details, **found.details},
        )

    def _timed(self, case: Case, fp32: Artifact | None) -> None:
        """Have times that answer *case*: beside its reference, and beside its baseline's artifact where there is one."""
        cell = case.cell
        _raise(obstacle_to_timing(resolve(cell)))
        if cell.is_reference:
            self._time_beside_another(cell)
        if not self._latency.knows(case):
            with self._once(cell, Stage.TIMING):
                timing = self._latency.time(case, self.artifacts[cell], fp32, self._sample(cell))
                self._record_timing(cell, timing)
            beside = timing.of_other()
            if beside is not None and P50 not in self.results[cell.reference].measurements:
                with suppress(CellProblem):  # a time of zero: the reference's own item measures and tells
                    self._record_timing(cell.reference, beside)
        self._time_beside_baseline(case)

    def _sample(self, cell: Cell) -> Array:
        return self.references[cell.model].load("inputs")[:1]

    def _time_beside_baseline(self, case: Case) -> None:
        """Time the cell beside the artifact that its baseline was taken of, when it is held to that and is another.

        That artifact may be gone, or refused by today's engine: then a lower rung has to do, and says why.
        """
        cell, artifact = case.cell, self.artifacts[case.cell]
        baseline = self._baseline_of(case).get(P50) if case.baseline and case.change_limit else None
        if baseline is None or baseline.artifact_sha256 == artifact.sha256 or self._latency.knows_beside(case):
            return
        stored = self.store.find(baseline.artifact_key) if baseline.artifact_key else None
        if stored is None or stored.sha256 != baseline.artifact_sha256:
            self._latency.cannot_be_timed_beside(case, "the baseline's artifact is not in the cache")
            return
        with self._once(cell, Stage.TIMING):
            try:
                timing = self._latency.time_beside_baseline(case, artifact, stored, self._sample(cell))
            except OtherSideProblem as problem:  # of the old artifact: it is no fault of this cell's
                self._latency.cannot_be_timed_beside(case, problem.reason)
                return
        self._add_details(cell, latency_rounds_beside_baseline_ns=_rounds(timing))

    def _time_beside_another(self, reference: Cell) -> None:
        """Time the first planned cell that is compared with *reference*: its rounds hold the times of both."""
        for case in self._latency.compared_with(reference):
            if self._latency.timed(reference) is not None:
                return
            if case.cell in self.artifacts:
                with suppress(CellProblem):  # told when its own item comes
                    self._measure(case)

    def _record_timing(self, cell: Cell, timing: Timing) -> None:
        with stage("measure"):
            self._record(cell, latency_measurements(timing))
        self.results[cell] = replace(self.results[cell], latency_context=timing.context)
        self._add_details(cell, latency_rounds_ns=_rounds(timing), latency_iterations_per_epoch=timing.iterations)

    def _add_details(self, cell: Cell, **details: object) -> None:
        result = self.results[cell]
        self.results[cell] = replace(result, details={**result.details, **details})

    def _record_artifact(self, cell: Cell) -> None:
        artifact = self.artifacts[cell]
        summary = ArtifactSummary(
            sha256=artifact.sha256,
            key=artifact.key,
            size_bytes=artifact.size_bytes,
            gzip_bytes=artifact.gzip_bytes,
            weights=artifact.weights.bytes,
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
            raise _because_of(cell.reference, "its reference", problem) from None
        ours = self.results[cell].measurements["memory_peak_bytes"].value
        theirs = self.results[cell.reference].measurements["memory_peak_bytes"].value
        if theirs > 0:
            self._record(cell, [Measurement(name="memory_ratio", value=ours / theirs, unit="ratio")])

    def _record_gain(self, case: Case) -> None:
        """What the cell wins and loses against its control, sample by sample."""
        for control in probed_companions(case):
            self._add_details(case.cell, control=control.recipe)
            ours, theirs = self._samples_of(case.cell, case.cell), self._samples_of(control, case.cell)
            if ours.per_sample and theirs.per_sample:
                flips = Flips.of(theirs.unpack_correct(), ours.unpack_correct())
                self._record(case.cell, gain_measurements(flips))

    def _record_spread(self, case: Case) -> None:
        """How far accuracy varies with the calibration samples."""
        drawn = sorted(probed_companions(case))
        for cell in drawn:
            self._samples_of(cell, case.cell)
        if drawn:
            found = [self.results[cell].measurements["accuracy_fraction"] for cell in drawn]
            self._record(case.cell, [spread_measurement(found)])
            self._add_details(
                case.cell, calibration_draws={cell.recipe: m.value for cell, m in zip(drawn, found, strict=True)}
            )

    def _samples_of(self, cell: Cell, asked_for: Cell) -> Samples:
        """The predictions of *cell*, on which *asked_for* rests.

        Raises:
            CellProblem: there are none.
        """
        try:
            if cell in self._problems:
                raise self._problems[cell]
            if (cell, Stage.ARTIFACT) not in self._done:
                self._record_artifact(cell)
            self._probed(cell)
        except CellProblem as problem:
            raise _because_of(cell, "its companion", problem) if cell != asked_for else problem from None
        samples = self.results[cell].samples
        assert samples is not None, "a probe leaves them"
        return samples

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


def _raise(problem: CellProblem | None) -> None:
    if problem is not None:
        raise problem


def _rounds(timing: Timing) -> list[list[list[float]]]:
    return [[list(sides) for sides in pair] for pair in timing.pairs]


def _needed(case: Case) -> set[Cell]:
    """The cells whose artifacts *case* rests on."""
    return {case.cell} | companions(case)


def _because_of(other: Cell, what: str, problem: CellProblem) -> CellProblem:
    return CellProblem.error(problem.stage or "measure", f"{what} {other.id} is {problem.status}: {problem.reason}")
