"""A cell's figure against its budget."""

from __future__ import annotations

import math

from harness.core.baseline import CellBaseline
from harness.core.figures import AGREEMENT
from harness.core.finding import BUDGET, Finding, Verdict
from harness.core.matrix import Case
from harness.core.metric import Companion, Metric
from harness.core.noise import NoiseProfile
from harness.core.problem import Phase
from harness.core.result import CellResult
from harness.core.timing import NOT_TIMED, Timings
from harness.judge.judged import Judged, error
from harness.judge.rules import RULES
from harness.judge.rules.judgement import Evidence
from harness.judge.words import say

WORDS = {
    Verdict.PASS: "within budget",
    Verdict.OVER_BUDGET: "over budget",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.REPORTED: "reported",
    Verdict.UNSUPPORTED: "unsupported",
    Verdict.ERROR: "error",
}
WITHOUT_COMPANION = {
    Companion.CONTROL: "has no control to be compared with",
    Companion.DRAWS: "draws no calibration samples",
}
"""What is said of a recipe that has no such others."""


def judge_budget(
    case: Case,
    result: CellResult,
    *,
    timed: Timings = NOT_TIMED,
    baseline: CellBaseline | None = None,
    noise: NoiseProfile | None = None,
) -> Finding:
    """The finding of *case* against its limit; ``reported`` without one, ``error`` without a usable figure.

    The *baseline* is only quoted in the sentence.
    """
    metric, cell = case.metric, case.cell
    timing = timed.own.of(metric.span) if timed.own is not None else None
    judged = _judged(Evidence(case=case, result=result, timing=timing, noise=noise))
    stored = (baseline or {}).get(metric.figure.name)
    below = judged.verdict is Verdict.OVER_BUDGET and not metric.at_most and not (case.limit and case.limit.of_errors)
    parts = [
        f"{metric.title} {'below its limit' if below else WORDS[judged.verdict]}: {cell.recipe} on {cell.runtime} {judged.sentence}"
    ]
    parts += [f"baseline {say(stored.value, metric.figure.written)}"] if stored else []
    parts += [f"limit {case.limit.text}"] if case.limit else []
    return Finding(
        cell=cell.id,
        metric=metric.name,
        against=BUDGET,
        verdict=judged.verdict,
        reason=", ".join(parts) + (f"; {judged.why}" if judged.why else ""),
        unit=judged.unit or ("ratio" if case.limit is not None and case.limit.of_errors else metric.unit),
        value=judged.value,
        n=judged.n,
        interval=judged.finite_interval,
        limit=case.limit.value if case.limit else None,
        reference=judged.reference,
        baseline=stored.value if stored else None,
        rung=judged.rung,
        notes=judged.notes,
        phase=Phase.MEASURE if judged.verdict is Verdict.ERROR else "",
    )


def _judged(evidence: Evidence) -> Judged:
    metric, cell = evidence.metric, evidence.case.cell
    rule = RULES[metric.rule]
    figure = evidence.result.measurements.get(metric.figure.name)
    if figure is None and metric.relative and cell.is_reference:
        return Judged(verdict=Verdict.REPORTED, sentence="is the reference")
    if rule.needs_figure:
        if figure is None and evidence.limit is None and metric.companion is not None:
            return Judged(verdict=Verdict.REPORTED, sentence=WITHOUT_COMPANION[metric.companion])
        meaningless = _why_meaningless(metric, evidence.result) if figure is None else ""
        if meaningless:
            return Judged(verdict=Verdict.UNSUPPORTED, sentence=f"has none, {meaningless}")
        if figure is None or not math.isfinite(figure.value):
            state = "was not measured" if figure is None else f"is {figure.value}"
            return error(f"has no figure: {metric.figure.name} {state}")
    return rule.judge(evidence)


def _why_meaningless(metric: Metric, result: CellResult) -> str:
    """Why there can be no such figure of this task; empty when there should be one."""
    if result.samples is None:
        return ""
    if metric.per_sample and not result.samples.per_sample:
        return "its task metric says of no sample that it is right or wrong"
    if metric.figure is AGREEMENT and not result.samples.predicted:
        return "its outputs are no scores of classes"
    return ""
