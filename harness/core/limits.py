"""Limits as people write them: a number and a unit, ``"1 pp"``, ``"0.30 x"``, ``"5 ms"``, ``"1.2 x error"``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException

from harness.errors import InvalidLimit

REPORT_ONLY = "report"
"""Written in place of a limit: measured and reported, nothing demanded."""

ERROR_TIMES = "x error"
"""The unit of a limit on accuracy that is a multiple of what the reference gets wrong."""

_LIMIT = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(?P<unit>[A-Za-z%°²³µ/]*(?: +error)?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit in the unit its metric is held in, and as it was written."""

    value: float
    text: str
    unit: str = ""
    """As written; it says which of several rules holds where a metric has more than one."""

    @property
    def of_errors(self) -> bool:
        """Whether it limits the error rate as a multiple of the reference's."""
        return self.unit == ERROR_TIMES


def parse_limit(name: str, text: object, units: Mapping[str, float], *, signed: bool = False) -> Limit:
    """Read the limit *text* of the budget key *name*, whose allowed *units* map to factors; *signed* allows negative limits.

    Raises:
        InvalidLimit: no unit, a unit that this key does not take, a negative number, or no number at all.
    """
    allowed = ", ".join(units)
    example = f"{name}='1 {next(iter(units))}'"
    if not isinstance(text, str):
        raise InvalidLimit(
            f"{name}={text!r}: a bare value says no unit. Write a text such as {example} (units: {allowed}) or "
            f"{name}={REPORT_ONLY!r} to demand nothing."
        )
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise InvalidLimit(
            f"{name}={text!r} is not a number with a unit. Write for example {example} (units: {allowed})."
        )
    unit = " ".join(match["unit"].split())
    if not unit:
        raise InvalidLimit(f"{name}={text!r} has no unit. Write for example {example} (units: {allowed}).")
    if unit not in units:
        raise InvalidLimit(f"{name}={text!r}: {unit!r} is not a unit of {name}; it takes {allowed}.")
    value = _product(match["number"], units[unit])
    if not math.isfinite(value) or (value < 0 and not signed):
        raise InvalidLimit(f"{name}={text!r}: a limit must be finite{'' if signed else ' and not negative'}.")
    if unit == ERROR_TIMES and value < 1:
        raise InvalidLimit(f"{name}={text!r}: below 1 x error it would demand fewer errors than the reference makes.")
    return Limit(value=value, text=text.strip(), unit=unit)


def _product(number: str, factor: float) -> float:
    """*number* times *factor*, rounded once: 1.005 kB are 1005 B, where floats would make it a little less."""
    try:
        return float(Decimal(number) * Decimal(str(factor)))
    except DecimalException:  # an exponent that no float reaches
        return math.inf
