"""What a verdict does to a test: fail, skip, or pass with its own word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.core.finding import Finding, Verdict


class Outcome(StrEnum):
    """What becomes of the pytest item."""

    PASS = "pass"
    WARN = "warn"
    """Green, but shown under its own word and counted apart."""
    SKIP = "skip"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the verdicts between red and green are taken."""

    inconclusive: Outcome = Outcome.WARN
    incomparable: Outcome = Outcome.WARN
    no_baseline: Outcome = Outcome.WARN
    updating: bool = False
    """Baselines are being written: what is missing or moved is no failure."""


def outcome(finding: Finding, policy: Policy) -> Outcome:
    """The outcome of one finding under *policy*."""
    match finding.verdict:
        case Verdict.PASS | Verdict.REPORTED:
            return Outcome.PASS
        case Verdict.OVER_BUDGET | Verdict.ERROR:
            return Outcome.FAIL
        case Verdict.REGRESSED:
            return Outcome.WARN if policy.updating else Outcome.FAIL
        case Verdict.NO_BASELINE:
            return Outcome.WARN if policy.updating else policy.no_baseline
        case Verdict.INCONCLUSIVE:
            return policy.inconclusive
        case Verdict.INCOMPARABLE:
            return Outcome.WARN if policy.updating else policy.incomparable
        case Verdict.UNSUPPORTED | Verdict.UNAVAILABLE:
            return Outcome.SKIP


ORDER = (Outcome.FAIL, Outcome.SKIP, Outcome.WARN, Outcome.PASS)


def outcome_of_all(findings: list[Finding], policy: Policy) -> tuple[Outcome, Finding]:
    """The gravest outcome, and the finding it comes from.

    Raises:
        ValueError: no finding at all, which is never a pass.
    """
    rated = [(outcome(finding, policy), finding) for finding in findings]
    return min(rated, key=lambda pair: ORDER.index(pair[0]))
