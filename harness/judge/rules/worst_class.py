"""The drop of every class: one that is beyond the limit fails, and only all within it pass."""

from __future__ import annotations

from harness.core.finding import Verdict
from harness.core.limits import Limit
from harness.core.metric import Metric
from harness.judge.facts import Facts
from harness.judge.flips import ONE_SIDED_95, say_flips, say_needed
from harness.judge.judged import Judged, error
from harness.judge.rules.judgement import Evidence, Judgement
from harness.judge.unholdable import if_flipped, too_few
from harness.stats.paired_drop import Flips, deciding_n, drop_interval, samples_needed, score
from harness.stats.several import holm

ALPHA = 0.03
"""What Holm is given: Tango's tail is skewed far out, and nominal 5 % over ten classes was up to 9.5 % in simulation, 3 % is at most 5.0 %."""
USUAL_CLASS_FLIPS = 0.05
"""The share of samples that a good int8 model flips in the worst of several classes."""


def judge(evidence: Evidence) -> Judged:
    """Fail: Tango's test, one-sided, corrected by Holm for the number of classes.

    Pass: every class by itself rejects a drop of the limit at 5 % (an intersection-union test: no correction is due).
    """
    result, limit = evidence.result, evidence.limit
    if not result.classes:
        return error(
            "can't be judged: the labels are no classes, and worst_class_drop needs one integer label per sample"
        )
    flips = {one.label: Flips(n=one.n, negative=one.negative, positive=one.positive) for one in result.classes}
    verdict, why, beyond, corrected = Verdict.REPORTED, "", list[str](), ""
    if limit is not None:
        verdict, why, beyond = _judge_classes(flips, limit.value)
        corrected = f", Holm over {len(flips)} classes"
    worst = max(beyond or flips, key=lambda label: (flips[label].drop, flips[label].negative, label))
    of_worst = flips[worst]
    interval = drop_interval(of_worst, ONE_SIDED_95)
    sentence = f"class {worst}: {say_flips(of_worst, 0, interval, of_errors=False)[:-1]}{corrected})"
    return Judged(verdict=verdict, sentence=sentence, why=why, value=of_worst.drop, interval=interval, n=of_worst.n)


def _judge_classes(flips: dict[str, Flips], limit: float) -> tuple[Verdict, str, list[str]]:
    """Verdict, why it is open, and the labels that are beyond the limit."""
    from scipy.stats import norm

    scores = {label: score(one, limit) for label, one in flips.items()}
    rejected = holm([float(norm.sf(z)) for z in scores.values()], ALPHA)
    beyond = [label for label, out in zip(flips, rejected, strict=True) if out]
    if beyond:
        return Verdict.OVER_BUDGET, "", beyond
    open_ones = [label for label, z in scores.items() if not z < -ONE_SIDED_95]
    if not open_ones:
        return Verdict.PASS, "", []
    first = max(open_ones, key=lambda label: scores[label])
    needed = say_needed(deciding_n(flips[first], limit), flips[first].n)
    return (
        Verdict.INCONCLUSIVE,
        f"{len(open_ones)} of {len(flips)} classes are undecided, of class {first}: {needed}",
        [],
    )


def undecidable(metric: Metric, limit: Limit, facts: Facts) -> str:
    """The smallest class needs as many samples as decide the limit when few flip."""
    needed = samples_needed(USUAL_CLASS_FLIPS, limit.value)
    supposed = if_flipped(USUAL_CLASS_FLIPS)
    return too_few(metric.name, limit, facts.smallest_class, needed, "samples of each class", supposed)


WORST_CLASS = Judgement(judge=judge, needs_figure=False, undecidable=undecidable)
