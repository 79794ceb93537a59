"""What a suite file writes: a suite, whose budgets are its gates; or a matrix, and tests that each gate on a metric."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from harness.core.budgets import Budgets
from harness.core.matrix import Matrix
from harness.core.metrics import metric_named
from harness.judge.policy import parse_policy
from harness.pipeline.catalog import load_catalog

if TYPE_CHECKING:
    import pytest

Function = TypeVar("Function", bound=Callable[..., Any])


def budgets(*rows: tuple[str, Mapping[str, str]]) -> Budgets:
    """A table of limits: rows of ``(pattern, {metric: limit})``; a later row that fits overrides an earlier one.

    A pattern is ``model/recipe/runtime/target`` with shell wildcards; parts at the end may be left out. A limit is a
    number with a unit, such as ``"1 pp"``, ``"0.30 x"``, ``"5 ms"`` or ``"200 kB"``, or ``"report"`` to demand nothing.

    Raises:
        InvalidLimit: a limit without a unit or with a wrong one.
        UnknownName: a metric that does not exist; near matches are offered.
    """
    load_catalog()  # task metrics that ship bring budget keys
    return Budgets.parse(rows)


def suite(
    *,
    models: Sequence[str],
    recipes: Sequence[str],
    runtimes: Sequence[str],
    targets: Sequence[str] = ("local",),
    budgets: Budgets | Sequence[tuple[str, Mapping[str, str]]],
    required: Sequence[str] = (),
    baseline: bool = True,
    policy: Mapping[str, str] | None = None,
    marks: pytest.MarkDecorator | Sequence[pytest.MarkDecorator] = (),
) -> Callable[..., None]:
    """A test of every cell by every metric that a budget row names for it: the table is the list of gates.

    Give it a name that pytest collects, at the top level of a module: ``test_cells = harness.suite(...)``. Its items are
    ``test_cells[accuracy_drop-digits_cnn/int8_static/litert/local]``, cell by cell.

    Args:
        models, recipes, runtimes, targets: names; their product is the matrix.
        budgets: rows of ``(pattern, {metric: limit})``, see ``harness.budgets``. A key such as ``size_change`` belongs to
            the metrics that are compared with a baseline by it; ``placement`` holds in every case of a cell that names
            a provider.
        required: runtimes that must be available; otherwise their cells are errors instead of skips.
        baseline: whether figures are also held against baselines.
        policy: what open verdicts do to these tests, see ``harness.policy``.
        marks: pytest's marks for these tests, such as ``pytest.mark.nightly``.

    Raises:
        InvalidLimit, InvalidMatrix, InvalidPolicy, UnknownName: what is written can't be read.
    """
    import pytest

    load_catalog()
    parsed = Matrix.parse(
        models=models,
        recipes=recipes,
        runtimes=runtimes,
        targets=targets,
        budgets=budgets,
        required=required,
        baseline=baseline,
    )
    test = _placed_at_caller(_check_case)
    pytest.mark.harness_suite(parsed)(test)
    if policy is not None:
        pytest.mark.harness_policy(parse_policy(policy))(test)
    for mark in marks if isinstance(marks, Sequence) else [marks]:
        mark(test)
    return test


def _check_case(case: Any) -> None:
    __tracebackhide__ = True
    case.check()


def _placed_at_caller(function: Callable[..., None]) -> Callable[..., None]:
    """A copy of *function* that says it stands where ``harness.suite`` was called: pytest and IDEs name the user's file."""
    caller = sys._getframe(2)
    code: CodeType = function.__code__.replace(co_filename=caller.f_code.co_filename, co_firstlineno=caller.f_lineno)
    copy = FunctionType(code, function.__globals__, function.__name__)
    copy.__module__ = caller.f_globals["__name__"]
    copy.__annotations__ = {}
    return copy


def matrix(
    *,
    models: Sequence[str],
    recipes: Sequence[str],
    runtimes: Sequence[str],
    targets: Sequence[str] = ("local",),
    budgets: Budgets | Sequence[tuple[str, Mapping[str, str]]] = (),
    required: Sequence[str] = (),
    baseline: bool = True,
) -> pytest.MarkDecorator:
    """The mark that gives a module, class or function its cells and its limits.

    Args:
        models, recipes, runtimes, targets: names; their product is the matrix.
        budgets: the table of limits, see ``harness.budgets``.
        required: runtimes that must be available; otherwise their cells are errors instead of skips.
        baseline: whether figures are also held against baselines.

    Raises:
        InvalidMatrix: an empty side, a row that fits no cell, a name given twice.
    """
    import pytest  # here, so that child processes, which import harness too, do without

    load_catalog()
    parsed = Matrix.parse(
        models=models,
        recipes=recipes,
        runtimes=runtimes,
        targets=targets,
        budgets=budgets,
        required=required,
        baseline=baseline,
    )
    return pytest.mark.harness_matrix(parsed)


def policy(**verdicts: str) -> pytest.MarkDecorator:
    """The mark that says what a verdict between red and green does to a test, module or class, over the command line.

    Keys are ``inconclusive``, ``incomparable``, ``below_noise_floor``, ``no_baseline`` and ``unavailable``; values are
    ``warn``, ``skip`` and ``fail``. Of several marks the nearest to the test holds, verdict by verdict.

    Raises:
        InvalidPolicy: a key or a value that does not exist.
    """
    import pytest

    return pytest.mark.harness_policy(parse_policy(verdicts))


def gate(metric: str) -> Callable[[Function], Function]:
    """Mark a test that takes ``case`` as the gate on *metric*: one pytest item per cell of the module's matrix.

    Raises:
        UnknownName: a metric that does not exist; near matches are offered.
    """
    import pytest

    load_catalog()
    mark = pytest.mark.harness_gate(metric_named(metric))

    def decorate(function: Function) -> Function:
        marked: Function = mark(function)
        return marked

    return decorate
