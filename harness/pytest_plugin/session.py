"""What one pytest process holds: the run, made when the first case asks for it, and the baselines it reads."""

from __future__ import annotations

import os
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest

from harness.core.baseline import CellBaseline
from harness.core.environment import Hardware
from harness.core.matrix import Case
from harness.core.noise import NoiseProfile
from harness.errors import TargetError, UnknownName
from harness.pipeline.run import Run
from harness.pipeline.settings import Settings, default_cache
from harness.pytest_plugin import options
from harness.registries import targets
from harness.store.baselines import baseline_path, read_baselines
from harness.store.scratch import scratch_folder


class HarnessSession:
    """The run of this process and its baselines."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._run: Run | None = None
        self._resources = ExitStack()
        self._noise: dict[Hardware, NoiseProfile | None] = {}
        self._baselines: dict[Path, dict[str, CellBaseline]] = {}
        self.policy = options.policy(config)
        self.first_told: dict[tuple[str, str], str] = {}
        """The item that told a failing reason of a cell in full, by cell and reason."""
        self.announce = False
        """Whether this is between items, where nothing captures the output."""

    @property
    def run(self) -> Run:
        """The run, made at first use."""
        if self._run is None:
            named = self._config.getoption("--harness-cache")
            settings = Settings(
                cache=Path(self._config.invocation_params.dir, named) if named else default_cache(),
                scratch=self._resources.enter_context(scratch_folder()),
                threads=self._config.getoption("--harness-threads"),
                evaluation_jobs=self._config.getoption("--harness-evaluation-jobs"),
                jobs=self._config.getoption("--harness-jobs") or os.cpu_count() or 1,
                reuse_s=options.reuse_s(self._config),
                worker_timeout_s=self._config.getoption("--harness-timeout"),
                build_timeout_s=self._config.getoption("--harness-build-timeout"),
                memory_limit_bytes=options.memory_limit(self._config),
            )
            self._run = Run(settings, self.baseline_of, self.tell, self.noise_of)
        return self._run

    def hardware_of(self, target: str) -> Hardware | None:
        """The hardware class of *target*; None when it can't be reached, or is registered in another process only."""
        try:
            return targets.get(target).hardware()
        except (TargetError, UnknownName):
            return None

    def noise_of(self, target: str) -> NoiseProfile | None:
        """What is known of the hardware class of *target*; None when nobody calibrated it, or it can't be reached.

        Raises:
            CalibrationError: its file can't be read.
        """
        hardware = self.hardware_of(target)
        return None if hardware is None else self.noise_on(hardware)

    def noise_on(self, hardware: Hardware) -> NoiseProfile | None:
        """What is known of *hardware*, read once.

        Raises:
            CalibrationError: its file can't be read.
        """
        from harness.store.noise_profiles import read_noise

        if hardware not in self._noise:
            self._noise[hardware] = read_noise(self.baselines, hardware)
        return self._noise[hardware]

    def baseline_of(self, case: Case) -> CellBaseline:
        """The stored figures of *case*'s cell.

        Raises:
            BaselineError: its file can't be read.
        """
        if not case.baseline:
            return {}
        path = baseline_path(self.baselines, case.suite, case.cell.model)
        if path not in self._baselines:
            self._baselines[path] = read_baselines(path)
        return self._baselines[path].get(case.cell.id, {})

    @property
    def baselines(self) -> Path:
        """The folder of the baseline files."""
        return options.folder(self._config, "--harness-baselines", "baselines")

    def tell(self, line: str) -> None:
        """Print one line of progress, where there is a terminal; inside an item past what captures its output."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            return
        if self.announce:
            reporter.write_line(f"edge-harness: {line}")
            return
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            reporter.ensure_newline()
            reporter.write_line(f"edge-harness: {line}")

    def close(self) -> None:
        """Remove what only this run needed, and let go of the targets."""
        for target in targets:
            target.close()
        self._resources.close()


SESSION_KEY = pytest.StashKey[HarnessSession]()
CASE_KEY = pytest.StashKey[Case]()


def runs_items(session: pytest.Session) -> bool:
    """Whether collected items are going to run: not when only listed, nor after an error of collection."""
    option = session.config.option
    return not option.collectonly and (not session.testsfailed or bool(option.continue_on_collection_errors))
