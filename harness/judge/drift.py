"""A cell's figure against its baseline."""

from __future__ import annotations

import math

from harness.core.baseline import CellBaseline
from harness.core.finding import BASELINE, Finding, Verdict
from harness.core.matrix import Case
from harness.core.metric import Change
from harness.core.noise import NoiseProfile
from harness.core.problem import Phase
from harness.core.recipe import FLOAT, Precision
from harness.core.result import CellResult
from harness.core.timing import NOT_TIMED, Timings
from harness.judge.changes import CHANGE_RULES
from harness.judge.changes.judgement import Moved
from harness.judge.comparable import elsewhere
from harness.judge.judged import Judged, error

WORDS = {
    Verdict.PASS: "held against baseline",
    Verdict.REGRESSED: "regressed against baseline",
    Verdict.INCONCLUSIVE: "inconclusive against baseline",
    Verdict.REPORTED: "reported against baseline",
    Verdict.NO_BASELINE: "without baseline",
    Verdict.INCOMPARABLE: "incomparable with baseline",
    Verdict.BELOW_NOISE_FLOOR: "below the noise floor against baseline",
    Verdict.ERROR: "error against baseline",
}


def judge_drift(
    case: Case,
    result: CellResult,
    baseline: CellBaseline,
    *,
    precision: Precision = FLOAT,
    timed: Timings = NOT_TIMED,
    noise: NoiseProfile | None = None,
) -> Finding | None:
    """The finding of *case* against its baseline; None when this metric or suite has none to be held to.

    *precision* is what the recipe asks of the runtime's quantizer.
    """
    change, limit = case.metric.change, case.change_limit
    if change is None or not case.baseline:
        return None
    stored = baseline.get(change.figure.name)
    if limit is None and stored is None:
        return None
    judged = _judged(case, result, change, baseline, precision, timed, noise)
    sentence = (
        f"{case.metric.title} {WORDS[judged.verdict]}: {case.cell.recipe} on {case.cell.runtime} {judged.sentence}"
    )
    if limit is not None and judged.verdict not in (Verdict.NO_BASELINE, Verdict.INCOMPARABLE, Verdict.ERROR):
        sentence += f", allowed {limit.text}"
    sentence += f"; {judged.why}" if judged.why else ""
    apart = elsewhere(stored.environment, result.environment) if stored else ""
    figure = result.measurements.get(change.figure.name)
    return Finding(
        cell=case.cell.id,
        metric=case.metric.name,
        against=BASELINE,
        verdict=judged.verdict,
        reason=f"{sentence}; {apart}" if apart and judged.verdict is not Verdict.INCOMPARABLE else sentence,
        unit=CHANGE_RULES[change.rule].unit or (figure.unit if figure else ""),
        value=judged.value,
        n=judged.n,
        baseline=judged.baseline if judged.baseline is not None else stored.value if stored else None,
        limit=limit.value if limit else None,
        interval=judged.finite_interval,
        rung=judged.rung,
        phase=Phase.MEASURE if judged.verdict is Verdict.ERROR else "",
        notes=judged.notes,
    )


def _judged(
    case: Case,
    result: CellResult,
    change: Change,
    baseline: CellBaseline,
    precision: Precision,
    timed: Timings,
    noise: NoiseProfile | None,
) -> Judged:
    name, rule = change.figure.name, CHANGE_RULES[change.rule]
    figure, stored = result.measurements.get(name), baseline.get(name)
    if figure is None or not math.isfinite(figure.value):
        return error(f"has no figure: {name} {'was not measured' if figure is None else f'is {figure.value}'}")
    if stored is None:
        return Judged(
            verdict=Verdict.NO_BASELINE,
            sentence=f"has none for {name}; record one with --harness-update",
            value=figure.value,
            n=figure.n,
        )
    moved = Moved(
        case=case,
        result=result,
        figure=figure,
        stored=stored,
        baseline=baseline,
        precision=precision,
        timed=timed,
        noise=noise,
    )
    apart = rule.incomparable(moved)
    if apart:
        sentence = f"can't be compared, incomparable({apart})"
        return Judged(verdict=Verdict.INCOMPARABLE, sentence=sentence, value=figure.value, n=figure.n)
    return rule.judge(moved)
