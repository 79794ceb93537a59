"""Budget tables: which limits hold for which cells, in one visible place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from harness.core.limits import REPORT_ONLY, Limit, parse_limit
from harness.core.metrics import METRICS, limit_units
from harness.core.names import Cell
from harness.errors import InvalidLimit, InvalidMatrix


def matches(pattern: str, cell: Cell) -> bool:
    """Whether *pattern* fits *cell*: shell wildcards per part, ``model/recipe/runtime/target``; parts left out fit all."""
    parts = pattern.split("/")
    return all(fnmatchcase(part, wanted) for part, wanted in zip(cell.id.split("/"), parts, strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table: a pattern and its limits; None stands for ``report``."""

    pattern: str
    limits: Mapping[str, Limit | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Rows in order; a later row that fits overrides an earlier one, limit by limit."""

    rows: tuple[Row, ...] = ()

    @classmethod
    def parse(cls, rows: object) -> Budgets:
        """Read rows of ``(pattern, {metric: limit})``.

        Raises:
            InvalidLimit: a limit can't be read.
            InvalidMatrix: a row is not a pattern with limits.
            UnknownName: a metric does not exist.
        """
        if not isinstance(rows, (list, tuple)):
            raise InvalidMatrix(f"budgets are rows such as ('*/int8_*', dict(size_ratio='0.4 x')); got {rows!r}.")
        return cls(rows=tuple(_parse_row(row) for row in rows))

    def limits_for(self, cell: Cell) -> dict[str, Limit | None]:
        """The limits that hold for *cell*, by metric; a metric without an entry has no row that fits."""
        limits: dict[str, Limit | None] = {}
        for row in self.rows:
            if matches(row.pattern, cell):
                limits.update(row.limits)
        return limits

    def metrics(self) -> set[str]:
        """Every budget key that some row names."""
        return {name for row in self.rows for name in row.limits}


def _parse_row(row: object) -> Row:
    if not (
        isinstance(row, (list, tuple)) and len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], Mapping)
    ):
        raise InvalidMatrix(
            f"a budget row is (pattern, dict of limits), such as ('*/int8_*', dict(size_ratio='0.4 x')); got {row!r}."
        )
    pattern, written = row
    if not pattern or len(pattern.split("/")) > 4:
        raise InvalidMatrix(
            f"budget pattern {pattern!r}: write model/recipe/runtime/target with wildcards; parts at the end may be left out."
        )
    limits: dict[str, Limit | None] = {}
    for name, text in written.items():
        units = limit_units(str(name), f"(in the budget row {pattern!r})")
        signed = name in METRICS and METRICS[name].signed
        try:
            limits[name] = None if text == REPORT_ONLY else parse_limit(name, text, units, signed=signed)
        except InvalidLimit as err:
            raise InvalidLimit(f"budget row {pattern!r}: {err}") from None
    return Row(pattern=pattern, limits=limits)
