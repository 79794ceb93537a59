"""A figure without uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.core import figures
from harness.core.finding import Verdict
from harness.core.result import CellResult
from harness.judge.audit import float_remark, integer_remark, placement_remark, size_remark
from harness.judge.interval import judge_exact
from harness.judge.judged import Judged
from harness.judge.rules.judgement import Evidence, Judgement
from harness.judge.words import say

REMARKS: Mapping[str, Callable[[CellResult], str]] = {
    figures.SIZE_RATIO.name: size_remark,
    figures.PLACEMENT.name: placement_remark,
    figures.INT8_SHARE.name: float_remark,
    figures.FP32_SHARE.name: integer_remark,
}
"""What else there is to say of a figure, by its name."""


def judge(evidence: Evidence) -> Judged:
    """The plain figure against the plain limit; of a ratio the sentence also names both sides."""
    metric, limit, figure, result = evidence.metric, evidence.limit, evidence.figure, evidence.result
    verdict = Verdict.REPORTED if limit is None else judge_exact(figure.value, limit.value, at_most=metric.at_most)
    remark = REMARKS[metric.figure.name](result) if metric.figure.name in REMARKS else ""
    ours = result.measurements.get(metric.figure.of.name) if metric.figure.of is not None else None
    if ours is None or not figure.value > 0:
        sentence = f"has {say(figure.value, metric.figure.written)}"
        return Judged(verdict=verdict, sentence=sentence, value=figure.value, n=figure.n, why=remark)
    reference = ours.value / figure.value
    sides = f"{say(ours.value, ours.unit)} of {say(reference, ours.unit)}"
    return Judged(
        verdict=verdict,
        sentence=f"takes {say(figure.value, 'ratio')} fp32's ({sides})",
        value=figure.value,
        n=figure.n,
        reference=reference,
        why=remark,
    )


EXACT = Judgement(judge=judge)
