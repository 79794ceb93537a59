"""A mean over samples or a score of all of them: what is lost against the float model, and its level."""

from __future__ import annotations

from harness.core.figure import Better
from harness.core.finding import Verdict
from harness.judge.interval import judge_interval, why_open
from harness.judge.judged import Judged, error
from harness.judge.rules.judgement import Evidence, Judgement
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
    word = "drop" if falls else "rise"
    both = f"has {say(level.value, own.written)}, the float model {say(reference, own.written)}: "
    of_samples = f"(n = {loss.n}, paired bootstrap)"
    if limit is not None and limit.unit == "x":
        factor = result.measurements.get(metric.factor.name)
        if factor is None or factor.interval is None:
            return error(f"can't be judged: a factor needs a float model above 0, it has {say(reference, own.written)}")
        verdict = judge_interval(factor.interval, limit.value, at_most=not falls)
        return Judged(
            verdict=verdict,
            sentence=f"{both}{say(factor.value, 'ratio')} {say_interval(factor.interval, 'ratio')} {of_samples}",
            value=factor.value,
            interval=factor.interval,
            n=loss.n,
            reference=reference,
            why=why_open(verdict),
            unit="ratio",
        )
    verdict = Verdict.REPORTED if limit is None else judge_interval(loss.interval, limit.value, at_most=True)
    written = metric.figure.written
    return Judged(
        verdict=verdict,
        sentence=f"{both}{word} {say(loss.value, written)} {say_interval(loss.interval, written)} {of_samples}",
        value=loss.value,
        interval=loss.interval,
        n=loss.n,
        reference=reference,
        why=why_open(verdict),
    )


def judge_level(evidence: Evidence) -> Judged:
    """The whole interval must lie on one side of the limit."""
    metric, limit, figure = evidence.metric, evidence.limit, evidence.figure
    if figure.interval is None:
        return error(f"can't be judged: {metric.figure.name} has no interval")
    verdict = Verdict.REPORTED
    if limit is not None:
        verdict = judge_interval(figure.interval, limit.value, at_most=metric.at_most)
    written = metric.figure.written
    return Judged(
        verdict=verdict,
        sentence=f"has {say(figure.value, written)} {say_interval(figure.interval, written)} (n = {figure.n}, bootstrap)",
        value=figure.value,
        interval=figure.interval,
        n=figure.n,
        why=why_open(verdict),
    )


LOSS = Judgement(judge=judge_loss)
LEVEL = Judgement(judge=judge_level)
