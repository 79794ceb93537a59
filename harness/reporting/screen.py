"""The first screen: a table that fits the terminal, with the gated figures beside their limits; what fails comes first."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from harness.core.figure import Figure, figures
from harness.core.finding import BUDGET, PLACEMENT, PROMISE, Finding
from harness.core.metric import Stage
from harness.core.metrics import METRICS
from harness.core.result import MEASURED
from harness.judge.case import worst
from harness.reporting.cell_names import shortened
from harness.reporting.columns import chosen, title_of, written
from harness.reporting.document import Document, Row
from harness.reporting.gates import LEGEND, SIGNS, beside_limit
from harness.reporting.text_table import GAP, TextTable, aligned

NARROWEST, WIDEST = 80, 120
"""What the table is laid out for, however narrow or wide the terminal is."""
LEAST_NAME_SHARE = 0.33
"""Of the width that the cells' names keep, whatever figures there are."""
MOST_ROWS = 100
"""More rows than this are not read on a terminal; all are in report.md."""
GATES = (BUDGET, PROMISE, PLACEMENT)
KINDS = (Stage.PROBE, Stage.ARTIFACT, Stage.TIMING)


@dataclass(frozen=True, slots=True)
class Column:
    """One figure, written for every row."""

    figure: Figure
    texts: tuple[str, ...]

    @property
    def width(self) -> int:
        """Characters of the widest text."""
        return max(len(title_of(self.figure)), *map(len, self.texts))


def terminal_width() -> int:
    """The columns to fill: those of the terminal or of ``COLUMNS``, within sense."""
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)


def screen(document: Document, columns: str = "", width: int = 0) -> list[str]:
    """The lines of the table, and one that says which figures it leaves out.

    Args:
        document: the run.
        columns: names of figures to show in place of the gated ones, or ``all``; the table may then be wider.
        width: characters of a line; 0 for the terminal's.

    Raises:
        UnknownName: one of *columns* is no figure.
    """
    if not document.rows:
        return []
    width = width or terminal_width()
    ordered = sorted(document.rows, key=lambda row: not row.fails)  # stable: else in the order of the run
    rows = ordered[:MOST_ROWS]
    verdicts = tuple(row.words for row in rows)
    verdict_width = max(map(len, ("verdict", *verdicts)))
    longest = max(
        len(name) for name in shortened([row.result.cell for row in rows], 999, with_target=document.has_targets)
    )
    room = width - verdict_width - len(GAP)
    if columns:
        shown = [_column(figure, rows) for figure in chosen(columns, [row.result for row in rows])]
        left_out: list[Figure] = []
    else:
        wanted = [_column(figure, rows) for figure in _judged(document)]
        shown = _fitting(wanted, room - min(longest, int(LEAST_NAME_SHARE * width)))
        left_out = [column.figure for column in wanted if column not in shown]
    room -= sum(column.width + len(GAP) for column in shown)
    names = shortened([row.result.cell for row in rows], room, with_target=document.has_targets)
    table = TextTable(
        headers=("cell", *(title_of(column.figure) for column in shown), "verdict"),
        rows=tuple(zip(names, *(column.texts for column in shown), verdicts, strict=True)),
        left=(0, len(shown) + 1),
    )
    below = [line for text in _below(ordered[MOST_ROWS:], shown, left_out) for line in wrap(text, width)]
    return [*aligned(table).splitlines(), *below]


def _below(rows_left_out: Sequence[Row], shown: Iterable[Column], left_out: Sequence[Figure]) -> Iterable[str]:
    """The lines below the table: what the signs mean, and what it does not show."""
    if rows_left_out:
        failing = sum(row.fails for row in rows_left_out)
        yield f"and {len(rows_left_out)} more cells{f', {failing} of them failing' if failing else ''}: see report.md"
    if any(sign in text for column in shown for text in column.texts for sign in SIGNS):
        yield f"limits: {LEGEND}"
    if left_out:
        yield f"also judged: {', '.join(map(title_of, left_out))} (--harness-columns NAMES or all; report.md)"


def _judged(document: Document) -> list[Figure]:
    """What gates ask for, in the order of what to show first.

    Failing figures come first; then one of every kind (predictions, artifact, times), each the one that most cells
    have, then the next of every kind.
    """
    measured = {name for row in document.rows for name in row.result.measurements}
    weights: Counter[str] = Counter()
    failing: set[str] = set()
    stages: dict[str, Stage] = {}
    for finding in document.record.findings:
        if finding.against in GATES and finding.metric in METRICS:
            metric = METRICS[finding.metric]
            stages[metric.figure.name] = metric.stage
            weights[metric.figure.name] += 1 if finding.limit is None else 2
            if finding.verdict.fails:
                failing.add(metric.figure.name)
    judged = [figure for figure in figures.in_order() if figure.name in stages and figure.name in measured]
    judged.sort(key=lambda figure: -weights[figure.name])
    rank = {figure.name: _place(figure, judged, stages) for figure in judged}
    return sorted(judged, key=lambda figure: (figure.name not in failing, rank[figure.name]))


def _place(figure: Figure, judged: Sequence[Figure], stages: Mapping[str, Stage]) -> tuple[int, int]:
    """Which of its kind *figure* is, and the kind."""
    kind = stages[figure.name]
    alike = [one.name for one in judged if stages[one.name] is kind]
    return alike.index(figure.name), KINDS.index(kind)


def _fitting(wanted: Sequence[Column], room: int) -> list[Column]:
    """The first of *wanted* that fit, in the order of the full report."""
    kept: list[Column] = []
    for column in wanted:
        if column.width + len(GAP) <= room:
            kept.append(column)
            room -= column.width + len(GAP)
    order = [figure.name for figure in figures.in_order()]
    return sorted(kept, key=lambda column: order.index(column.figure.name))


def _column(figure: Figure, rows: Sequence[Row]) -> Column:
    return Column(figure, _lined_up([_text(figure, row) for row in rows]))


def _text(figure: Figure, row: Row) -> str:
    limited = [
        finding
        for finding in row.findings
        if finding.against in GATES and finding.limit is not None and _is_about(finding, figure)
    ]
    shown = written(figure, row.result) if row.result.status == MEASURED else "-"
    return beside_limit(worst(limited), figure, shown) if limited else shown


def _is_about(finding: Finding, figure: Figure) -> bool:
    return finding.metric in METRICS and METRICS[finding.metric].figure.name == figure.name


def _lined_up(texts: Sequence[str]) -> tuple[str, ...]:
    """*texts* padded so that the signs of those with a limit stand below each other."""
    split = [_split(text) for text in texts]
    after = max((len(parts[1]) for parts in split if parts), default=0)
    return tuple(
        f"{parts[0]}{parts[1].ljust(after)}" if parts else text for text, parts in zip(texts, split, strict=True)
    )


def _split(text: str) -> tuple[str, str] | None:
    """*text* before its sign, and from it on; None without one."""
    places = [place for sign in SIGNS if (place := text.find(sign)) > 0]
    return (text[: min(places)], text[min(places) :]) if places else None
