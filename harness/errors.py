"""What a user can be told: every mistake a user can cause derives from ``HarnessError``; a bug does not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class HarnessError(Exception):
    """A mistake that the user can mend; its text says what was asked, what exists and what to do."""


class InvalidName(HarnessError):
    """A model, recipe, runtime or target name that cannot stand in a cell's id."""


class UnknownName(HarnessError):
    """A name that no registry holds."""

    @classmethod
    def among(
        cls, kind: str, name: str, existing: Iterable[str], remedy: str = "", meant: Iterable[str] = ()
    ) -> UnknownName:
        """The error for *name*, with the nearest existing names in front; *meant*: spellings to suggest."""
        known = sorted(existing)
        near = get_close_matches(name, sorted(meant) or known, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        exists = ", ".join(known) if known else "none is registered"
        text = (
            f"unknown {kind} {name!r}{hint} Existing: {exists}."
            if near
            else f"unknown {kind} {name!r}. Existing: {exists}."
        )
        return cls(f"{text} {remedy}".rstrip())


class DuplicateName(HarnessError):
    """Two registrations of one name from different places."""


class ContractError(HarnessError):
    """A registered model, data set, metric, recipe or runtime that does not keep its contract."""


class InvalidLimit(HarnessError):
    """A limit without a unit, with a wrong one, or with a value that can't be a limit."""


class InvalidPolicy(HarnessError):
    """A policy on a verdict that can't be decided on, or with an outcome that does not exist."""


class InvalidMatrix(HarnessError):
    """A matrix or budget table that gives no cells, or demands nothing that a test checks."""


class InvalidRecipe(HarnessError):
    """A chain of steps that can't be run in this order."""


class DataSetError(HarnessError):
    """A data set that is missing, has the wrong hash, shape or content."""


class UnsupportedModel(HarnessError):
    """What an exporter or a runtime can't do with this model by design; it ends a cell as ``unsupported``."""


class WeightsError(HarnessError):
    """Float weights that are missing, have another hash than recorded, or are not finite."""


class CacheError(HarnessError):
    """An artifact cache that can't be written."""


class TargetError(HarnessError):
    """A target that can't be reached, or that broke off."""


class LockError(HarnessError):
    """A lock that can't be made or must not be trusted."""


class BaselineError(HarnessError):
    """A baseline file that can't be read or must not be written."""


class ResultsError(HarnessError):
    """A results file that can't be read or written."""


class CalibrationError(HarnessError):
    """A calibration that can't be made, read or written."""
