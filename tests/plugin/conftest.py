"""A user's project in a temporary folder, with the fakes in place of engines."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

QUIET_PLUGINS = ("hypothesispytest", "anyio", "cov", "timeout", "jaxtyping", "platformdirs")
"""Plugins that no test here is about; they cost half a second in every child."""


class Project:
    """A user's project: write files, run pytest in it, read what it left."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        self.folder = pytester.path

    def write(self, name: str, text: str) -> Path:
        """Write *text* to the file *name*, folders included."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments: str, junit: bool = True) -> pytest.RunResult:
        """Run pytest in this process, where engines' children are still processes of their own."""
        return self._pytester.runpytest_inprocess(*self._arguments(arguments, junit))

    def run_apart(self, *arguments: str, junit: bool = True) -> pytest.RunResult:
        """Run pytest in a process of its own."""
        return self._pytester.runpytest_subprocess(*self._arguments(arguments, junit), timeout=60)

    def results(self) -> dict[str, Any]:
        """The last run's ``results.json``."""
        document: dict[str, Any] = json.loads((self.folder / "reports/latest/results.json").read_text(encoding="utf-8"))
        return document

    def verdicts(self, against: str | None = None) -> dict[tuple[str, str, str], str]:
        """The last run's verdicts by cell, metric and what was judged against."""
        return {
            (f["cell"], f["metric"], f["against"]): f["verdict"]
            for f in self.results()["findings"]
            if against in (None, f["against"])
        }

    def junit(self) -> dict[str, ElementTree.Element]:
        """The last run's JUnit test cases by name."""
        root = ElementTree.parse(self.folder / "junit.xml").getroot()
        return {str(case.get("name")): case for case in root.iter("testcase")}

    def baseline(self, suite: str = "s", model: str = "linear") -> Path:
        """The path of a baseline file."""
        return self.folder / "baselines" / suite / f"{model}.json"

    def _arguments(self, arguments: tuple[str, ...], junit: bool) -> list[str]:
        return [*(["--junitxml=junit.xml"] if junit else []), *arguments]


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact cache for all tests: what one built, the next finds."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def native_modules() -> None:
    """Load what can't be loaded twice: pytester forgets the modules that a run in this process imported."""
    for name in ("execnet", "filelock", "msgspec", "numpy.fft", "numpy.random", "scipy.stats", "tabulate"):
        importlib.import_module(name)


@pytest.fixture
def project(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    shared_cache: Path,
    native_modules: None,
    only_shipped: None,
) -> Project:
    """An empty project; CI is not set, the cache is shared."""
    from fakes.own_locks import use_own_locks
    from fakes.project import conftest, python_path

    use_own_locks(monkeypatch, tmp_path_factory)

    for name in ("CI", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)  # whoever runs these tests, the project is run by nobody
    monkeypatch.setenv("EDGE_HARNESS_CACHE", str(shared_cache))
    monkeypatch.setenv("PYTHONPATH", python_path())
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in QUIET_PLUGINS))
    made = Project(pytester)
    made.write("conftest.py", conftest())
    return made


@pytest.fixture
def only_shipped() -> Iterator[None]:
    """Registries as they ship, and as they were afterwards: projects run in this process register in them."""
    from fakes.registries import only_shipped

    with only_shipped():
        yield
