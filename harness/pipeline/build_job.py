"""In a child process: the artifacts of one model for one runtime, one after the other."""

from __future__ import annotations

import time
import traceback
from dataclasses import replace
from pathlib import Path

from harness.core.artifact import Artifact, Provenance
from harness.core.contracts import ReadingRuntime, Runtime
from harness.core.finding import Verdict
from harness.core.lowering import Lowering
from harness.core.model import Model
from harness.core.names import RuntimeName
from harness.core.problem import CellProblem, Phase
from harness.core.progress import Tell
from harness.core.recipe import Recipe
from harness.core.signature import Signature
from harness.core.tensors import Tensors
from harness.core.weights import Weights
from harness.errors import ContractError, UnsupportedModel
from harness.pipeline.given_artifact import copy_given, provenance_of
from harness.pipeline.messages import (
    Begin,
    BuildItem,
    BuildRequest,
    Done,
    Emit,
    Event,
    Failed,
    Step,
    Unavailable,
    Unsupported,
)
from harness.pipeline.quantization_samples import chosen_samples
from harness.pipeline.transforming import Transformer
from harness.recipes.chain import parse_recipe
from harness.registries import exporters, given_files, models, runtimes
from harness.runtimes.options import choice_of
from harness.store.artifacts import ArtifactStore
from harness.worker.process import limited_words
from harness.worker.program import failed_at_import

EXAMPLE_SAMPLES = 2


def run_build_job(request: BuildRequest, emit: Emit) -> None:
    """Build every item of the request; one that fails is told and the next begins."""
    job = BuildJob(
        model=models.get(request.model),
        runtime=runtimes.get(request.runtime),
        store=ArtifactStore(Path(request.cache)),
        signature=request.signature,
        calibration=Tensors.load(Path(request.calibration)),
        provenance=request.provenance,
        tell=lambda step: emit(Step(title=f"{request.model}: {step}", phase=Phase.CONVERT)),
    )
    limited = limited_words(request.memory_limit_bytes)
    for item in request.items:
        emit(Begin(key=item.key, title=item.title, phase=Phase.CONVERT))
        try:
            job.build(item)
        except CellProblem as problem:
            emit(_event(item.key, problem, limited))
        else:
            emit(Done(key=item.key))


def _event(key: str, problem: CellProblem, limited: str) -> Event:
    match problem.verdict:
        case Verdict.UNAVAILABLE:
            return Unavailable(key=key, reason=problem.reason + limited)
        case Verdict.UNSUPPORTED:
            return Unsupported(key=key, reason=problem.reason)
    return Failed(key=key, phase=problem.phase or Phase.CONVERT, reason=problem.reason + limited)


class BuildJob:
    """One model and one runtime; what recipes make of the model, and its interchange files, are made once."""

    def __init__(
        self,
        *,
        model: Model,
        runtime: Runtime,
        store: ArtifactStore,
        signature: Signature,
        calibration: Tensors,
        provenance: Provenance,
        tell: Tell,
    ) -> None:
        self._model = model
        self._runtime = runtime
        self._store = store
        self._signature = signature
        self._calibration = calibration
        self._provenance = provenance
        self._example = calibration.example(EXAMPLE_SAMPLES)
        self._transformer = Transformer(model, signature, store, self._example, provenance, tell)

    def build(self, item: BuildItem) -> Artifact:
        """The artifact of *item*, made unless another process made it meanwhile.

        Raises:
            CellProblem: ``error(compress)`` or ``error(convert)``; ``unavailable`` where the tools can't be imported.
        """
        recipe, choice = parse_recipe(item.recipe), choice_of(RuntimeName.parse(item.runtime), self._runtime)
        with self._store.building(item.key) as staged:
            cached = self._store.find(item.key)
            if cached is not None:
                return cached
            if recipe.given:
                return self._given(recipe, item, staged)
            source = self._interchange(recipe, item)
            start = time.monotonic()
            try:
                wanted = Lowering(
                    precision=recipe.precision,
                    samples=chosen_samples(self._calibration, recipe.precision),
                    signature=self._signature,
                    provider=choice.provider.name,
                    options={
                        option.name: choice.options[option.name] for option in self._runtime.options if option.builds
                    },
                )
                lowered = self._runtime.lower(source.path, wanted, staged)
                weights = Weights.of(self._runtime.weights(lowered.main))
                return self._store.commit(
                    item.key,
                    staged,
                    str(lowered.main.relative_to(staged)),
                    weights,
                    replace(
                        source.provenance,
                        exporter="",
                        recipe=recipe.name,
                        runtime=self._runtime.name,
                        placement=lowered.placement,
                        built_with=choice.built_with,
                        interchange_sha256=source.sha256,
                        convert_seconds=round(time.monotonic() - start, 3),
                        details=lowered.details,
                    ),
                    unshipped=lowered.unshipped,
                )
            except Exception as err:  # the boundary of one artifact: its cells get the reason
                raise _problem_of(err, self._runtime.name) from err

    def _given(self, recipe: Recipe, item: BuildItem, staged: Path) -> Artifact:
        given = given_files.find(recipe.name, self._model.name, self._runtime.name)
        assert given is not None and isinstance(self._runtime, ReadingRuntime), "the plan leaves out other cells"
        try:
            main, adaptations = copy_given(given, self._runtime, self._signature, staged, item.file_sha256)
            weights = Weights.of(self._runtime.weights(main))
            provenance = provenance_of(given, self._provenance, adaptations, item.file_sha256)
            return self._store.commit(item.key, staged, main.name, weights, provenance)
        except ContractError as err:  # it names the file, and what is wrong with it
            raise CellProblem.error(Phase.CONVERT, str(err)) from err
        except Exception as err:  # the boundary of one artifact: its cells get the reason
            raise _problem_of(err, self._runtime.name, f"{given.file}: ") from err

    def _interchange(self, recipe: Recipe, item: BuildItem) -> Artifact:
        key = item.interchange_key
        with self._store.building(key) as staged:
            cached = self._store.find(key)
            if cached is not None:
                return cached
            model, steps = self._transformer.transformed(recipe.transforms, item.prefix_keys)
            exporter = exporters.find(self._model.framework, self._runtime.interchanges)
            assert exporter is not None, "the plan leaves out cells without an exporter"
            try:
                path = staged / f"model.{exporter.format}"
                macs = self._transformer.macs(model)
                main = exporter.export(model, self._signature, self._example, path)
                provenance = replace(self._provenance, exporter=exporter.name, steps=steps, macs=macs)
                return self._store.commit(key, staged, str(main.relative_to(staged)), Weights(), provenance)
            except Exception as err:  # the boundary of one artifact: its cells get the reason
                raise _problem_of(err, exporter.name, f"{exporter.name}: ") from err


def _problem_of(err: Exception, whose: str, prefix: str = "") -> CellProblem:
    """What ends an artifact: what a tool can't do is unsupported, one that is half installed unavailable, all else an error."""
    if isinstance(err, UnsupportedModel):
        return CellProblem(Verdict.UNSUPPORTED, str(err))
    traceback.print_exc()
    said = f"{type(err).__name__}: {err}"
    if failed_at_import(err):
        return CellProblem(Verdict.UNAVAILABLE, f"{whose} can't be imported: {said}")
    return CellProblem.error(Phase.CONVERT, f"{prefix}{said}")
