"""Brings cells to the stages before timing: their artifact's figures, and what one worker tells of each."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress

from harness.core.artifact import Artifact
from harness.core.finding import Verdict
from harness.core.measurement import Measurement
from harness.core.metric import Stage
from harness.core.names import Cell
from harness.core.problem import CellProblem, Phase
from harness.core.progress import Tell
from harness.core.result import MEASURED, NOT_RUN, ArtifactSummary
from harness.core.samples import Samples
from harness.meters.ratios import ratio_measurements
from harness.meters.registry import measure, quotients
from harness.pipeline.builder import Builder
from harness.pipeline.cell_book import CellBook, because_of, raise_if
from harness.pipeline.engine_answers import EngineAnswers
from harness.pipeline.evaluation import EVALUATION_BATCH
from harness.pipeline.measure import Probe, probe
from harness.pipeline.parity import check_parity
from harness.pipeline.plan import obstacle_to_running
from harness.pipeline.resolved import resolve
from harness.pipeline.settings import Settings
from harness.pipeline.workers import in_phase
from harness.store.tallies import TallyStore
from harness.targets.lock import TargetLock


class Prober:
    """Probes each cell once."""

    def __init__(self, book: CellBook, builder: Builder, settings: Settings, tell: Tell) -> None:
        self._book = book
        self._builder = builder
        self._settings = settings
        self._tell = tell
        self._begun = time.monotonic()
        self._engine_answers = EngineAnswers(settings.cache, tell)
        self._measured: dict[str, Mapping[str, Measurement]] = {}
        """Figures of artifacts, by their keys."""

    def describe_artifact(self, cell: Cell, reference: Artifact | None) -> None:
        """Record what the artifact of *cell* tells of itself, and its ratios to the *reference* artifact."""
        artifact = self._builder.artifacts[cell]
        if not self._book.is_done(cell, Stage.ARTIFACT):
            with self._book.reaching(cell, Stage.ARTIFACT):
                self._record_summary(cell, artifact)
                self._book.record(cell, self._figures_of(artifact).values())
        if reference is not None:
            ours, theirs = self._figures_of(artifact), self._figures_of(reference)
            self._book.record(cell, ratio_measurements(quotients(Stage.ARTIFACT), ours, theirs))

    def _figures_of(self, artifact: Artifact) -> Mapping[str, Measurement]:
        """What meters measure of *artifact*, once."""
        if artifact.key not in self._measured:
            with in_phase(Phase.MEASURE):
                self._measured[artifact.key] = measure(Stage.ARTIFACT, artifact)
        return self._measured[artifact.key]

    def probe(self, cell: Cell) -> None:
        """Probe *cell*, unless that was done.

        Raises:
            CellProblem: it can't run here, or it broke.
        """
        if not self._book.is_done(cell, Stage.PROBE):
            with self._book.reaching(cell, Stage.PROBE):
                raise_if(self._obstacle(cell))
                with self._sharing([cell]):
                    self._record_probe(cell, self._probe(cell))

    def why_parity_is_unknown(self, cell: Cell) -> str:
        """Why nobody knows whether the artifact of *cell* computes what the float model does; empty when it does.

        Raises:
            CellProblem: it does not, so that none of its figures means what its name says.
        """
        obstacle = self._obstacle(cell)
        if obstacle is not None:
            return f"{obstacle.status}: {obstacle.reason}"
        try:
            self.probe(cell)
        except CellProblem as problem:
            if problem.phase is Phase.PARITY:
                raise
            return f"{problem.status}: {problem.reason}"
        return ""

    def probe_all(self, cells: Iterable[Cell]) -> None:
        """Probe *cells* in parallel: predictions and memory don't mind company, as latency would."""
        waiting = [
            cell
            for cell in sorted(cells)
            if cell in self._builder.artifacts
            and not self._book.is_settled(cell, Stage.PROBE)
            and self._obstacle(cell) is None
        ]
        if not waiting:
            return
        with self._sharing(waiting), ThreadPoolExecutor(max_workers=max(1, self._settings.jobs)) as pool:
            numbers = itertools.count(1)

            def probe_aloud(cell: Cell) -> Probe:
                # Before, not after: then the last line names the cell that hangs.
                self._tell(f"measure {next(numbers)}/{len(waiting)}: {cell.id}")
                return self._probe(cell)

            probing = {pool.submit(probe_aloud, cell): cell for cell in waiting}
            for done in as_completed(probing):
                cell = probing[done]
                with suppress(CellProblem), self._book.reaching(cell, Stage.PROBE):
                    self._record_probe(cell, done.result())

    def samples_of(self, companion: Cell, cell: Cell) -> Samples:
        """The predictions of *companion*, on which *cell* rests.

        Raises:
            CellProblem: there are none.
        """
        try:
            self._book.check(companion)
            self.describe_artifact(companion, None)
            self.probe(companion)
        except CellProblem as problem:
            raise because_of(companion, "its companion", problem) if companion != cell else problem from None
        samples = self._book.results[companion].samples
        assert samples is not None, "a probe leaves them"
        return samples

    def _obstacle(self, cell: Cell) -> CellProblem | None:
        """Why *cell* can't run on its target: what is missing there, or what the engine says of it."""
        resolved = resolve(cell)
        missing = obstacle_to_running(resolved)
        if missing is not None:
            return missing
        answer = self._engine_answers.of(resolved.runtime, resolved.choice.provider, resolved.target)
        return CellProblem(Verdict.UNAVAILABLE, answer.reason) if answer.reason else None

    def _record_summary(self, cell: Cell, artifact: Artifact) -> None:
        status = self._book.results[cell].status
        summary = ArtifactSummary(
            sha256=artifact.sha256,
            key=artifact.key,
            size_bytes=artifact.size_bytes,
            gzip_bytes=artifact.gzip_bytes,
            weights=artifact.weights.bytes,
            largest_kernels=artifact.weights.largest_kernels,
            provenance=artifact.provenance,
        )
        self._book.change(cell, status=MEASURED if status == NOT_RUN else status, artifact=summary)

    def _probe(self, cell: Cell) -> Probe:
        def probe_artifact(artifact: Artifact) -> Probe:
            return probe(resolve(cell), artifact, reference, self._settings)

        reference = self._builder.references[cell.model]
        artifact = self._builder.artifacts[cell]
        probed = probe_artifact(artifact)
        check_parity(
            cell,
            artifact,
            probed,
            reference=reference,
            store=self._builder.store,
            settings=self._settings,
            tell=self._tell,
            probe_another=probe_artifact,
        )
        if probed.age_s is None and self._settings.reuse_s:
            TallyStore(self._settings.cache, self._settings.reuse_s).keep(probed.tally_key, probed.tally)
        return probed

    def _record_probe(self, cell: Cell, result: Probe) -> None:
        ages = {"predictions": result.age_s, "reference": self._builder.references[cell.model].age_s}
        of_this_run = time.monotonic() - self._begun  # a file may stand under two names
        self._book.record(cell, result.measurements)
        self._book.change(
            cell,
            samples=result.samples,
            classes=result.classes,
            environment=result.environment,
            placement=result.placement,
            evaluation_batch=EVALUATION_BATCH,
            reused={name: age for name, age in ages.items() if age is not None and age > of_this_run},
            details=result.details,
        )

    @contextmanager
    def _sharing(self, cells: Iterable[Cell]) -> Iterator[None]:
        """Keep others from timing on the targets of *cells* while something runs there; others may run there too."""
        with ExitStack() as stack:
            for target in sorted({cell.target for cell in cells}):
                stack.enter_context(TargetLock(target).shared(self._tell))
            yield
