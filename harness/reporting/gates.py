"""A gated figure beside its limit, as one cell of the terminal's table: ``0.12<=2 pp``."""

from __future__ import annotations

from harness.core.figure import Better, Figure
from harness.core.finding import Finding, Verdict
from harness.core.limits import ERROR_TIMES
from harness.core.metrics import METRICS
from harness.judge.words import say

SIGNS = ("<=", ">=", "<", ">", "~")
LEGEND = "<= and >= hold, > and < don't, ~ is open"
PRECISE = 6
"""Significant digits where fewer would show a figure as equal to its limit."""


def beside_limit(finding: Finding, figure: Figure, shown: str) -> str:
    """The figure of *finding* and its limit with the sign between them that the verdict says; *shown* without a limit.

    A limit in multiples of the float model's errors stands behind the drop that it limits: ``0.12 pp<=1.2 x error``.
    """
    if finding.limit is None:
        return shown
    sign = sign_of(finding)
    factor = _factor(finding)
    if factor is not None and finding.value is not None:
        return f"{finding.value:.3f}{sign}{_plain(say(finding.limit, factor.unit))}"
    if finding.unit == "ratio" and figure.unit != "ratio":
        return f"{shown}{sign}{finding.limit:g} {ERROR_TIMES}"
    if finding.value is None:
        return f"-{sign}{_plain(say(finding.limit, figure.written))}"
    value, limit = say(finding.value, figure.written), _plain(say(finding.limit, figure.written))
    if _plain(value) == limit and finding.value != finding.limit:
        value = _precise(finding.value, figure.written)
    number, _, unit = value.rpartition(" ")
    return f"{number if unit == limit.rpartition(' ')[2] else value}{sign}{limit}"


def sign_of(finding: Finding) -> str:
    """``<=`` or ``>=`` of a figure that holds its limit, ``>`` or ``<`` of one that does not, ``~`` when that is open."""
    metric, factor = METRICS.get(finding.metric), _factor(finding)
    at_most = metric is None or metric.at_most if factor is None else factor.better is Better.LOWER
    if finding.verdict is Verdict.PASS:
        return "<=" if at_most else ">="
    if finding.verdict is Verdict.OVER_BUDGET:
        return ">" if at_most else "<"
    return "~"


def _factor(finding: Finding) -> Figure | None:
    """The figure of a loss that was limited as a factor; None of any other finding."""
    metric = METRICS.get(finding.metric)
    return metric.factor if metric is not None and finding.unit == "ratio" else None


def _plain(said: str) -> str:
    """*said*, a number and a unit, without zeros behind the last digit that counts."""
    number, _, unit = said.rpartition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"


def _precise(value: float, unit: str) -> str:
    """*value* with more digits than ``say`` gives."""
    factor, sign = {"fraction": (100, "%"), "points": (100, "pp"), "ratio": (1, "x")}.get(unit, (1, unit))
    return f"{factor * value:.{PRECISE}g} {sign}"
