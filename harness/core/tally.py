"""What the outputs of one side on an evaluation set come to: what the task metric keeps of each sample, and some outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.core.tensors import Array, Tensors, arrays_sha256

CARD = "tally.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """Of the float model or of an artifact; large enough outputs are looked at once and not kept."""

    n: int
    """Samples that were looked at."""
    numbers: Array
    """Which samples' outputs are kept, int64, in order: all of them where they are small."""
    outputs: Tensors
    """Of these samples."""
    added: Tensors | None = None
    """What each sample adds to the task metric: right or wrong, a number, a contribution; None of a score of everything at
    once. Of a metric that compares with the float model's outputs only the kept samples add something."""
    classes: int = 0
    """Classes that outputs are scores of; 0 where they are none."""
    predicted: Array | None = None
    """The class with the largest score, int64 of shape (n,)."""
    problem: str = ""
    """Why the task metric could not be computed."""

    @property
    def whole(self) -> bool:
        """Whether the outputs of all samples are kept."""
        return len(self.numbers) == self.n

    def save(self, folder: Path) -> None:
        """Write it into *folder*, as ``load`` reads it."""
        folder.mkdir(parents=True, exist_ok=True)
        self.outputs.save(folder / "outputs")
        np.save(folder / "numbers.npy", self.numbers, allow_pickle=False)
        if self.added is not None:
            self.added.save(folder / "added")
        if self.predicted is not None:
            np.save(folder / "predicted.npy", self.predicted, allow_pickle=False)
        card = {"n": self.n, "classes": self.classes, "problem": self.problem, "sha256": self._sha256()}
        (folder / CARD).write_text(json.dumps(card), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Tally:
        """What ``save`` wrote into *folder*; outputs stay on the disk until they are looked at.

        Raises:
            OSError, ValueError, KeyError, TypeError: it is not there, or not as it was written.
        """
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        predicted = folder / "predicted.npy"
        tally = cls(
            n=int(card["n"]),
            numbers=np.load(folder / "numbers.npy", allow_pickle=False),
            outputs=Tensors.load(folder / "outputs"),
            added=Tensors.load(folder / "added") if (folder / "added").is_dir() else None,
            classes=int(card["classes"]),
            predicted=np.load(predicted, allow_pickle=False) if predicted.exists() else None,
            problem=str(card["problem"]),
        )
        if tally._sha256() != card["sha256"]:
            raise ValueError(f"{folder} holds something else than was written")
        return tally

    def _sha256(self) -> str:
        arrays = [self.numbers, *self.outputs.arrays()]
        if self.added is not None:
            arrays += self.added.arrays()
        if self.predicted is not None:
            arrays.append(self.predicted)
        return arrays_sha256(*arrays)
