"""The reference of each model: measured anew in every run, in a process of its own."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.core.names import LOCAL
from harness.core.problem import CellProblem, Phase
from harness.core.progress import Tell
from harness.core.signature import Signature
from harness.core.tally import Tally
from harness.core.tensors import Tensors
from harness.pipeline.jobs import run_until_done
from harness.pipeline.messages import Begin, Done, Event, ReferenceItem, ReferenceRequest
from harness.pipeline.replay import import_path, user_sources
from harness.pipeline.settings import Settings
from harness.registries import models, targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The float model as trained: its hashes, and where its evaluation data and outputs lie."""

    model: str
    folder: Path
    weights_sha256: str
    fingerprint: str
    """Changes with the weights and with what the model computes."""
    dataset_sha256: str
    calibration_sha256: str
    train_sha256: str
    """Empty without a training split."""
    student_fingerprint: str
    """Of the untrained student; empty without one."""
    signature: Signature
    """What it takes and gives, with the lengths of its samples."""
    file_sha256: str = ""
    """Of the file that it is; empty of a model that a function makes."""
    age_s: float | None = None
    """Of its outputs where an earlier run made them."""

    def load(self, name: str) -> Tensors:
        """``inputs`` or ``labels`` of the evaluation set, or the ``calibration`` inputs."""
        return Tensors.load(self.folder / name)

    def tally(self) -> Tally:
        """What the float model's outputs on the evaluation set come to."""
        return _tally_in(self.folder / "tally")


@functools.lru_cache(maxsize=8)
def _tally_in(folder: Path) -> Tally:
    return Tally.load(folder)


def make_references(
    names: Iterable[str], settings: Settings, tell: Tell
) -> tuple[dict[str, Reference], dict[str, CellProblem]]:
    """Evaluate the float models called *names*; returns references and, for those that failed, why."""
    references: dict[str, Reference] = {}
    problems: dict[str, CellProblem] = {}
    by_framework: dict[str, list[str]] = {}
    for name in sorted(names):
        by_framework.setdefault(models.get(name).framework, []).append(name)
    with ThreadPoolExecutor(max_workers=max(1, settings.jobs)) as pool:
        evaluated = [
            pool.submit(_evaluate, framework, wanted, settings, tell, references)
            for framework, wanted in by_framework.items()
        ]
        for one in evaluated:
            problems |= one.result()
    return references, problems


def _evaluate(
    framework: str, wanted: Sequence[str], settings: Settings, tell: Tell, references: dict[str, Reference]
) -> dict[str, CellProblem]:
    """Evaluate *wanted*, all of one framework, into *references*; returns what went wrong."""
    folders = {name: settings.scratch / "references" / name for name in wanted}
    begun = 0

    def listen(event: Event) -> None:
        nonlocal begun
        match event:
            case Begin():
                begun += 1
                tell(f"reference {begun}/{len(wanted)}: {event.title} in {framework}")
            case Done(key=name, facts=facts) if facts is not None:
                references[name] = Reference(model=name, folder=folders[name], **msgspec.structs.asdict(facts))
                if facts.file_sha256:
                    tell(f"reference {name}: {models.get(name).file} {facts.signature.describe()}")
            case _:
                pass

    def request_of(names: Sequence[str]) -> ReferenceRequest:
        return ReferenceRequest(
            sources=user_sources(),
            import_path=import_path(),
            memory_limit_bytes=settings.memory_limit_bytes,
            cache=str(settings.cache),
            reuse_s=settings.reuse_s,
            hardware=targets.get(LOCAL).hardware(),
            items=tuple(ReferenceItem(model=name, folder=str(folders[name])) for name in names),
        )

    log = settings.scratch / f"reference-{framework}.log"
    return run_until_done(wanted, request_of, log=log, settings=settings, listen=listen, phase=Phase.MODEL)
