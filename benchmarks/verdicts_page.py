"""The page that compares latency rules: what each says of recorded trials, and how often that is wrong."""

from __future__ import annotations

import gzip
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, cast

import numpy as np
from scipy.stats import mannwhitneyu, ttest_ind

from harness.core.finding import Verdict
from harness.core.timing import Placing
from harness.judge.latency import MAX_PAIRS, look, ratio_evidence
from harness.stats.intervals import proportion_interval

LIMIT = 1.05
SCHEMA = 2
"""1 (2026-11): first version, of trials by up to three pairs. 2 (2026-12): says where the sides were timed."""
TRIALS_OF_TWO_SPEEDS = 100
"""By runtime and slow-down, drawn from the recorded rounds."""
MEAN, MEDIAN, LEAST = 0, 1, 2
"""What is kept of an epoch."""

Rule = Callable[[dict[str, Any]], Verdict]
Verdicts = Sequence[tuple[float, Verdict]]
"""Of each trial, with its slow-down."""


def _slower(trial: dict[str, Any], statistic: Callable[[Sequence[float]], float], factor: float) -> bool:
    saved, current = ([epoch[MEAN] for epoch in trial["alone"][side]] for side in ("saved", "current"))
    return statistic(current) > factor * statistic(saved)


def _significant(trial: dict[str, Any], test: Callable[..., Any], alpha: float) -> bool:
    saved, current = ([epoch[MEAN] for epoch in trial["alone"][side]] for side in ("saved", "current"))
    return bool(test(current, saved).pvalue < alpha) and _slower(trial, median, 1.0)


def ours(trial: dict[str, Any]) -> Verdict:
    """The verdict of the gate on the alternating rounds.

    Raises:
        ValueError: more pairs of processes would have been timed.
    """
    pairs = [[(c, o) for c, o in rounds] for rounds in trial["alternating"]]
    for count in range(1, len(pairs) + 1):
        now = look(ratio_evidence(pairs[:count], placing=Placing(trial["placing"])), LIMIT)
        if now.finished:
            return now.verdict
    raise ValueError("the rounds end before the verdict")


def _failing(fails: Callable[[dict[str, Any]], bool]) -> Rule:
    """A rule of a tool that knows no third verdict."""
    return lambda trial: Verdict.OVER_BUDGET if fails(trial) else Verdict.PASS


OURS = "**Edge Harness: in alternation, limit 1.05 x**"
RULES: Mapping[str, Rule] = {
    "pytest-benchmark `median:5%`": _failing(lambda trial: _slower(trial, median, 1.05)),
    "pytest-benchmark `min:5%`": _failing(lambda trial: _slower(trial, min, 1.05)),
    "benchstat: Mann-Whitney p < .05": _failing(lambda trial: _significant(trial, mannwhitneyu, 0.05)),
    "pyperf: t-test p < .05": _failing(lambda trial: _significant(trial, ttest_ind, 0.05)),
    "asv: Mann-Whitney p < .002 and median + 10 %": _failing(
        lambda trial: _significant(trial, mannwhitneyu, 0.002) and _slower(trial, median, 1.1)
    ),
    OURS: ours,
}


def read(path: Path) -> dict[str, Any]:
    """The document that was recorded in *path*."""
    document = json.loads(gzip.decompress(path.read_bytes()))
    if "cells" in document:
        return _of_two_speeds(document)
    if document["schema"] != SCHEMA:
        raise SystemExit(f"{path} was recorded with schema {document['schema']}, this script reads {SCHEMA}")
    return cast("dict[str, Any]", document)


def _of_two_speeds(recorded: dict[str, Any]) -> dict[str, Any]:
    """Trials drawn from rounds that the gate recorded on a guest whose CPUs ran at two speeds, nobody moving its workers.

    All rounds are of equal artifacts: a slow-down multiplies the candidate's times. One after the other are the sides of
    different pairs.
    """
    trials = []
    for runtime in sorted({cell["runtime"] for cell in recorded["cells"]}):
        pool = [pair for cell in recorded["cells"] if cell["runtime"] == runtime for pair in cell["pairs"]]
        for slowdown in (0.0, 0.05, 0.10):
            for number in range(TRIALS_OF_TWO_SPEEDS):
                pairs = random.Random(number).sample(pool, MAX_PAIRS)
                trials.append(_drawn(pairs, slowdown))
    return {
        "title": f"{recorded['machine']}: its CPUs ran at two speeds",
        "what": "trials drawn from 120 recorded cells, whose workers the system placed; of each, the sides of different pairs "
        "were taken for runs one after the other, and a slow-down multiplies the candidate's times",
        "trials": trials,
    }


def _drawn(pairs: Sequence[Any], slowdown: float) -> dict[str, Any]:
    slower = [[(candidate * (1 + slowdown), other) for candidate, other in rounds] for rounds in pairs]
    saved = [[other] * 3 for rounds in slower[:3] for _, other in rounds]
    current = [[candidate] * 3 for rounds in slower[3:6] for candidate, _ in rounds]
    return {
        "slowdown": slowdown,
        "alone": {"saved": saved, "current": current},
        "placing": Placing.FREE,
        "alternating": slower,
    }


def page(documents: Sequence[dict[str, Any]]) -> list[str]:
    """The lines of the page."""
    judged = [_judged(document) for document in documents]
    real = [
        one
        for document, verdicts in zip(documents, judged, strict=True)
        for one in verdicts[OURS]
        if "command" in document
    ]
    lines = [
        "# Latency rules compared",
        "",
        "Made by `python -m benchmarks.verdicts table` from recorded trials; don't edit. Every rule sees the same trials. In one the",
        "artifact is timed *one after the other* in two fresh processes, as tools do that compare with a saved run, and *in",
        "alternation*, as a gate does. A slow-down is real: a spin inside the timed call. A false pass is one of a slow-down of",
        "twice the allowed change.",
        "",
        *_altogether(real),
    ]
    for document, verdicts in zip(documents, judged, strict=True):
        trials = document["trials"]
        columns = _columns(trials)
        lines += [
            "",
            *_title(document),
            "",
            "| rule | " + " | ".join(heading for heading, _, _ in columns) + " |",
            "|---" * (1 + len(columns)) + "|",
            *(_row(name, of_rule, columns) for name, of_rule in verdicts.items()),
            "",
            *_remarks(trials, verdicts[OURS]),
        ]
        lines += ["", f"Recorded by `{document['command']}`."] if "command" in document else []
    return lines


def _judged(document: dict[str, Any]) -> dict[str, Verdicts]:
    """What each rule says of each trial; ours alone where the artifact was not timed one after the other."""
    trials = document["trials"]
    rules = RULES if all(trial["alone"] for trial in trials) else {OURS: ours}
    return {name: [(trial["slowdown"], rule(trial)) for trial in trials] for name, rule in rules.items()}


def _altogether(verdicts: Verdicts) -> list[str]:
    """What the gate said of all real trials, whatever ran beside them."""
    told = []
    for slowdown, name in ((0.0, "equal artifacts"), (2 * (LIMIT - 1), "twice the allowed change")):
        of_it = [verdict for one, verdict in verdicts if math.isclose(one, slowdown)]
        if of_it:
            told.append(f"of {len(of_it)} trials of {name}: {_counted(of_it)}")
    return [f"Edge Harness in all real trials below together, {'; '.join(told)}."] if told else []


def _counted(verdicts: Sequence[Verdict]) -> str:
    return ", ".join(
        f"{verdicts.count(one)} {one}" for one in (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.OVER_BUDGET)
    )


def _title(document: dict[str, Any]) -> list[str]:
    if "title" in document:
        return [f"## {document['title']}", "", f"{document['what']}.".capitalize()]
    count = document["neighbours"]
    busy = f"with {count} neighbours that compute in bursts" if count else "quiet"
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    return [
        f"## {document['hardware']}, {busy}",
        "",
        f"`{document['cell']}` ({versions}), {document['date']}; {document['context']}.",
    ]


Heading = tuple[str, float, Verdict]
"""What a column is called, of which slow-down, and which verdict it counts."""


def _columns(trials: Sequence[dict[str, Any]]) -> list[Heading]:
    columns: list[Heading] = []
    for slowdown in sorted({trial["slowdown"] for trial in trials}):
        count = sum(trial["slowdown"] == slowdown for trial in trials)
        if slowdown == 0:
            columns.append((f"false alarms ({count} A/A)", slowdown, Verdict.OVER_BUDGET))
            columns.append(("inconclusive", slowdown, Verdict.INCONCLUSIVE))
            continue
        columns.append((f"fails at +{100 * slowdown:g} % ({count})", slowdown, Verdict.OVER_BUDGET))
        if slowdown >= 2 * (LIMIT - 1) - 1e-9:
            columns.append((f"false passes at +{100 * slowdown:g} %", slowdown, Verdict.PASS))
    return columns


def _row(name: str, verdicts: Verdicts, columns: Sequence[Heading]) -> str:
    shares = []
    for _, slowdown, counted in columns:
        of_it = [verdict for one, verdict in verdicts if one == slowdown]
        low, high = proportion_interval(of_it.count(counted), len(of_it), 0.95)
        shares.append(f"{of_it.count(counted) / len(of_it):.3f} [{low:.3f}, {high:.3f}]")
    return f"| {name} | " + " | ".join(shares) + " |"


def _remarks(trials: Sequence[dict[str, Any]], verdicts: Verdicts) -> list[str]:
    told = []
    for slowdown in sorted({s for s, _ in verdicts}):
        of_it = [verdict for s, verdict in verdicts if s == slowdown]
        told.append(f"{'A/A' if slowdown == 0 else f'+{100 * slowdown:g} %'}: {_counted(of_it)}")
    clear = [
        trial["alternating_s"]
        for trial, (_, verdict) in zip(trials, verdicts, strict=True)
        if verdict is not Verdict.INCONCLUSIVE and "alternating_s" in trial
    ]
    took = f" Median time to a clear verdict, start of the processes included: {median(clear):.1f} s." if clear else ""
    equal = [trial for trial in trials if trial["slowdown"] == 0]
    spreads = [f"{_spread([_in_alternation(trial) for trial in equal])} in alternation"]
    if all(trial["alone"] for trial in equal):
        spreads.append(f"{_spread([_one_after_the_other(trial) for trial in equal])} one after the other")
    return [
        f"Edge Harness said: {'; '.join(told)}.{took}",
        "",
        *(_seen(trials) if clear else []),
        f"SD of the A/A ratio: {', '.join(spreads)}.",
    ]


def _in_alternation(trial: dict[str, Any]) -> float:
    return ratio_evidence([[(c, o) for c, o in rounds] for rounds in trial["alternating"]]).ratio


def _one_after_the_other(trial: dict[str, Any]) -> float:
    saved, current = (median(epoch[MEDIAN] for epoch in trial["alone"][side]) for side in ("saved", "current"))
    return current / saved


def _spread(ratios: Sequence[float]) -> str:
    return f"{100 * np.std(np.log(ratios)):.1f} %"


def _seen(trials: Sequence[dict[str, Any]]) -> list[str]:
    """How far the slow-downs really were from their names: the spin is a share of what the process took while it warmed up."""
    told = []
    for slowdown in sorted({trial["slowdown"] for trial in trials} - {0.0}):
        chosen = [trial for trial in trials if trial["slowdown"] == slowdown]
        ratios = [_in_alternation(trial) for trial in chosen]
        low, middle, high = np.quantile(ratios, [0.1, 0.5, 0.9])
        told.append(f"+{100 * slowdown:g} % was {middle:.3f} x ({low:.3f} to {high:.3f} in four of five trials)")
    if not told:
        return []
    return [f"A spin is a share of what its process took while it warmed up; in alternation, {', '.join(told)}.", ""]
