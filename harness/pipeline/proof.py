"""Whether every engine here really builds and runs a small model; for ``edge-harness doctor --run``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.core.figures import OUTPUT_ERROR
from harness.core.finding import Finding, Verdict
from harness.core.limits import Limit
from harness.core.matrix import ALL_OPERATORS, Case
from harness.core.metrics import metric_named
from harness.core.names import Cell
from harness.core.progress import Tell
from harness.judge.case import worst
from harness.pipeline.run import Run
from harness.pipeline.settings import Settings, default_cache
from harness.registries import exporters, runtimes
from harness.store.scratch import scratch_folder

MODELS = {"torch": "digits_cnn", "keras": "digits_keras_cnn"}
"""The smallest one of each framework."""
PARITY = Limit(value=1e-3, text="0.001 abs", unit="abs")
"""Ten times what the CPU engines are held to: a GPU computes in another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of one cell."""

    cell: Cell
    status: str
    detail: str
    """Error against the reference and placement, or why it does not run."""
    broken: bool


def prove_all(tell: Tell) -> Iterator[Proof]:
    """Try the float model on every provider of every runtime, each in processes of its own."""
    with scratch_folder() as scratch:
        run = Run(Settings(cache=default_cache(), scratch=scratch), lambda case: {}, tell)
        cases = [_case(cell) for cell in _cells()]
        run.prepare(cases)
        for case in cases:
            yield _proof(case, run.judge(case), run)


def _cells() -> Iterator[Cell]:
    for runtime in runtimes:
        for framework, model in MODELS.items():
            if exporters.find(framework, runtime.interchanges) is not None:
                for provider in runtime.providers:
                    yield Cell(model=model, recipe="fp32", runtime=f"{runtime.name}:{provider.name}")


def _case(cell: Cell) -> Case:
    return Case(
        suite="doctor",
        cell=cell,
        metric=metric_named("output_error"),
        limit=PARITY,
        change_limit=None,
        baseline=False,
        placement=ALL_OPERATORS,
    )


def _proof(case: Case, findings: list[Finding], run: Run) -> Proof:
    finding = worst(findings)
    result = run.results[case.cell]
    operators = result.placement.operators if result.placement else {}
    placement = ", ".join(f"{sum(counts.values())} operators on {name}" for name, counts in operators.items() if counts)
    error = result.measurements.get(OUTPUT_ERROR.name)
    good = finding.verdict is Verdict.PASS
    return Proof(
        cell=case.cell,
        status="runs" if good else str(finding.verdict),
        detail=f"{error.value:.2g}; {placement}" if good and error is not None else finding.reason,
        broken=not good and finding.verdict not in (Verdict.UNAVAILABLE, Verdict.UNSUPPORTED),
    )
