"""What happens in one item: measure, judge, and turn findings into pytest's outcome."""

from __future__ import annotations

import os
import shlex
from collections.abc import Generator
from pathlib import Path

import pytest

from harness.core.finding import CELL, PLACEMENT, PROMISE, Finding, Verdict
from harness.core.matrix import Case
from harness.core.metric import Metric
from harness.core.names import Cell
from harness.core.problem import Phase
from harness.errors import HarnessError
from harness.judge.policy import Outcome, Policy, outcome, outcome_of_all
from harness.pytest_plugin import options
from harness.pytest_plugin.session import CASE_KEY, SESSION_KEY, HarnessSession, runs_items

WRITING = ("--harness-update", "--harness-reason", "--harness-reports", "--harness-benchmark-json")
"""Options that are no part of measuring a cell again."""
REPEATS = "repeat"
"""The folder of the reports of repeated cells, below that of the run's: ``latest`` stays the run's."""
OF_THE_CELL = (CELL, PROMISE, PLACEMENT)
"""Findings that are the same for every gate of a cell."""
FINDINGS_KEY = pytest.StashKey[list[Finding]]()


class CaseHandle:
    """What a gate's test gets as ``case``."""

    def __init__(self, case: Case, request: pytest.FixtureRequest, session: HarnessSession) -> None:
        self._case = case
        self._request = request
        self._session = session

    @property
    def cell(self) -> Cell:
        """The cell that is judged."""
        return self._case.cell

    @property
    def metric(self) -> Metric:
        """The metric that is judged."""
        return self._case.metric

    def check(self) -> None:
        """Measure the cell, judge it, and fail, skip or pass by the verdict and the run's policy."""
        __tracebackhide__ = True
        item = self._request.node
        try:
            findings = self._session.run.judge(self._case)
        except HarnessError as err:
            findings = [
                Finding(
                    cell=self.cell.id,
                    metric=self.metric.name,
                    against=CELL,
                    verdict=Verdict.ERROR,
                    reason=str(err),
                    phase=Phase.MEASURE,
                )
            ]
        item.stash[FINDINGS_KEY] = findings
        policy = policy_of(item)
        what, decisive = outcome_of_all(findings, policy)
        if what is Outcome.FAIL:
            pytest.fail(_failing_lines(item, findings, policy), pytrace=False)
        if what is Outcome.SKIP:
            pytest.skip(decisive.reason)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> CaseHandle:
    """The cell and metric that this test gates on; call ``case.check()``."""
    parameter = getattr(request, "param", None)
    if not isinstance(parameter, Case):
        raise pytest.UsageError(
            f"{request.node.nodeid} takes 'case' outside a gate: mark it @harness.gate(...) in a module with a matrix."
        )
    return CaseHandle(parameter, request, request.config.stash[SESSION_KEY])


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Evaluate references and build all artifacts before the first item; under xdist each item sees to its own."""
    config = session.config
    if runs_items(session) and not hasattr(config, "workerinput"):
        cases = [item.stash[CASE_KEY] for item in session.items if CASE_KEY in item.stash]
        if cases:
            held = config.stash[SESSION_KEY]
            held.announce = True
            try:
                if config.getoption("maxfail") == 1:
                    held.run.build(
                        cases
                    )  # the first failure ends the run: what comes after it is not probed for nothing
                else:
                    held.run.prepare(cases)
            except HarnessError as err:
                raise pytest.UsageError(str(err)) from None
            finally:
                held.announce = False
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put findings and figures on the report, as plain values: they travel with it from xdist's workers."""
    report = yield
    case = item.stash.get(CASE_KEY, None)
    if case is None or call.when != "call":
        return report
    findings = item.stash.get(FINDINGS_KEY, [])
    if report.passed and not findings:
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} gates on {case.metric.name} but never called case.check(): nothing was judged."
        )
        return report
    if findings:
        _attach(report, item, case, findings)
        policy = policy_of(item)
        if report.passed and not hasattr(report, "wasxfail") and outcome_of_all(findings, policy)[0] is Outcome.FAIL:
            # The test caught what case.check() raised.
            report.outcome, report.longrepr = "failed", _failing_lines(item, findings, policy)
    return report


def policy_of(item: pytest.Item) -> Policy:
    """The policy of the command line, changed by the marks on *item*; the nearest mark has the last word."""
    policy = item.config.stash[SESSION_KEY].policy
    for mark in reversed(list(item.iter_markers("harness_policy"))):
        policy = policy.with_changes(mark.args[0])
    return policy


def _failing_lines(item: pytest.Item, findings: list[Finding], policy: Policy) -> str:
    """What failed, then what else was found of the case, and how to see it again."""
    failing = [finding for finding in findings if outcome(finding, policy) is Outcome.FAIL]
    others = [finding.reason for finding in findings if finding not in failing]
    causes = [_told_once(item, finding) for finding in failing]
    return "\n".join([*causes, *others, f"repeat: {_again(item)}"])


def _told_once(item: pytest.Item, finding: Finding) -> str:
    """The reason of *finding*; of a reason that another gate of the cell told in full, where to read it."""
    if finding.against not in OF_THE_CELL:
        return finding.reason
    told = item.config.stash[SESSION_KEY].first_told
    first = told.setdefault((finding.cell, finding.reason), item.nodeid)
    if first == item.nodeid:
        return finding.reason
    return f"{finding.reason.partition(':')[0]}: the cause is the cell's, told by {first.partition('::')[2]}"


def _again(item: pytest.Item) -> str:
    """The command that repeats this one cell with the options of this run, to be typed where pytest was started."""
    given = [str(argument) for argument in item.config.invocation_params.args]
    chosen: list[str] = []
    for place, argument in enumerate(given):
        name, equals, _ = argument.partition("=")
        if not name.startswith("--harness-") or name.startswith(WRITING):
            continue
        takes_value = not equals and not isinstance(item.config.getoption(name), bool)
        chosen += given[place : place + 2] if takes_value else [argument]
    return shlex.join(["pytest", _node(item), *chosen, *_own_reports(item.config)])


def _own_reports(config: pytest.Config) -> list[str]:
    """The option that keeps a repeated cell's reports apart from the run's."""
    if config.getoption("--harness-no-reports"):
        return []
    folder = options.reports_folder(config)
    own = folder if folder.name == REPEATS else folder / REPEATS
    return [f"--harness-reports={os.path.relpath(own, config.invocation_params.dir)}"]


def _node(item: pytest.Item) -> str:
    """The node id as pytest takes it where it was started, which may be a folder of the root."""
    path, _, rest = item.nodeid.partition("::")
    start = Path(item.config.invocation_params.dir)
    return f"{os.path.relpath(item.config.rootpath / path, start)}::{rest}"


def _attach(report: pytest.TestReport, item: pytest.Item, case: Case, findings: list[Finding]) -> None:
    import msgspec

    from harness.store.results import cell_to_plain

    session = item.config.stash[SESSION_KEY]
    result = session.run.results.get(case.cell)
    what, decisive = outcome_of_all(findings, policy_of(item))
    report.harness = {  # type: ignore[attr-defined]
        "suite": case.suite,
        "baseline": case.baseline,
        "findings": [msgspec.to_builtins(finding) for finding in findings],
        "cell": cell_to_plain(result) if result is not None else None,
        "verdict": str(decisive.verdict),
        "outcome": str(what),
    }
    properties: list[tuple[str, object]] = [("cell", case.cell.id), ("metric", case.metric.name)]
    for finding in findings:
        properties.append((f"verdict_{finding.against}", str(finding.verdict)))
        for name in ("value", "limit", "baseline"):
            value = getattr(finding, name)
            if value is not None:
                properties.append((f"{name}_{finding.against}", value))
    # JUnit files take the properties from the item's last report, which is the teardown's.
    item.user_properties.extend(properties)
    report.user_properties = list(item.user_properties)
