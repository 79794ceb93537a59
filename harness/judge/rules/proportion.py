"""A share of samples, by its interval; and the share of those that are right."""

from __future__ import annotations

import math

from harness.core.finding import Verdict
from harness.core.limits import Limit
from harness.core.metric import Metric
from harness.judge.facts import Facts
from harness.judge.interval import judge_interval, why_open
from harness.judge.judged import Judged, error
from harness.judge.rules.judgement import Evidence, Judgement
from harness.judge.unholdable import says_nothing, too_few
from harness.judge.words import say, say_interval

TAIL_OF_PROPORTION = 0.025
"""One side of the 95 % interval that shares of samples are judged by."""


def judge(evidence: Evidence) -> Judged:
    """The whole interval must lie on one side of the limit."""
    metric, limit, figure = evidence.metric, evidence.limit, evidence.figure
    if figure.interval is None:
        return error(f"can't be judged: {metric.figure.name} has no interval")
    verdict = (
        Verdict.REPORTED if limit is None else judge_interval(figure.interval, limit.value, at_most=metric.at_most)
    )
    written = metric.figure.written
    sentence = f"has {say(figure.value, written)} {say_interval(figure.interval, written)} (n = {figure.n})"
    return Judged(
        verdict=verdict,
        sentence=sentence,
        value=figure.value,
        interval=figure.interval,
        n=figure.n,
        why=why_open(verdict),
    )


def undecidable(metric: Metric, limit: Limit, facts: Facts) -> str:
    """Even a perfect result has an interval."""
    needed = least_for_share(limit.value, at_most=metric.at_most)
    return too_few(metric.name, limit, facts.samples, needed, "samples", "even for a perfect result")


def least_for_share(limit: float, *, at_most: bool) -> int | None:
    """Samples that a perfect result needs for its Clopper-Pearson interval to lie within *limit*: p^n = 0.025."""
    kept = 1 - limit if at_most else limit
    if kept >= 1:
        return None
    return 1 if kept <= 0 else math.ceil(math.log(TAIL_OF_PROPORTION) / math.log(kept) - 1e-9)


def vacuous_accuracy(metric: Metric, limit: Limit, facts: Facts) -> str:
    """Half of the reference's accuracy could go."""
    reference = facts.reference_accuracy
    if reference is None or limit.value >= reference / 2:
        return ""
    return says_nothing(metric.name, limit, "of the reference's accuracy")


PROPORTION = Judgement(judge=judge, undecidable=undecidable)
ACCURACY = Judgement(judge=judge, undecidable=undecidable, vacuous=vacuous_accuracy)
