"""A cell's figure against its budget."""

from __future__ import annotations

import math

from harness.core.baseline import CellBaseline
from harness.core.finding import BUDGET, Finding, Verdict
from harness.core.limits import Limit
from harness.core.matrix import Case
from harness.core.metrics import Beside, Rule, Stage
from harness.core.noise import NoiseProfile
from harness.core.result import CellResult
from harness.core.timing import NOT_TIMED, Timings
from harness.judge.accuracy import judge_drop, judge_gain, judge_proportion, judge_worst_class
from harness.judge.audit import placement_remark, size_remark
from harness.judge.judged import Judged, error
from harness.judge.limit import judge_exact
from harness.judge.times import judge_time
from harness.judge.words import say

WORDS = {
    Verdict.PASS: "within budget",
    Verdict.OVER_BUDGET: "over budget",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.REPORTED: "reported",
    Verdict.ERROR: "error",
}


def judge_budget(
    case: Case,
    result: CellResult,
    *,
    timed: Timings = NOT_TIMED,
    baseline: CellBaseline | None = None,
    noise: NoiseProfile | None = None,
) -> Finding:
    """The finding of *case* against its limit; ``reported`` without one, ``error`` without a usable figure.

    The *baseline* decides nothing here; a stored figure is told beside today's.
    """
    metric, cell = case.metric, case.cell
    judged = _judged(case, result, case.limit, timed, noise)
    stored = (baseline or {}).get(metric.figure)
    parts = [f"{metric.title} {WORDS[judged.verdict]}: {cell.recipe} on {cell.runtime} {judged.sentence}"]
    parts += (
        [f"baseline {say(stored.value, 'points' if metric.rule is Rule.PAIRED_DROP else stored.unit)}"]
        if stored
        else []
    )
    parts += [f"limit {case.limit.text}"] if case.limit else []
    return Finding(
        cell=cell.id,
        metric=metric.name,
        against=BUDGET,
        verdict=judged.verdict,
        reason=", ".join(parts) + (f"; {judged.why}" if judged.why else ""),
        unit="ratio" if case.limit is not None and case.limit.of_errors else metric.unit,
        value=judged.value,
        n=judged.n,
        interval=judged.finite_interval,
        limit=case.limit.value if case.limit else None,
        reference=judged.reference,
        baseline=stored.value if stored else None,
        rung=judged.rung,
        notes=judged.notes,
        stage="measure" if judged.verdict is Verdict.ERROR else "",
    )


def _judged(case: Case, result: CellResult, limit: Limit | None, timed: Timings, noise: NoiseProfile | None) -> Judged:
    metric, cell = case.metric, case.cell
    figure = result.measurements.get(metric.figure)
    if figure is None and metric.relative and cell.is_reference:
        return Judged(verdict=Verdict.REPORTED, sentence="is the reference")
    if metric.rule is Rule.WORST_CLASS:
        return judge_worst_class(case, result, limit)
    if metric.rule is Rule.PAIRED_GAIN:
        return judge_gain(case, result, limit)
    if figure is None and limit is None and metric.beside is Beside.DRAWS:  # there was nothing to draw
        return Judged(verdict=Verdict.REPORTED, sentence="draws no calibration samples")
    if figure is None or not math.isfinite(figure.value):
        return error(f"has no figure: {metric.figure} {'was not measured' if figure is None else f'is {figure.value}'}")
    if metric.stage is Stage.TIMING:
        return judge_time(case, result, limit, timed.own, noise)
    if metric.rule is Rule.PAIRED_DROP:
        return judge_drop(case, result, limit)
    if metric.rule is Rule.PROPORTION:
        return judge_proportion(case, result, limit)
    verdict = Verdict.REPORTED if limit is None else judge_exact(figure.value, limit.value, at_most=metric.at_most)
    remarks = {"size_ratio": size_remark, "placement": placement_remark}
    remark = remarks[metric.name](result) if metric.name in remarks else ""
    above = result.measurements.get(metric.numerator)
    if above is None or not figure.value > 0:
        sentence = f"has {say(figure.value, figure.unit)}"
        return Judged(verdict=verdict, sentence=sentence, value=figure.value, n=figure.n, why=remark)
    reference = above.value / figure.value
    sentence = (
        f"takes {say(figure.value, 'ratio')} fp32's ({say(above.value, above.unit)} of {say(reference, above.unit)})"
    )
    return Judged(verdict=verdict, sentence=sentence, value=figure.value, n=figure.n, reference=reference, why=remark)
