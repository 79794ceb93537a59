"""Workers of cells: fresh processes with an engine, and what ends a cell that goes wrong in one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.core.artifact import Artifact
from harness.core.finding import Verdict
from harness.core.problem import CellProblem, Phase
from harness.core.tensors import Tensors
from harness.core.timing import Files
from harness.errors import TargetError
from harness.pipeline.resolved import ResolvedCell
from harness.pipeline.settings import Settings
from harness.worker.process import FILE_CACHE, RuntimeMissing, Worker, WorkerFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """How a worker loaded its artifact."""

    ns: int
    files: Files = Files.UNKNOWN
    """What was cached of the artifact's files; unknown unless they were to be cold."""
    why_not_cold: str = ""


class FreshWorker(Worker):
    """A worker of one cell that has imported its engine and not yet loaded the artifact; the caller ends it."""

    def __init__(self, cell: ResolvedCell, artifact: Artifact, settings: Settings) -> None:
        """Start it, and bring the artifact to where it is.

        Raises:
            CellProblem: ``error(load)``, or ``unavailable`` without the engine.
        """
        threads, choice = cell.threads(settings.threads), cell.choice
        logs = settings.scratch / "workers"
        logs.mkdir(parents=True, exist_ok=True)
        with in_phase(Phase.LOAD):
            self._path = cell.target.put(artifact)
            self._files = artifact.files
            # A cache may be shared by machines: code that was compiled for one CPU is not another's.
            compiled = cell.target.cache(settings.cache / "compiled" / cell.target.hardware().code_class)
            super().__init__(
                cell.target,
                threads=threads,
                run_side=cell.runtime.run_side,
                log=logs / f"{cell.cell.id.replace('/', '~')}.log",
                timeout_s=settings.worker_timeout_s,
                memory_limit_bytes=settings.memory_limit_bytes,
            )
        self._adaptations = adaptations = artifact.provenance.adaptations
        inputs, outputs = _names(cell, artifact)
        if adaptations is not None:
            inputs = tuple(one.file_name for one in adaptations.inputs)
            outputs = tuple(one.file_name for one in adaptations.outputs)
        self._options = {
            **choice.options,
            "threads": threads,
            "provider": choice.provider.name,
            "cache": compiled,
            "inputs": inputs,
            "outputs": outputs,
        }
        if cell.target.hardware().cluster:  # before the engine sizes its pools and chooses its kernels
            self._move_to_the_fast_kind(list(cell.target.cpus()))

    def _move_to_the_fast_kind(self, cpus: list[int]) -> None:
        try:
            with in_phase(Phase.LOAD):
                self.ask("move", cpus=cpus, settle=0)
        except BaseException:
            self.end()
            raise

    def to_artifact(self, inputs: Tensors) -> Tensors:
        """The model's *inputs* as the artifact takes them."""
        return inputs if self._adaptations is None else Tensors(self._adaptations.to_file(dict(inputs.items())))

    def from_artifact(self, outputs: Tensors) -> Tensors:
        """The artifact's *outputs* as the model gives them."""
        return outputs if self._adaptations is None else Tensors(self._adaptations.to_model(dict(outputs.items())))

    def load(self, *, cold: bool = False) -> Loading:
        """Load the artifact; *cold*: its files are dropped from the system's cache first, where the system lets one.

        Raises:
            CellProblem: ``error(load)``.
        """
        dropping = {"file_cache": FILE_CACHE.read_text(encoding="utf-8"), "files": self._files} if cold else {}
        with in_phase(Phase.LOAD):
            answer = self.ask("load", path=self._path, options=self._options, **dropping)
        return Loading(
            ns=int(answer["load_ns"]),
            files=Files(answer.get("files", Files.UNKNOWN)),
            why_not_cold=answer.get("why", ""),
        )


def _names(cell: ResolvedCell, artifact: Artifact) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The model's names of what it takes and gives; an artifact that an older version built does not tell them."""
    provenance, signature = artifact.provenance, cell.model.signature
    if provenance.inputs or signature is None:
        return provenance.inputs, provenance.outputs
    return signature.input_names, signature.outputs


def open_worker(cell: ResolvedCell, artifact: Artifact, settings: Settings) -> tuple[FreshWorker, int]:
    """A fresh worker with *artifact* open in it, and the ns that loading took; the caller ends it."""
    worker = FreshWorker(cell, artifact, settings)
    try:
        return worker, worker.load().ns
    except BaseException:
        worker.end()
        raise


@contextmanager
def in_phase(phase: Phase) -> Iterator[None]:
    """Turn what ends a cell inside the block into ``error(phase)``; an inner phase stays."""
    try:
        yield
    except RuntimeMissing as err:
        raise CellProblem(Verdict.UNAVAILABLE, str(err)) from err
    except (WorkerFailure, TargetError, ValueError) as err:
        raise CellProblem.error(phase, str(err)) from err
