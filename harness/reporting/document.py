"""A run as every report tells it: facts, one row per cell, what was found and why. Built once, rendered by the writers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from harness.core.context import Context
from harness.core.figure import Figure
from harness.core.finding import BASELINE, PLACEMENT, PROMISE, Finding, Verdict
from harness.core.result import MEASURED, CellResult
from harness.core.run_record import RunRecord
from harness.judge.case import worst
from harness.reporting.columns import worth_showing
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
NOTES = "Notes"
UNCALIBRATED = "not calibrated on this hardware class (edge-harness calibrate)"
OPEN_BASELINE = (Verdict.NO_BASELINE, Verdict.INCOMPARABLE)
"""What is said of a baseline that decided nothing; it stands behind what the budgets said."""
REUSED = {"predictions": "predictions", "reference": "outputs of the float model"}
"""What is kept between runs, in words."""
AGES = (("d", 86_400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0))
RECORDED = "recorded"
"""Said in place of ``no_baseline`` once the run wrote the figure to its baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cell with its findings."""

    result: CellResult
    findings: tuple[Finding, ...]
    recorded: bool = False
    """Whether this run wrote all baselines that the cell lacked."""

    @property
    def verdict(self) -> str:
        """The worst finding's verdict, or why the cell has none: one word, with its phase in brackets."""
        return verdict_of(self.result, self.findings)

    @property
    def fails(self) -> bool:
        """Whether a finding fails under every policy, or the cell broke without one."""
        return any(finding.verdict.fails for finding in self.findings) or self.result.status.startswith("error")

    @property
    def words(self) -> str:
        """What people read: what the budgets said, then what is open of the baseline."""
        decided = [finding for finding in self.findings if not _is_open_baseline(finding)]
        if not decided or len(decided) == len(self.findings):
            return self.verdict
        remark = worst([finding for finding in self.findings if _is_open_baseline(finding)]).verdict
        said = RECORDED if self.recorded and remark is Verdict.NO_BASELINE else str(remark).replace("_", " ")
        return f"{verdict_of(self.result, decided)}; {said}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A sentence about a cell."""

    cell: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and the sentences below it."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """All that the writers render."""

    record: RunRecord
    facts: tuple[tuple[str, str], ...]
    """What the run was, as pairs of name and text."""
    columns: tuple[Figure, ...]
    """Figures of the full table."""
    rows: tuple[Row, ...]
    """In the order of the run."""
    recorded: frozenset[tuple[str, str]] = frozenset()
    """Cell and metric of the findings whose baseline this run wrote."""
    sections: tuple[Section, ...]
    """Findings that are no pass, the gravest first, and then notes."""

    @classmethod
    def of(cls, record: RunRecord, recorded: Collection[tuple[str, str]] = ()) -> Document:
        """The document of *record*, and of what it *recorded*."""
        by_cell: dict[str, list[Finding]] = {}
        by_verdict: dict[Verdict, list[Finding]] = {}
        for finding in record.findings:
            by_cell.setdefault(finding.cell, []).append(finding)
            by_verdict.setdefault(finding.verdict, []).append(finding)
        rows = tuple(_row(result, by_cell.get(result.cell.id, ()), recorded) for result in record.cells)
        judged = {finding.metric for finding in record.findings}
        sections = [
            Section(title=title, entries=_entries(by_verdict[verdict]))
            for verdict, title in HEADINGS
            if verdict in by_verdict
        ]
        noted = [finding for finding in record.findings if finding.notes]
        if noted:
            entries = (Entry(cell=one.cell, text=f"{'; '.join(one.notes)}: {one.reason}") for one in noted)
            sections.append(Section(title=NOTES, entries=tuple(entries)))
        return cls(
            record=record,
            facts=tuple(_facts(record)),
            columns=tuple(worth_showing(record.cells, judged)),
            rows=rows,
            recorded=frozenset(recorded),
            sections=tuple(sections),
        )

    @property
    def counts(self) -> str:
        """How many findings of each verdict, most frequent first."""
        frequent = Counter(str(finding.verdict) for finding in self.record.findings).most_common()
        return ", ".join(f"{number} {verdict}" for verdict, number in frequent) or "no findings"

    @property
    def cells(self) -> str:
        """How many cells there are, in words."""
        return f"{len(self.rows)} cell{'s' if len(self.rows) != 1 else ''}"

    @property
    def has_targets(self) -> bool:
        """Whether the cells are of several targets."""
        return len({row.result.cell.target for row in self.rows}) > 1


def verdict_of(result: CellResult, findings: Sequence[Finding]) -> str:
    """The worst of *findings* in one word, with its phase in brackets, or why the cell has none."""
    if not findings:
        role = "reference" if result.cell.is_reference else "compared with"
        return result.status if result.status != MEASURED else role
    gravest = worst(findings)
    if gravest.against in (PROMISE, PLACEMENT):
        return f"{gravest.verdict}({gravest.against})"
    return f"error({gravest.phase})" if gravest.phase and gravest.verdict is Verdict.ERROR else str(gravest.verdict)


def _is_open_baseline(finding: Finding) -> bool:
    return finding.against == BASELINE and finding.verdict in OPEN_BASELINE


def _row(result: CellResult, findings: Sequence[Finding], recorded: Collection[tuple[str, str]]) -> Row:
    lacking = [finding for finding in findings if finding.verdict is Verdict.NO_BASELINE]
    written = bool(lacking) and all((finding.cell, finding.metric) in recorded for finding in lacking)
    return Row(result=result, findings=tuple(findings), recorded=written)


def _entries(findings: Iterable[Finding]) -> tuple[Entry, ...]:
    return tuple(Entry(cell=finding.cell, text=finding.reason) for finding in findings)


def _facts(record: RunRecord) -> Iterable[tuple[str, str]]:
    run = record.run
    yield "run", f"{run.id} ({run.started} to {run.finished})"
    yield "commit", f"{run.commit[:12]}{' with changes' if run.dirty else ''}" if run.commit else "no commit"
    threads = f"{run.threads} thread{'s' if run.threads != 1 else ''} per engine"
    for target, hardware in run.hardware.items():
        yield f"hardware{_of_target(target, run.hardware)}", f"{hardware.name}; {threads}"
    yield "versions", ", ".join(f"{name} {version}" for name, version in sorted(run.versions.items()))
    for line in untested_engines(record.cells):
        yield "warning", line
    reused = reused_words(record.cells)
    if reused:
        yield "reused", reused
    contexts = [cell.latency_context for cell in record.cells if cell.latency_context is not None]
    if contexts:
        for target in run.hardware:
            yield f"latency{_of_target(target, run.hardware)}", run.noise.get(target, UNCALIBRATED)
        words = Context.merged(contexts).words
        if words:
            yield "while it was timed", words


def reused_words(results: Iterable[CellResult]) -> str:
    """Which outputs an earlier run made, and how old the oldest are; empty when this one made all."""
    ages = [result.reused for result in results if result.reused]
    if not ages:
        return ""
    counts = Counter(what for of_cell in ages for what in of_cell)
    whose = " and ".join(f"{REUSED[what]} of {count} cell{'s' if count > 1 else ''}" for what, count in counts.items())
    oldest = max(age for of_cell in ages for age in of_cell.values())
    return f"{whose}, up to {_age(oldest)} old (--harness-fresh makes them anew)"


def _age(seconds: float) -> str:
    unit, length = next(((unit, length) for unit, length in AGES if seconds >= length), AGES[-1])
    return f"{seconds / length:.0f} {unit}"


def _of_target(target: str, targets: Collection[str]) -> str:
    """Which target a fact is about, where there are several."""
    return f" of {target}" if len(targets) > 1 else ""
