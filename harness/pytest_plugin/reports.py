"""What the controlling process does with reports: words per verdict, the table, the files, the baselines."""

from __future__ import annotations

import datetime as dt
import platform
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from harness.core.baseline import CellBaseline
from harness.core.finding import Finding, Verdict
from harness.core.result import CellResult
from harness.core.run_record import RunInfo, RunRecord
from harness.errors import HarnessError
from harness.judge.policy import Outcome
from harness.pytest_plugin import options
from harness.pytest_plugin.collection import CASE_KEY
from harness.pytest_plugin.session import runs_items

SHOWN_VERSIONS = (
    "edge-harness",
    "pytest",
    "numpy",
    "torch",
    "onnx",
    "onnxruntime",
    "ai-edge-litert",
    "ai-edge-quantizer",
    "litert-torch",
    "torchao",
    "tensorflow",
    "keras",
    "openvino",
    "nncf",
    "executorch",
    "tensorrt-rtx-cu13",
)
CELL_ID = re.compile(r"\[[^/\]]+(/[^/\]]+){3}\]$")
"""The end of a case's node id: model/recipe/runtime/target."""
OWN_WORDS = {
    Verdict.REPORTED: ("reported", "r"),
    Verdict.INCONCLUSIVE: ("inconclusive", "i"),
    Verdict.NO_BASELINE: ("no_baseline", "n"),
    Verdict.INCOMPARABLE: ("incomparable", "c"),
    Verdict.BELOW_NOISE_FLOOR: ("below_noise_floor", "b"),
    Verdict.REGRESSED: ("regressed", "u"),
}
"""Category and letter of verdicts that leave a test green without being a pass."""


class Reports:
    """Gathers the cells and findings of all processes and writes what is left behind."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._started = _now()
        self._cells: dict[str, CellResult] = {}
        self._findings: list[Finding] = []
        self._held_to_baselines: dict[str, list[Finding]] = {}
        """By suite, for those that keep baselines."""
        self._planned: set[str] = set()
        self._received: set[str] = set()
        self._record: RunRecord | None = None
        self._lines: list[str] = []
        self._errors: list[str] = []
        self._summing_up = False

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what is going to run, and refuse a report folder that can't be written before anything is measured."""
        planned = [item for item in session.items if CASE_KEY in item.stash]
        if not planned or not runs_items(session):
            return
        self._try_folder()
        for item in planned:
            cell = item.stash[CASE_KEY].cell
            self._planned.add(item.nodeid)
            self._cells.setdefault(cell.id, CellResult(cell=cell))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: list[str]) -> None:
        """The same for what xdist's workers are going to run; of their items only the names are known here."""
        planned = [nodeid for nodeid in ids if CELL_ID.search(nodeid)]
        if planned and not self._planned:
            self._try_folder()
        self._planned.update(planned)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one item's cell and findings."""
        if report.when == "call" or report.outcome != "passed":
            self._received.add(report.nodeid)
        held: dict[str, Any] | None = getattr(report, "harness", None)
        if held is None:
            return
        from harness.store.results import cell_from_plain, finding_from_plain, merged

        findings = [finding_from_plain(plain) for plain in held["findings"]]
        self._findings += findings
        if held["baseline"]:
            self._held_to_baselines.setdefault(held["suite"], []).extend(findings)
        if held["cell"] is not None:
            result = cell_from_plain(held["cell"])
            before = self._cells.get(result.cell.id)
            self._cells[result.cell.id] = result if before is None else merged(before, result)

    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show the verdict: an inconclusive finding is no pass, whatever its policy makes of the test."""
        held: dict[str, Any] | None = getattr(report, "harness", None)
        if held is None or report.when != "call" or hasattr(report, "wasxfail"):
            return None
        verdict = Verdict(held["verdict"])
        word = verdict.upper().replace("_", " ")
        if report.failed:
            # An assertion beside the check fails a test whose verdict was good.
            return ("failed", "F", (word, {"red": True})) if held["outcome"] == Outcome.FAIL else None
        if report.skipped:
            # pytest's summary writes the word of the first skipped item before all others, whoever skipped them.
            return None if self._summing_up else ("skipped", "s", (word, {"yellow": True}))
        if verdict in OWN_WORDS:
            category, letter = OWN_WORDS[verdict]
            return category, letter, (word, {"yellow": verdict is not Verdict.REPORTED})
        return "passed", ".", (word, {"green": True})

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write baselines, where asked, and reports."""
        if not self._findings:
            return
        self._record = RunRecord(
            run=self._info(int(exitstatus)), cells=tuple(self._cells.values()), findings=tuple(self._findings)
        )
        if options.updating(self._config):
            with self._telling(session):
                if self._update() and session.exitstatus == pytest.ExitCode.OK:
                    session.exitstatus = pytest.ExitCode.TESTS_FAILED  # what was asked for was not done
        if not self._config.getoption("--harness-no-reports"):
            from harness.reporting.files import write_reports

            with self._telling(session):
                own = write_reports(self._record, self._folder())
                self._lines.append(f"reports: {own} and {self._folder() / 'latest'}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, where the files are, and what never ran."""
        self._summing_up = True
        missing = sorted(self._planned - self._received)
        if self._record is None and not missing:
            return
        terminalreporter.section("edge-harness")
        if self._record is not None:
            from harness.reporting.terminal import to_text

            terminalreporter.write_line(to_text(self._record))
            for finding in self._record.findings:
                if finding.verdict in OWN_WORDS and finding.verdict is not Verdict.REPORTED:
                    terminalreporter.write_line(f"{finding.cell}: {finding.reason}")
        if missing:
            terminalreporter.write_line(
                f"{len(missing)} planned items never ran, the first is {missing[0]}", yellow=True
            )
        for line in self._lines:
            terminalreporter.write_line(line)
        for error in self._errors:
            terminalreporter.write_line(f"ERROR: {error}", red=True)

    @contextmanager
    def _telling(self, session: pytest.Session) -> Iterator[None]:
        """Keep what goes wrong inside the block for the summary and the exit status; the rest goes on."""
        try:
            yield
        except HarnessError as err:
            self._errors.append(str(err))
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _folder(self) -> Path:
        return options.folder(self._config, "--harness-reports", "reports")

    def _try_folder(self) -> None:
        if self._config.getoption("--harness-no-reports"):
            return
        folder = self._folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".writable-{self._started.strftime('%H%M%S%f')}"
            probe.touch()
            probe.unlink()
        except OSError as err:
            raise pytest.UsageError(
                f"reports can't be written to {folder}: {err}. Choose another folder with --harness-reports DIR, "
                "or --harness-no-reports."
            ) from None

    def _info(self, exitstatus: int) -> RunInfo:
        from harness.pipeline.catalog import load_catalog
        from harness.pytest_plugin.session import SESSION_KEY
        from harness.targets.local_hardware import local_hardware

        load_catalog()  # where workers collected, this process did not; runtimes say which versions were tested
        noise = self._config.stash[SESSION_KEY].noise
        targets = sorted({result.cell.target for result in self._cells.values()})
        commit, dirty = _commit(self._config.rootpath)
        versions = {name: version for name in SHOWN_VERSIONS if (version := _version(name))}
        return RunInfo(
            id=self._started.strftime("%Y%m%d-%H%M%S-%f")[:-3],
            started=self._started.isoformat(timespec="seconds"),
            finished=_now().isoformat(timespec="seconds"),
            command=tuple(self._config.invocation_params.args),
            commit=commit,
            dirty=dirty,
            hardware=dict.fromkeys(targets, local_hardware()),
            python=platform.python_version(),
            versions=versions,
            threads=self._config.getoption("--harness-threads"),
            noise=dict.fromkeys(targets, noise.words) if noise is not None else {},
            exit_status=exitstatus,
        )

    def _update(self) -> bool:
        """Write what the run found to the baseline files; whether any figure was refused."""
        from harness.pytest_plugin.session import SESSION_KEY
        from harness.store.baselines import baseline_path

        refused = False
        for suite, findings in sorted(self._held_to_baselines.items()):
            by_cell: dict[str, list[Finding]] = {}
            for finding in findings:
                by_cell.setdefault(finding.cell, []).append(finding)
            for model in sorted({self._cells[cell].cell.model for cell in by_cell}):
                of_model = {cell: by_cell[cell] for cell in sorted(by_cell) if self._cells[cell].cell.model == model}
                path = baseline_path(self._config.stash[SESSION_KEY].baselines, suite, model)
                refused |= self._update_file(path, suite, model, of_model)
        return refused

    def _update_file(self, path: Path, suite: str, model: str, findings: Mapping[str, list[Finding]]) -> bool:
        from harness.store.acceptance import accept
        from harness.store.baselines import read_baselines, update_baselines

        assert self._record is not None
        held = read_baselines(path)
        changed: dict[str, CellBaseline] = {}
        lines: list[str] = []
        for cell, of_cell in findings.items():
            accepted = accept(
                self._cells[cell],
                of_cell,
                held.get(cell, {}),
                reason=self._config.getoption("--harness-reason"),
                commit=self._record.run.commit,
                date=self._record.run.finished[:10],
                only_new=not self._config.getoption("--harness-update"),
            )
            lines += accepted.lines
            if accepted.figures:
                changed[cell] = accepted.figures
        if changed:
            update_baselines(path, suite, model, changed)
        self._lines += [*lines, f"baselines: {path}: {sum(map(len, changed.values()))} figures recorded"]
        return any(line.startswith("refused") for line in lines)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _commit(folder: Path) -> tuple[str, bool]:
    """The commit that *folder* is at and whether files differ from it; empty outside a git checkout."""
    try:
        head = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False
        )
        status = subprocess.run(
            ["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "", False
    return (head.stdout.strip(), bool(status.stdout.strip())) if head.returncode == 0 else ("", False)
