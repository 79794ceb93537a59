"""In a build process: models after each step of their recipes, every prefix of a chain cached."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.artifact import Provenance, StepRecord
from harness.core.data import Split
from harness.core.model import Model
from harness.core.problem import CellProblem, Phase
from harness.core.progress import Tell
from harness.core.recipe import Step
from harness.core.signature import Signature
from harness.core.tensors import Array, Tensors
from harness.core.weights import Weights
from harness.core.work import Work
from harness.errors import ContractError
from harness.pipeline.blame import blaming, described
from harness.pipeline.opened_file import check_unchanged
from harness.registries import datasets, frameworks
from harness.store.artifacts import ArtifactStore

SEED = 0
BASE_MODEL, BASE_STUDENT = "model", "student"


class Transformer:
    """One float model and what recipes make of it."""

    def __init__(
        self,
        model: Model,
        signature: Signature,
        store: ArtifactStore,
        example: Mapping[str, Array],
        provenance: Provenance,
        tell: Tell,
    ) -> None:
        self._model = model
        self._framework = frameworks.get(model.framework)
        self._signature = signature
        self._store = store
        self._example = example
        self._provenance = provenance
        self._tell = tell
        self._built: Any = None
        self._train: Split | None = None

    def transformed(self, steps: Sequence[Step], keys: Sequence[str]) -> tuple[Any, tuple[StepRecord, ...]]:
        """The model after *steps*, from the longest prefix that is kept, and a record of each step.

        Args:
            steps: transforms in order.
            keys: where the model after each step lies in the store.

        Raises:
            CellProblem: ``error(model)`` or ``error(compress)``.
        """
        if not steps:
            return self._another(), ()
        key = keys[len(steps) - 1]
        # Another process may be at the same step for another runtime: it is waited for, not repeated.
        with self._store.building(key) as staged:
            cached = self._store.find(key)
            if cached is not None:
                return self._restored(cached.path), cached.provenance.steps
            model, earlier = self.transformed(steps[:-1], keys)
            model, record = self._applied(steps[-1], model)
            main, why_not = self._kept(model, staged)
            if main:
                self._store.commit(key, staged, main, Weights(), replace(self._provenance, steps=(*earlier, record)))
            else:
                record = replace(record, notes=(*record.notes, f"made again for every chain that begins so: {why_not}"))
            return model, (*earlier, record)

    def macs(self, model: Any) -> int | None:
        """Multiply-accumulates of one inference; None where the framework can't count them."""
        return self._framework.macs(model, {name: values[:1] for name, values in self._example.items()})

    def _another(self) -> Any:
        """The float model built anew, for whoever changes it: not every framework's models can be copied."""
        with blaming(Phase.MODEL):
            built = self._framework.build(self._model.build, SEED)
            check_unchanged(self._model, self._provenance.file_sha256)
            return built

    def _float_model(self) -> Any:
        """The float model to look at, built once."""
        if self._built is None:
            self._built = self._another()
        return self._built

    def _student(self) -> Any:
        assert self._model.student is not None, "asked for only where there is one"
        return self._framework.build(self._model.student, SEED)

    def _bases(self) -> dict[str, Any]:
        bases = {BASE_MODEL: self._float_model()}
        return bases if self._model.student is None else {**bases, BASE_STUDENT: self._student()}

    def _restored(self, kept: Path) -> Any:
        return self._framework.restore(kept, {BASE_MODEL: self._another, BASE_STUDENT: self._student})

    def _kept(self, model: Any, folder: Path) -> tuple[str, str]:
        """The main file of *model* in *folder*, or why it can't be kept: a step may change more than can be written."""
        try:
            main = self._framework.keep(model, self._bases(), folder)
            if not main:
                return "", "it has layers that can't be written down"
            again = self._outputs(self._restored(folder / main))
        except CellProblem:
            raise
        except Exception as err:  # the boundary of keeping: the model itself is whole, and its provenance says why
            traceback.print_exc()
            return "", f"{type(err).__name__}: {err}"
        wanted = self._outputs(model)
        same = all(np.array_equal(again[name], wanted[name]) for name in wanted)
        return (main, "") if same else ("", "what was written down computes something else")

    def _applied(self, step: Step, model: Any) -> tuple[Any, StepRecord]:
        """*model* after *step*, checked, and the record of the step."""
        self._tell(step.name)
        work = Work(
            step=step.name,
            model=self._model.name,
            example=Tensors(self._example).plain(),
            seed=SEED,
            load_train=partial(self._train_split, step) if step.trains else None,
            build_student=self._model.student if step.replaces else None,
        )
        start = time.monotonic()
        assert step.transform is not None
        try:
            transformed = step.transform(model, **dict(step.parameters), **({"work": work} if step.takes_work else {}))
            self._check(transformed, step)
        except CellProblem:
            raise
        except Exception as err:  # the boundary of one step: its cells get the reason
            traceback.print_exc()
            raise CellProblem.error(Phase.COMPRESS, f"step {step.name!r}: {described(err)}") from err
        seconds = round(time.monotonic() - start, 3)
        return transformed, StepRecord(name=step.name, seconds=seconds, epochs=work.epochs, notes=tuple(work.notes))

    def _check(self, transformed: Any, step: Step) -> None:
        for name, values in self._framework.state(transformed).items():
            if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
                raise CellProblem.error(Phase.COMPRESS, f"step {step.name!r} left NaN or infinity in {name!r}")
        wanted, given = self._outputs(self._float_model()), self._outputs(transformed)
        for name in wanted:
            if given[name].shape != wanted[name].shape:
                which = "the outputs" if len(wanted) == 1 else f"output {name!r}"
                raise ContractError(
                    f"it changed {which} for {len(wanted[name])} samples from shape {wanted[name].shape} to "
                    f"{given[name].shape}; a step must keep them"
                )

    def _outputs(self, model: Any) -> dict[str, Array]:
        """What *model* gives for the example."""
        samples = len(next(iter(self._example.values())))
        return self._signature.named(self._framework.predict(model, self._example), samples)

    def _train_split(self, step: Step) -> Split:
        if self._train is None:
            with blaming(Phase.DATA):
                data = datasets.get(self._model.dataset).loaded()
            if data.train is None:
                raise ContractError(
                    f"it trains, and data set {self._model.dataset!r} has no train split: give DataSet(train=...)"
                )
            self._train = data.train
        return self._train
