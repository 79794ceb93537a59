"""Outputs block by block: looked through, handed to the task metric, and kept only as far as they are small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.core.tally import Tally
from harness.core.task_metric import Kind, TaskMetric
from harness.core.tensors import Array, Tensors
from harness.meters.accuracy import class_scores, correctness
from harness.meters.distance import check_alike
from harness.meters.quality import contributions

KEPT_BYTES = 128 * 2**20
"""Of outputs that are kept of each side. Where there are more, those of some samples are: outputs are compared by them."""
LEAST_KEPT = 2
"""Samples whose outputs are kept, however large one is: of one alone nothing can be said of constant outputs."""


def kept_numbers(n: int, bytes_per_sample: float) -> Array:
    """Which of *n* samples' outputs are kept, int64, spread evenly over them."""
    count = min(n, max(LEAST_KEPT, int(KEPT_BYTES // max(bytes_per_sample, 1))))
    return np.unique(np.linspace(0, n - 1, count).astype(np.int64)) if count < n else np.arange(n)


class Tallier:
    """Takes the outputs for an evaluation set as they come, in any order of blocks, and says what they come to."""

    def __init__(self, metric: TaskMetric, labels: Tensors, reference: Tally | None = None) -> None:
        """Begin.

        Args:
            metric: the task metric.
            labels: of all samples.
            reference: of the float model, which says whose outputs are kept; None: these are the float model's.
        """
        self._metric = metric
        self._labels = labels
        self._reference = reference
        self._numbers = reference.numbers if reference is not None else None
        self._kept: dict[int, Tensors] = {}
        self._added: dict[int, Tensors] = {}
        self._predicted: dict[int, Array] = {}
        self._classes: set[int] = set()
        self._bad: dict[str, list[int]] = {}
        self._seen = 0
        self._problem = ""

    def add(self, start: int, outputs: Tensors) -> None:
        """Take *outputs* of the samples from *start* on.

        Raises:
            ValueError: the task metric failed on them; of the float model that is kept for the tally to tell.
        """
        count = len(outputs)
        if self._numbers is None:
            self._numbers = kept_numbers(len(self._labels), outputs.nbytes / max(count, 1))
        self._seen += count
        for name, values in outputs.items():
            self._bad.setdefault(name, []).extend(
                start + number for number, sample in enumerate(values) if not np.isfinite(sample).all()
            )
        scores = class_scores(outputs)
        self._classes.add(0 if scores is None else scores.shape[1])
        if scores is not None:
            self._predicted[start] = scores.argmax(axis=1)
        places = self._numbers[(self._numbers >= start) & (self._numbers < start + count)] - start
        if len(places):
            self._kept[start] = outputs if len(places) == count else outputs.take(places)
        if self._at_once and not self._problem and not any(self._bad.values()):
            self._compute(start, outputs, self._labels.take(slice(start, start + count)))

    def tally(self) -> Tally:
        """What all of them come to.

        Raises:
            ValueError: there is not a finite output for each label, or the task metric failed on an artifact's.
        """
        self._check()
        assert self._numbers is not None, "there are outputs"
        outputs = _joined(self._kept)
        if self._reference is not None:
            check_alike(outputs, self._reference.outputs)
        if self._metric.kind is Kind.SCORE and self._metric.combine is None and not self._whole:
            self._fail(
                f"score {self._metric.name!r} needs the outputs of all samples at one time, and they are larger than "
                f"{KEPT_BYTES / 2**20:.0f} MiB; say what each sample adds: @harness.score(of=...)"
            )
        elif (self._whole or self._metric.of_reference) and self._metric.in_blocks:
            known = self._reference.outputs if self._reference is not None else outputs
            labels = self._labels if self._whole else self._labels.take(self._numbers)
            self._compute(0, outputs, known if self._metric.of_reference else labels)
        alike = len(self._classes) == 1
        return Tally(
            n=self._seen,
            numbers=self._numbers,
            outputs=outputs,
            added=_joined(self._added) if self._added and not self._problem else None,
            classes=next(iter(self._classes)) if alike else 0,
            predicted=np.concatenate(_in_order(self._predicted)) if alike and self._predicted else None,
            problem=self._problem,
        )

    @property
    def _whole(self) -> bool:
        return self._numbers is not None and len(self._numbers) == len(self._labels)

    @property
    def _at_once(self) -> bool:
        """Whether the task metric sees a block as it comes: nothing else is left of it."""
        return not self._whole and self._metric.in_blocks and not self._metric.of_reference

    def _compute(self, start: int, outputs: Tensors, known: Tensors) -> None:
        """Hand *outputs* with what is *known* of their samples to the task metric."""
        plain = outputs.plain(), known.plain()
        try:
            if self._metric.kind is Kind.OUTCOME:
                added = Tensors({"": correctness(self._metric.compute, *plain, self._metric.name)})
            else:
                added = contributions(self._metric, *plain, len(outputs))
        except ValueError as err:
            self._fail(str(err))
        else:
            self._added[start] = added

    def _fail(self, problem: str) -> None:
        if self._reference is not None:
            raise ValueError(problem)
        self._problem = problem

    def _check(self) -> None:
        if self._seen != len(self._labels):
            raise ValueError(f"{self._seen} outputs for {len(self._labels)} labels")
        if not self._seen:
            raise ValueError("there is no sample to evaluate")
        for name, numbers in self._bad.items():
            if numbers:
                which = f"output {name!r} holds" if len(self._bad) > 1 else "outputs hold"
                raise ValueError(
                    f"{which} NaN or infinity in {len(numbers)} of {self._seen} samples, the first is sample {min(numbers)}"
                )


def _joined(parts: dict[int, Tensors]) -> Tensors:
    return next(iter(parts.values())) if len(parts) == 1 else Tensors.joined(_in_order(parts))


def _in_order(parts: dict[int, Any]) -> Sequence[Any]:
    return [parts[start] for start in sorted(parts)]
