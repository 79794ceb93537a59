"""What a verdict does to a test: fail, skip, or pass with its own word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from harness.core.finding import Finding, Verdict
from harness.errors import InvalidPolicy


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
    below_noise_floor: Outcome = Outcome.WARN
    no_baseline: Outcome = Outcome.WARN
    unavailable: Outcome = Outcome.SKIP
    updating: bool = False
    """Baselines are being written: what is missing or moved is no failure."""

    def with_changes(self, changes: Mapping[str, Outcome]) -> Policy:
        """The same but for *changes*, by verdict; what a mark on a test says."""
        return replace(self, **changes)  # type: ignore[arg-type]  # keys are checked where they are read


STRICT = Policy(
    inconclusive=Outcome.FAIL,
    incomparable=Outcome.FAIL,
    below_noise_floor=Outcome.FAIL,
    no_baseline=Outcome.FAIL,
    unavailable=Outcome.FAIL,
)
"""Nothing that was not judged is green."""
LENIENT = Policy()
OPEN_VERDICTS = tuple(field.name for field in fields(Policy) if field.name != "updating")
"""The verdicts that a policy decides on."""
CHOICES = (str(Outcome.WARN), str(Outcome.SKIP), str(Outcome.FAIL))
"""What can become of them; never a pass."""


def parse_policy(written: Mapping[str, object]) -> dict[str, Outcome]:
    """Read ``{"inconclusive": "fail", ...}``.

    Raises:
        InvalidPolicy: a verdict that no policy decides on, or an outcome that does not exist.
    """
    if not written:
        raise InvalidPolicy(f"a policy without verdicts. Name at least one of {', '.join(OPEN_VERDICTS)}.")
    parsed = {}
    for verdict, value in written.items():
        if verdict not in OPEN_VERDICTS:
            raise InvalidPolicy(
                f"policy {verdict}={value!r}: a policy decides on {', '.join(OPEN_VERDICTS)}; other verdicts are red or green by themselves."
            )
        if value not in CHOICES:
            raise InvalidPolicy(f"policy {verdict}={value!r}: write one of {', '.join(CHOICES)}.")
        parsed[verdict] = Outcome(str(value))
    return parsed


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
        case Verdict.BELOW_NOISE_FLOOR:
            return Outcome.WARN if policy.updating else policy.below_noise_floor
        case Verdict.INCOMPARABLE:
            return Outcome.WARN if policy.updating else policy.incomparable
        case Verdict.UNAVAILABLE:
            return policy.unavailable
        case Verdict.UNSUPPORTED:
            return Outcome.SKIP


ORDER = (Outcome.FAIL, Outcome.SKIP, Outcome.WARN, Outcome.PASS)


def outcome_of_all(findings: list[Finding], policy: Policy) -> tuple[Outcome, Finding]:
    """The gravest outcome, and the finding it comes from.

    Raises:
        ValueError: no finding at all, which is never a pass.
    """
    rated = [(outcome(finding, policy), finding) for finding in findings]
    return min(rated, key=lambda pair: ORDER.index(pair[0]))
