"""``report.md``: the table, what failed and why, and where it was measured."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from harness.core.context import Context
from harness.core.finding import Finding, Verdict
from harness.core.run_record import RunInfo, RunRecord
from harness.reporting.table import shown
from harness.runtimes.tested_versions import untested_engines

HEADINGS = (
    (Verdict.ERROR, "Errors"),
    (Verdict.OVER_BUDGET, "Over budget"),
    (Verdict.REGRESSED, "Regressed against baseline"),
    (Verdict.NO_BASELINE, "No baseline"),
    (Verdict.INCONCLUSIVE, "Inconclusive"),
    (Verdict.BELOW_NOISE_FLOOR, "Below the noise floor of this machine"),
    (Verdict.INCOMPARABLE, "Not comparable with the baseline"),
    (Verdict.UNAVAILABLE, "Unavailable here"),
    (Verdict.UNSUPPORTED, "Unsupported"),
)
UNCALIBRATED = "not calibrated on this hardware class (edge-harness calibrate)"

_MARKUP = re.compile(r"[\\`*~\[<>|]|&(?=[#\w])|(?<![^\W_])_|_(?![^\W_])")
"""Signs that can begin markup; an underscore inside a word can't."""


def counts(findings: tuple[Finding, ...]) -> str:
    """How many findings of each verdict, most frequent first."""
    found = Counter(str(finding.verdict) for finding in findings)
    return ", ".join(f"{number} {verdict}" for verdict, number in found.most_common()) or "no findings"


def to_markdown(record: RunRecord) -> str:
    """The whole report as Markdown."""
    run = record.run
    commit = f"{_code(run.commit[:12])}{' with changes' if run.dirty else ''}" if run.commit else "no commit"
    lines = [
        "# Edge Harness report",
        "",
        f"{len(record.cells)} cells, {counts(record.findings)}.",
        "",
        f"- run: {_escaped(f'{run.id} ({run.started} to {run.finished})')}",
        f"- commit: {commit}",
        *_hardware_lines(run),
        f"- versions: {_escaped(', '.join(f'{name} {version}' for name, version in sorted(run.versions.items())))}",
        *(f"- warning: {_escaped(line)}" for line in untested_engines(record.cells)),
        *_latency_lines(record),
        "",
        shown(record).map(lambda value: _escaped(str(value))).to_markdown(index=False, disable_numparse=True),
        "",
    ]
    for verdict, heading in HEADINGS:
        found = [finding for finding in record.findings if finding.verdict is verdict]
        if found:
            lines += [f"## {heading}", "", *(f"- {_code(f.cell)} {_escaped(f.reason)}" for f in found), ""]
    changed = [f for f in record.findings if f.notes]
    if changed:
        lines += [
            "## Notes",
            "",
            *(f"- {_code(f.cell)} {_escaped('; '.join(f.notes) + ': ' + f.reason)}" for f in changed),
            "",
        ]
    return "\n".join(lines)


def _latency_lines(record: RunRecord) -> list[str]:
    """What the times of this run are worth; nothing when none were measured."""
    contexts = [cell.latency_context for cell in record.cells if cell.latency_context is not None]
    if not contexts:
        return []
    words = Context.merged(contexts).words
    noise = {target: record.run.noise.get(target, UNCALIBRATED) for target in record.run.hardware}
    lines = [f"- latency{_of_target(target, noise)}: {_escaped(sentence)}" for target, sentence in noise.items()]
    return [*lines, *([f"- while it was timed: {_escaped(words)}"] if words else [])]


def _hardware_lines(run: RunInfo) -> list[str]:
    """What each target is, and how many threads engines had."""
    threads = f"{run.threads} thread{'s' if run.threads != 1 else ''} per engine"
    return [
        f"- hardware{_of_target(target, run.hardware)}: {_escaped(hardware.name)}; {threads}"
        for target, hardware in run.hardware.items()
    ]


def _of_target(target: str, targets: Mapping[str, object]) -> str:
    """Which target a line is about, where there are several."""
    return f" of {_escaped(target)}" if len(targets) > 1 else ""


def _escaped(text: str) -> str:
    """*text* so that it can stand in a Markdown table or list without becoming markup."""
    return _MARKUP.sub(r"\\\g<0>", _one_line(text))


def _code(text: str) -> str:
    """*text* as a code span, with a fence longer than any in it."""
    line = _one_line(text)
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _one_line(text: str) -> str:
    """*text* with spaces for line ends of every kind, and without control signs."""
    return "".join(" " if sign.isspace() else sign for sign in text if sign.isspace() or sign.isprintable())
