"""Command-line options, each named ``--harness-...``."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.limits import parse_limit
from harness.core.metrics import METRICS
from harness.errors import InvalidLimit, UnknownName
from harness.judge.policy import CHOICES, LENIENT, STRICT, Outcome, Policy


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the group ``edge-harness``."""
    group = parser.getgroup("edge-harness", "compressed models: accuracy, size, latency, memory")
    group.addoption("--harness-cache", metavar="DIR", help="artifact cache (default: the user's cache folder)")
    group.addoption("--harness-data", metavar="DIR", help="folder with data sets that don't come with the harness")
    group.addoption("--harness-baselines", metavar="DIR", help="baseline files (default: ROOT/baselines)")
    group.addoption("--harness-reports", metavar="DIR", help="report folder (default: ROOT/reports)")
    group.addoption(
        "--harness-nightly", action="store_true", help="run cells marked nightly too; without it -m has to name them"
    )
    group.addoption(
        "--harness-columns",
        default="",
        metavar="NAMES",
        help="figures of the terminal's table, such as size,latency_ratio; or all (default: the gated ones that fit)",
    )
    group.addoption(
        "--harness-benchmark-json", metavar="FILE", help="write the latencies as a file of pytest-benchmark's"
    )
    group.addoption("--harness-no-reports", action="store_true", help="write no report files")
    group.addoption("--harness-threads", type=int, default=1, metavar="N", help="threads of every engine (default: 1)")
    group.addoption(
        "--harness-jobs", type=int, default=0, metavar="N", help="build processes at one time (default: cores)"
    )
    group.addoption(
        "--harness-evaluation-jobs",
        type=int,
        default=1,
        metavar="N",
        help="workers that share the evaluation samples of one cell (default: 1); results are the same",
    )
    group.addoption(
        "--harness-reuse-days",
        type=float,
        default=7.0,
        metavar="N",
        help="predictions of the same artifact on the same data by the same engine on this machine are used again for so many "
        "days (default: 7); latency and memory are always measured",
    )
    group.addoption("--harness-fresh", action="store_true", help="predict everything anew, whatever is kept")
    group.addoption(
        "--harness-timeout", type=float, default=300.0, metavar="S", help="seconds after which a worker counts as hung"
    )
    group.addoption(
        "--harness-build-timeout",
        type=float,
        default=1200.0,
        metavar="S",
        help="seconds that one build process may take",
    )
    group.addoption(
        "--harness-memory-limit",
        default="",
        metavar="SIZE",
        help="what a worker or build process may allocate, such as '2 GB' (default: no limit)",
    )
    group.addoption("--harness-update", action="store_true", help="write new and changed figures to the baselines")
    group.addoption(
        "--harness-update-new-only", action="store_true", help="write only figures that have no baseline yet"
    )
    group.addoption("--harness-reason", default="", metavar="TEXT", help="why worse figures are accepted as baselines")
    group.addoption(
        "--harness-update-in-ci", action="store_true", help="let an update run although CI is set in the environment"
    )
    group.addoption(
        "--harness-strict",
        action="store_true",
        help="what CI should use: whatever was not judged fails (inconclusive, incomparable, below the noise floor, no "
        "baseline, unavailable), unless an option below or a mark says otherwise",
    )
    for verdict, what in (
        ("inconclusive", "a finding that the evidence can't decide"),
        ("incomparable", "a baseline of another machine, version or data set"),
        ("unavailable", "a runtime that is not there"),
    ):
        usual = getattr(LENIENT, verdict)
        group.addoption(
            f"--harness-{verdict}",
            choices=CHOICES,
            default=None,
            help=f"what {what} does to its test (default: {usual}; fail with --harness-strict)",
        )
    group.addoption(
        "--harness-baseline-lenient",
        action="store_true",
        help="let a missing baseline pass with a warning also where CI is set",
    )


def in_ci() -> bool:
    """Whether this runs in CI, as CI services say it."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def updating(config: pytest.Config) -> bool:
    """Whether this run writes baselines."""
    return bool(config.getoption("--harness-update") or config.getoption("--harness-update-new-only"))


def policy(config: pytest.Config) -> Policy:
    """How this run takes the verdicts between red and green: what is said of one verdict outweighs strictness."""
    strict = bool(config.getoption("--harness-strict"))
    changes: dict[str, Outcome] = {}
    for verdict in ("inconclusive", "incomparable", "unavailable"):
        said = config.getoption(f"--harness-{verdict}")
        if said is not None:
            changes[verdict] = Outcome(said)
    if config.getoption("--harness-baseline-lenient"):
        changes["no_baseline"] = Outcome.WARN
    elif in_ci():
        changes["no_baseline"] = Outcome.FAIL
    return replace(STRICT if strict else LENIENT, updating=updating(config)).with_changes(changes)


def folder(config: pytest.Config, option: str, default: str) -> Path:
    """The folder that *option* names, or *default* below the root folder."""
    named = config.getoption(option)
    return Path(config.invocation_params.dir, named) if named else config.rootpath / default


def reports_folder(config: pytest.Config) -> Path:
    """Where report folders lie."""
    return folder(config, "--harness-reports", "reports")


def benchmark_file(config: pytest.Config) -> Path | None:
    """Where latencies go in pytest-benchmark's format; None when nobody asked."""
    named = config.getoption("--harness-benchmark-json")
    return Path(config.invocation_params.dir, named) if named else None


def check_columns(config: pytest.Config) -> None:
    """Refuse columns that are no figure, once the suites have registered theirs.

    Raises:
        pytest.UsageError: which, and near names.
    """
    names = config.getoption("--harness-columns")
    if names:
        from harness.reporting.columns import chosen

        try:
            chosen(names)
        except UnknownName as err:
            raise pytest.UsageError(f"--harness-columns: {err}") from None


def reuse_s(config: pytest.Config) -> float:
    """How old predictions may be to be used again, in seconds."""
    return 0.0 if config.getoption("--harness-fresh") else config.getoption("--harness-reuse-days") * 86_400.0


def memory_limit(config: pytest.Config) -> int:
    """Bytes that a process may allocate; 0 without a limit.

    Raises:
        pytest.UsageError: it is no size.
    """
    text = config.getoption("--harness-memory-limit")
    if not text:
        return 0
    try:
        return int(parse_limit("size", text, METRICS["memory"].units).value)
    except InvalidLimit as err:
        raise pytest.UsageError(f"--harness-memory-limit: {err}") from None


def check(config: pytest.Config) -> None:
    """Refuse options that can't be meant.

    Raises:
        pytest.UsageError: which one, and what to do.
    """
    for option in ("--harness-threads", "--harness-evaluation-jobs", "--harness-timeout", "--harness-build-timeout"):
        if config.getoption(option) <= 0:
            raise pytest.UsageError(f"{option} must be positive, not {config.getoption(option)}")
    if not config.getoption("--harness-reuse-days") >= 0:
        raise pytest.UsageError(
            f"--harness-reuse-days must not be negative: {config.getoption('--harness-reuse-days')}"
        )
    if config.getoption("--harness-jobs") < 0:
        raise pytest.UsageError(f"--harness-jobs must not be negative: {config.getoption('--harness-jobs')}")
    if updating(config) and in_ci() and not config.getoption("--harness-update-in-ci"):
        raise pytest.UsageError(
            "baselines are reviewed, and CI is set: update them on your machine and commit them, "
            "or add --harness-update-in-ci if this job is meant to."
        )
    memory_limit(config)
    data = config.getoption("--harness-data")
    if data and not Path(data).is_dir():
        raise pytest.UsageError(f"--harness-data {data}: no such folder")
