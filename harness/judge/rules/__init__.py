"""How figures are compared with limits: a file for each rule, and the table of all of them."""

from __future__ import annotations

from collections.abc import Mapping

from harness.core.finding import Verdict
from harness.core.limits import Limit
from harness.core.metric import Metric, Rule
from harness.core.noise import NoiseProfile
from harness.core.timing import Timing
from harness.judge.latency import Look
from harness.judge.rules.absolute import ABSOLUTE
from harness.judge.rules.exact import EXACT
from harness.judge.rules.judgement import Judgement
from harness.judge.rules.paired_drop import PAIRED_DROP
from harness.judge.rules.paired_gain import PAIRED_GAIN
from harness.judge.rules.proportion import ACCURACY, PROPORTION
from harness.judge.rules.quality import LEVEL, LOSS
from harness.judge.rules.ratio import RATIO
from harness.judge.rules.tail import TAIL
from harness.judge.rules.worst_class import WORST_CLASS

RULES: Mapping[Rule, Judgement] = {
    Rule.EXACT: EXACT,
    Rule.PAIRED_DROP: PAIRED_DROP,
    Rule.WORST_CLASS: WORST_CLASS,
    Rule.PAIRED_GAIN: PAIRED_GAIN,
    Rule.PROPORTION: PROPORTION,
    Rule.ACCURACY: ACCURACY,
    Rule.RATIO: RATIO,
    Rule.ABSOLUTE: ABSOLUTE,
    Rule.LOSS: LOSS,
    Rule.LEVEL: LEVEL,
    Rule.TAIL: TAIL,
}


def take_look(metric: Metric, limit: Limit | None, timing: Timing, noise: NoiseProfile | None) -> Look:
    """What *timing* says about the *limit* of *metric*, or that more must be measured.

    Raises:
        ValueError: a time is not positive.
    """
    look = RULES[metric.rule].look
    if look is None:  # a figure of the rounds that no further round decides
        return Look(verdict=Verdict.REPORTED, finished=True)
    times = timing.of(metric.span)
    if times is None:
        return Look(verdict=Verdict.INCONCLUSIVE, finished=False, reason=f"the {metric.span} was not timed")
    return look(metric, limit, times, noise)
