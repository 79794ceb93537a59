"""From suites, or a module's matrix and gates, to pytest items: one per cell and metric."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from harness.core.matrix import Case, Matrix
from harness.core.metric import Metric
from harness.core.names import RuntimeName
from harness.core.noise import NoiseOf
from harness.errors import HarnessError, InvalidMatrix
from harness.judge.lint import lint
from harness.pipeline.catalog import load_catalog
from harness.pipeline.plan import check_names, declared_facts, refused_case
from harness.pytest_plugin.on_request import leave_out
from harness.pytest_plugin.session import CASE_KEY, SESSION_KEY

MARK_MEANING = "cells of this model, recipe, runtime or target"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test of ``harness.suite`` one item per cell and metric, a gate that takes ``case`` one per cell of its matrix."""
    suite = next((mark for mark in metafunc.definition.own_markers if mark.name == "harness_suite"), None)
    gate = metafunc.definition.get_closest_marker("harness_gate")
    mark = metafunc.definition.get_closest_marker("harness_matrix")
    if suite is None and gate is None and mark is None:
        return  # no suite of ours; ``case`` may be somebody else's fixture
    where = f"{metafunc.definition.path.name}::{metafunc.definition.originalname}"
    try:
        cases = _suite_cases(suite.args[0], where, metafunc) if suite else _gate_cases(gate, mark, where, metafunc)
    except HarnessError as err:
        raise pytest.Collector.CollectError(f"{metafunc.definition.path}: {err}") from None
    if cases:
        parameters = [
            pytest.param(
                case,
                id=f"{case.metric.name}-{case.cell.id}" if suite else case.cell.id,
                marks=_marks(case, metafunc.config),
            )
            for case in cases
        ]
        metafunc.parametrize("case", parameters, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Remember each item's case, and leave out what nobody asked for."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        case = callspec.params.get("case") if callspec is not None else None
        if isinstance(case, Case):
            item.stash[CASE_KEY] = case
    yield
    # Last, so that what -m and -k left out is not counted.
    leave_out(config, [item for item in items if CASE_KEY in item.stash], items)


def _check_gateless(gate: pytest.Mark | None, where: str, metafunc: pytest.Metafunc) -> None:
    """Refuse what would be green without looking: a gate that takes no case, a matrix that no test gates on."""
    if gate is not None:
        raise InvalidMatrix(
            f"{where} is a gate but does not take 'case', so it would judge nothing. Write it as f(case)."
        )
    if not _gated(metafunc):
        raise InvalidMatrix(
            f"{metafunc.definition.path.name} has a matrix, but none of its tests is a gate, so nothing would be enforced. "
            "Add @harness.gate('accuracy_drop') to a test that takes 'case'."
        )


def _suite_cases(matrix: Matrix, where: str, metafunc: pytest.Metafunc) -> list[Case]:
    """The cases of a suite: its table is the list of gates."""
    if "case" not in metafunc.fixturenames:
        raise InvalidMatrix(f"{where} is a harness.suite(...) inside a class. Put it at the top level of the module.")
    return _checked(matrix, lambda suite: matrix.cases(suite, where), metafunc)


def _gate_cases(
    gate: pytest.Mark | None, mark: pytest.Mark | None, where: str, metafunc: pytest.Metafunc
) -> list[Case]:
    """The cases of a gate on its module's or class's matrix; none for a test beside the gates."""
    if "case" not in metafunc.fixturenames:
        _check_gateless(gate, where, metafunc)
        return []
    if gate is None:
        raise InvalidMatrix(
            f"{where} takes 'case' but gates on nothing. Add @harness.gate('accuracy_drop') or another metric."
        )
    if mark is None:
        raise InvalidMatrix(f"{where} has a gate but no matrix. Add pytestmark = harness.matrix(...) to its module.")
    matrix: Matrix = mark.args[0]
    metric: Metric = gate.args[0]

    def cases(suite: str) -> list[Case]:
        matrix.check_gated(_gated(metafunc), metafunc.definition.path.name)
        return [matrix.case(suite, cell, metric) for cell in matrix.cells()]

    return _checked(matrix, cases, metafunc)


def _checked(matrix: Matrix, cases_of: Callable[[str], list[Case]], metafunc: pytest.Metafunc) -> list[Case]:
    """The cases that *cases_of* gives for the suite's name, with every name known and every limit one that can be held."""
    load_catalog()
    check_names(matrix)
    cases = cases_of(suite_name(metafunc.definition.path, metafunc.config.rootpath))
    _check_limits(cases, metafunc.config.stash[SESSION_KEY].noise_of, metafunc.definition.path.name)
    return cases


def _check_limits(cases: list[Case], noise_of: NoiseOf, where: str) -> None:
    """Refuse limits that can't be held on what is declared of the evaluation sets, or on the hardware of their target."""
    wrong: dict[str, list[str]] = {}
    for case in cases:
        refused = refused_case(case)
        for sentence in [refused] if refused else lint(case, declared_facts(case.cell), noise_of(case.cell.target)):
            wrong.setdefault(sentence, []).append(case.cell.id)
    if wrong:
        lines = [
            f"{sentence} ({cells[0]}{f' and {len(cells) - 1} more' if len(cells) > 1 else ''})"
            for sentence, cells in wrong.items()
        ]
        raise InvalidMatrix("\n".join([f"{where} has limits that can't be held:", *lines]))


def suite_name(path: Path, root: Path) -> str:
    """The suite's path below *root* without ``test_`` and ``.py``: two files of one name are two suites."""
    below = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
    return below.with_name(below.stem.removeprefix("test_")).as_posix()


def _gated(metafunc: pytest.Metafunc) -> set[str]:
    """Every metric that some test of the same matrix gates on: a class with a matrix of its own gates on that one alone."""
    classes = [value for value in vars(metafunc.module).values() if isinstance(value, type)]
    with_own = [part for part in classes if any(mark.name == "harness_matrix" for mark in _marks_of(part))]
    holders: list[Any] = [metafunc.module, *(part for part in classes if part not in with_own)]
    if metafunc.cls in with_own:
        holders = [metafunc.cls]
    metrics: set[str] = set()
    for holder in holders:
        inherited = holder.__mro__ if isinstance(holder, type) else [holder]
        for value in (value for part in inherited for value in vars(part).values()):
            for mark in _marks_of(value) if callable(value) else []:
                if mark.name == "harness_gate":
                    metrics.add(mark.args[0].name)
    return metrics


def _marks_of(marked: Any) -> list[pytest.Mark]:
    written: Any = getattr(marked, "pytestmark", [])  # a class may give one mark, or decorators in place of marks
    marks: list[Any] = written if isinstance(written, list) else [written]
    return [mark.mark if isinstance(mark, pytest.MarkDecorator) else mark for mark in marks]


def _marks(case: Case, config: pytest.Config) -> list[pytest.MarkDecorator]:
    """Marks that let ``-m`` select by model, recipe, step, runtime and target.

    A name that is a mark already gives none: a model called ``skip`` must not be skipped.
    """
    cell = case.cell
    names = {cell.model, cell.recipe, *cell.recipe.split("+"), RuntimeName.parse(cell.runtime).runtime, cell.target}
    known = config.getini("markers")
    reserved = {line.partition(":")[0].partition("(")[0].strip() for line in known if not line.endswith(MARK_MEANING)}
    free = sorted(names - reserved)
    for name in free:
        line = f"{name}: {MARK_MEANING}"
        if line not in known:
            config.addinivalue_line("markers", line)
    return [getattr(pytest.mark, name) for name in free]
