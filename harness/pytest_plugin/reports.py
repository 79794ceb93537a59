"""What the controlling process does with reports: gathers them, writes baselines and files, and prints the first screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.core.environment import Hardware
from harness.core.finding import Verdict
from harness.core.metric import Stage
from harness.core.run_record import RunInfo, RunRecord
from harness.errors import HarnessError
from harness.pytest_plugin import options
from harness.pytest_plugin.gathered import Gathered, cell_of
from harness.pytest_plugin.session import CASE_KEY, SESSION_KEY, runs_items
from harness.pytest_plugin.status import Status, legend, status_of
from harness.store.baselines import baseline_path
from harness.store.update import Update, UpdatePolicy, update_suite

if TYPE_CHECKING:
    from harness.reporting.document import Document

MOST_RECORDED = 20
"""Of the figures that an update wrote, so many are listed; ``git diff`` shows all."""


class Reports:
    """Gathers the cells and findings of all processes and writes what is left behind."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._started = _now()
        self._gathered = Gathered()
        self._update = Update()
        self._document: Document | None = None
        self._places: list[str] = []
        """Lines that say where what was written lies."""
        self._errors: list[str] = []
        self._summing_up = False

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what is going to run, and refuse what would fail only at the end, before anything is measured."""
        planned = [item for item in session.items if CASE_KEY in item.stash]
        if not planned or not runs_items(session):
            return
        self._check_options()
        for item in planned:
            self._gathered.plan(item.nodeid, item.stash[CASE_KEY])
        if self._config.getoption("benchmark_json", None) and any(_is_timed(item) for item in planned):
            self._say_where_latencies_are()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: list[str]) -> None:
        """The same for what xdist's workers are going to run; of their items only the names are known here."""
        planned = [nodeid for nodeid in ids if cell_of(nodeid)]
        if planned and not self._gathered.planned:
            self._check_options()
            if self._config.getoption("benchmark_json", None):
                self._say_where_latencies_are()
        self._gathered.plan_names(planned)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one item's cell and findings; say which cells xdist's workers are done with."""
        cell = self._gathered.receive(report)
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if cell and reporter is not None and hasattr(report, "node") and self._config.option.verbose == 0:
            reporter.ensure_newline()
            reporter.write_line(f"edge-harness: done {self._gathered.progress}: {cell}")

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Status | None:
        """Show the verdict: an inconclusive finding is no pass, whatever its policy makes of the test."""
        return status_of(report, summing_up=self._summing_up)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write baselines, where asked, and reports."""
        if not self._gathered.findings:
            return
        from harness.reporting.document import Document
        from harness.reporting.files import write_benchmarks, write_reports

        info = self._info(int(exitstatus))
        if options.updating(self._config):
            with self._noting_errors(session):
                self._update_baselines(info)
            if self._update.refused and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED  # what was asked for was not done
        cells, findings = tuple(self._gathered.cells.values()), tuple(self._gathered.findings)
        self._document = Document.of(RunRecord(run=info, cells=cells, findings=findings), self._update.judged)
        if not self._config.getoption("--harness-no-reports"):
            with self._noting_errors(session):
                own = write_reports(self._document, options.reports_folder(self._config))
                self._places.append(f"reports: {own} and {own.parent / 'latest'}")
        path = options.benchmark_file(self._config)
        if path is not None:
            with self._noting_errors(session):
                write_benchmarks(self._document, path)
                self._places.append(f"latencies for pytest-benchmark: {path}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, what is open, where the files are, what never ran, and what to do next."""
        self._summing_up = True
        missing = self._gathered.missing
        if self._document is None and not missing:
            return
        terminalreporter.section("edge-harness")
        if self._document is not None:
            self._print_document(terminalreporter, self._document)
        if missing:
            terminalreporter.write_line(
                f"{len(missing)} planned items never ran, the first is {missing[0]}", yellow=True
            )
        for line in (*_first_of(self._update.recorded), *self._update.files, *self._places):
            terminalreporter.write_line(line)
        for error in self._errors:
            terminalreporter.write_line(f"ERROR: {error}", red=True)
        for line in self._update.refused:
            terminalreporter.write_line(line, red=True)
        for line in self._last_lines():
            terminalreporter.write_line(line)

    def _print_document(self, reporter: pytest.TerminalReporter, document: Document) -> None:
        from harness.reporting.terminal import remarks, table_lines

        lines = [*table_lines(document, self._config.getoption("--harness-columns")), *remarks(document)]
        letters = legend(reporter.stats) if self._config.option.verbose <= 0 else ""
        for line in [*lines, *([letters] if letters else [])]:
            reporter.write_line(line)

    def _moved_suites(self) -> Iterator[str]:
        """A line for each baseline file that a suite without baselines may have left behind when it was moved."""
        from harness.store.moved_baselines import abandoned_baselines

        folder, root = self._config.stash[SESSION_KEY].baselines, self._config.rootpath
        for suite, findings in sorted(self._gathered.by_suite.items()):
            cells = {finding.cell for finding in findings if finding.verdict is Verdict.NO_BASELINE}
            for model in sorted({self._gathered.cells[cell].cell.model for cell in cells}):
                for path in abandoned_baselines(folder, root, suite, model, cells):
                    own = baseline_path(folder, suite, model)
                    yield f"edge-harness: {path} holds baselines of a suite that is gone; if it is {suite} now: git mv {path} {own}"

    def _last_lines(self) -> Iterator[str]:
        yield from self._moved_suites()
        if self._update.refused:
            refused, recorded = len(self._update.refused), len(self._update.recorded)
            yield f"edge-harness: {refused} figure{'s' if refused > 1 else ''} refused, {recorded} recorded"
        if self._document is not None:
            from harness.reporting.terminal import next_steps

            yield from next_steps(self._document)

    @contextmanager
    def _noting_errors(self, session: pytest.Session) -> Iterator[None]:
        """Keep what goes wrong inside the block for the summary and the exit status; the rest goes on."""
        try:
            yield
        except HarnessError as err:
            self._errors.append(str(err))
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _check_options(self) -> None:
        """Refuse columns that don't exist, and a folder that can't be written.

        Raises:
            pytest.UsageError: which, and what to do.
        """
        options.check_columns(self._config)
        if not self._config.getoption("--harness-no-reports"):
            _try_folder(options.reports_folder(self._config), self._started.strftime("%H%M%S%f"))

    def _say_where_latencies_are(self) -> None:
        self._places.append(
            "--benchmark-json holds no cells of edge-harness: --harness-benchmark-json FILE writes their latencies"
        )

    def _info(self, exitstatus: int) -> RunInfo:
        from harness.pipeline.catalog import load_catalog
        from harness.pipeline.run_info import commit_of, python_version, run_versions

        load_catalog()  # where workers collected, this process did not; runtimes say of which versions they are
        hardware, session = self._hardware(), self._config.stash[SESSION_KEY]
        noise = {target: profile.words for target, known in hardware.items() if (profile := session.noise_on(known))}
        commit, dirty = commit_of(self._config.rootpath)
        return RunInfo(
            id=self._started.strftime("%Y%m%d-%H%M%S-%f")[:-3],
            started=self._started.isoformat(timespec="seconds"),
            finished=_now().isoformat(timespec="seconds"),
            command=tuple(self._config.invocation_params.args),
            commit=commit,
            dirty=dirty,
            hardware=hardware,
            python=python_version(),
            versions=run_versions(),
            threads=self._config.getoption("--harness-threads"),
            noise=noise,
            exit_status=exitstatus,
        )

    def _hardware(self) -> dict[str, Hardware]:
        """The hardware class of each target, as its cells were measured on it; what was not, says it now, if it can."""
        hardware: dict[str, Hardware | None] = {}
        for cell in self._gathered.cells.values():
            measured = cell.environment.hardware if cell.environment is not None else None
            hardware[cell.cell.target] = hardware.get(cell.cell.target) or measured
        session = self._config.stash[SESSION_KEY]
        said = {target: known or session.hardware_of(target) for target, known in sorted(hardware.items())}
        return {target: known for target, known in said.items() if known is not None}

    def _update_baselines(self, info: RunInfo) -> None:
        """Write what the run found to the baseline files.

        Raises:
            BaselineError: a file can't be read or written; what was written before is noted.
        """
        folder = self._config.stash[SESSION_KEY].baselines
        policy = UpdatePolicy(
            reason=self._config.getoption("--harness-reason"),
            only_new=not self._config.getoption("--harness-update"),
        )
        for suite, findings in sorted(self._gathered.by_suite.items()):
            for update in update_suite(folder, suite, findings, self._gathered.cells, info, policy):
                self._update += update


def _is_timed(item: pytest.Item) -> bool:
    return item.stash[CASE_KEY].metric.stage is Stage.TIMING


def _first_of(lines: tuple[str, ...]) -> list[str]:
    """The first *lines*, and how many more there are."""
    more = len(lines) - MOST_RECORDED
    return [*lines[:MOST_RECORDED], *([f"and {more} more; git diff shows all"] if more > 0 else [])]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _try_folder(folder: Path, unique: str) -> None:
    """Make *folder* and a file in it.

    Raises:
        pytest.UsageError: one of both can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".writable-{unique}"
        trial.touch()
        trial.unlink()
    except OSError as err:
        raise pytest.UsageError(
            f"reports can't be written to {folder}: {err}. Choose another folder with --harness-reports DIR, "
            "or --harness-no-reports."
        ) from None
