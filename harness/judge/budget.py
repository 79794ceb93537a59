"""A cell's figure against its budget."""

from __future__ import annotations

import math
from dataclasses import replace

from harness.core.finding import BUDGET, Finding, Verdict
from harness.core.matrix import Case
from harness.core.measurement import Interval, Measurement
from harness.core.metrics import Rule
from harness.core.result import CellResult
from harness.judge.latency import Look
from harness.judge.latency import look as take_look
from harness.judge.limit import judge_exact, judge_interval
from harness.judge.words import say, say_interval, say_undecided
from harness.stats.paired_drop import Flips, drop_interval

ONE_SIDED_95 = 1.6448536269514722

WORDS = {
    Verdict.PASS: "within budget",
    Verdict.OVER_BUDGET: "over budget",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.REPORTED: "reported",
    Verdict.ERROR: "error",
}


def judge_budget(case: Case, result: CellResult, look: Look | None) -> Finding:
    """The finding of *case* against its limit; ``reported`` without one, ``error`` without a usable figure."""
    return replace(_judged(case, result, look), reference=_reference(case, result))


def _reference(case: Case, result: CellResult) -> float | None:
    """What the figure is compared with: the reference's accuracy, or the reference artifact's bytes or ns."""
    metric = case.metric
    if metric.rule is Rule.PAIRED_DROP:
        accuracy, drop = result.measurements.get("accuracy_fraction"), result.measurements.get(metric.figure)
        return accuracy.value + drop.value if accuracy is not None and drop is not None else None
    above, ratio = result.measurements.get(metric.numerator), result.measurements.get(metric.figure)
    if above is None or ratio is None or not ratio.value > 0:
        return None
    return above.value / ratio.value


def _judged(case: Case, result: CellResult, look: Look | None) -> Finding:
    metric, cell = case.metric, case.cell
    figure = result.measurements.get(metric.figure)
    if figure is None and metric.relative and cell.is_reference:
        return _finding(case, Verdict.REPORTED, None, None, None, f"{cell.recipe} on {cell.runtime} is the reference")
    if figure is None or not math.isfinite(figure.value):
        told = "was not measured" if figure is None else f"is {figure.value}"
        return _finding(case, Verdict.ERROR, None, None, None, f"{metric.figure} {told}")
    interval, flips, remark = figure.interval, None, ""
    if metric.rule is Rule.PAIRED_DROP:
        flips = _flips(result)
        if flips is None:
            return _finding(case, Verdict.ERROR, figure, None, None, "flips were not counted")
        interval = drop_interval(flips, ONE_SIDED_95)
        remark = f"; {flips.negative} samples lost, {flips.positive} won"
    if case.limit is None:
        return _finding(case, Verdict.REPORTED, figure, interval, None, _sentence(case, figure, interval, remark))
    limit = case.limit.value
    if metric.rule is Rule.EXACT:
        verdict = judge_exact(figure.value, limit, at_most=metric.at_most)
    elif interval is None:
        told = f"{metric.figure} has no interval, so nothing can be concluded from it"
        return _finding(case, Verdict.ERROR, figure, None, limit, told)
    elif metric.relative and look is not None:
        # The look that ended the measuring was taken at the run's limit for the cell; this case's may be another.
        taken = take_look(look.evidence, limit)
        verdict = taken.verdict
        remark += f"; {taken.reason}" if taken.reason else ""
    else:
        verdict = judge_interval(interval, limit, at_most=metric.at_most)
    if verdict is Verdict.INCONCLUSIVE and flips is not None:
        remark += f"; {say_undecided(flips, limit)}"
    sentence = _sentence(case, figure, interval, f", limit {case.limit.text}{remark}")
    return _finding(case, verdict, figure, interval, limit, sentence)


def _flips(result: CellResult) -> Flips | None:
    negative, positive = (result.measurements.get(f"{side}_flips_count") for side in ("negative", "positive"))
    if negative is None or positive is None:
        return None
    return Flips(n=negative.n, negative=int(negative.value), positive=int(positive.value))


def _sentence(case: Case, figure: Measurement, interval: Interval | None, tail: str) -> str:
    unit = "points" if case.metric.rule is Rule.PAIRED_DROP else figure.unit
    shown = f" {say_interval(interval, unit)}" if interval is not None else ""
    than = " of fp32's" if case.metric.relative else ""
    count = f" (n = {figure.n})" if figure.n > 1 else ""
    return f"{case.cell.recipe} on {case.cell.runtime}: {say(figure.value, unit)}{than}{shown}{count}{tail}"


def _finding(
    case: Case,
    verdict: Verdict,
    figure: Measurement | None,
    interval: Interval | None,
    limit: float | None,
    sentence: str,
) -> Finding:
    return Finding(
        cell=case.cell.id,
        metric=case.metric.name,
        against=BUDGET,
        verdict=verdict,
        reason=f"{case.metric.name} {WORDS[verdict]}: {sentence}",
        unit=case.metric.unit,
        value=figure.value if figure else None,
        n=figure.n if figure else None,
        interval=interval,
        limit=limit,
        stage="measure" if verdict is Verdict.ERROR else "",
    )
