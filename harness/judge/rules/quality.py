"""A mean over samples or a score of all of them: what is lost against the float model, and its level."""

from __future__ import annotations

from harness.core.figure import Better
from harness.core.finding import Verdict
from harness.judge.interval import judge_interval, why_open
from harness.judge.judged import Judged, error
from harness.judge.rules.judgement import Evidence, Judgement
from harness.judge.rules.proportion import judge as judge_share
from harness.judge.words import say, say_interval


def judge_loss(evidence: Evidence) -> Judged:
    """By the paired bootstrap's interval of the difference, or of the factor where the limit is one."""
    metric, limit, loss, result = evidence.metric, evidence.limit, evidence.figure, evidence.result
    assert metric.change is not None and metric.factor is not None, "every metric of this rule has them"
    own = metric.change.figure
    level = result.measurements.get(own.name)
    if level is None or loss.interval is None:
        return error(f"has no figure: {own.name} was not measured")
    falls = own.better is Better.HIGHER
    reference = level.value + loss.value if falls else level.value - loss.value
    found, written, at_most = loss, metric.figure.written, True
    sentence = "drop " if falls else "rise "
    if limit is not None and limit.unit == "x":
        factor = result.measurements.get(metric.factor.name)
        if factor is None or factor.interval is None:
            return error(
                f"can't be judged: a factor needs a float model above 0, in every resample, it has {say(reference, own.written)}"
            )
        found, written, at_most, sentence = factor, metric.factor.written, not falls, ""
    assert found.interval is not None, "both were looked at"
    verdict = Verdict.REPORTED
    if limit is not None:
        verdict = judge_interval(found.interval, limit.value, at_most=at_most)
    return Judged(
        verdict=verdict,
        sentence=f"has {say(level.value, own.written)}, the float model {say(reference, own.written)}: {sentence}"
        f"{say(found.value, written)} {say_interval(found.interval, written)} (n = {loss.n}, paired bootstrap)",
        value=found.value,
        interval=found.interval,
        n=loss.n,
        reference=reference,
        why=why_open(verdict),
        unit="ratio" if found is not loss else "",
    )


LOSS = Judgement(judge=judge_loss)
LEVEL = Judgement(judge=judge_share)
"""A level is judged as a share is: its whole interval must lie on one side of the limit."""
