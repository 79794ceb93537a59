"""The engine without pytest: register what a user would, run cases, see every line of progress."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fakes.project import conftest
from fakes.registries import only_shipped

from harness.core.finding import Finding
from harness.core.matrix import Case, Matrix
from harness.core.metrics import metric_named
from harness.pipeline.run import Run
from harness.pipeline.settings import Settings

Found = dict[tuple[str, str], list[Finding]]


def cases(
    *metrics: str,
    models: Sequence[str] = ("linear",),
    recipes: Sequence[str] = ("fp32", "int8_static"),
    runtimes: Sequence[str] = ("fakert",),
    budgets: Iterable[tuple[str, Mapping[str, str]]] | None = None,
    required: Sequence[str] = (),
    targets: Sequence[str] = ("local",),
) -> list[Case]:
    """A matrix's cases, without baselines; only reported unless *budgets* say more."""
    rows = list(budgets) if budgets is not None else [("*", dict.fromkeys(metrics, "report"))]
    matrix = Matrix.parse(
        models=list(models),
        recipes=list(recipes),
        runtimes=list(runtimes),
        targets=list(targets),
        budgets=rows,
        required=list(required),
        baseline=False,
    )
    return [matrix.case("s", cell, metric_named(metric)) for metric in metrics for cell in matrix.cells()]


class Lab:
    """A folder with a cache, a registering module, and the lines that runs told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.lines: list[str] = []
        self._runs = 0

    def write(self, name: str, text: str) -> Path:
        """Write *text* to the file *name*."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def register(self, *more: str, name: str = "registering.py") -> Path:
        """Write a module that registers the fakes and *more*, and load it as pytest loads a ``conftest.py``."""
        path = self.write(name, conftest(*more))
        load(path)
        return path

    def run(self, **settings: Any) -> Run:
        """A new run on this lab's cache, with its lines in ``lines``."""
        self._runs += 1
        self.lines = []
        scratch = self.folder / f"scratch{self._runs}"
        return Run(Settings(cache=self.cache, scratch=scratch, **settings), lambda case: {}, self.lines.append)

    def judge(self, wanted: Iterable[Case], **settings: Any) -> Found:
        """All findings of *wanted* in a new run, by cell and metric."""
        wanted = list(wanted)
        run = self.run(**settings)
        run.prepare(wanted)
        return {(case.cell.id, case.metric.name): run.judge(case) for case in wanted}

    def built(self) -> list[str]:
        """What the last run built."""
        return sorted(line.partition(": ")[2] for line in self.lines if line.startswith("build "))


def load(path: Path) -> None:
    """Run the file *path* as a module."""
    name = f"loaded_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


@contextmanager
def lab(folder: Path) -> Iterator[Lab]:
    """A lab with registries of its own."""
    with only_shipped():
        yield Lab(folder)
