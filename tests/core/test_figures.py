"""Figures are constants: nobody else writes their names, and each stands in one place with its unit and direction."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.registries import of_task_metric

import harness.errors
from harness.core.figure import Better, Column, Figure, Figures, figures, ratio_of
from harness.core.figures import LATENCY, MEMORY_RATIO, SIZE, SIZE_RATIO
from harness.core.measurement import Measurement
from harness.core.metrics import METRICS
from harness.errors import ContractError

PACKAGE = Path(harness.errors.__file__).parent
OWN_WORDS = {
    "core/figures.py": "where they stand",
    "store/artifacts.py": "keys of an artifact's card",
    "worker/program.py": "a worker's answers; it knows nothing of ours",
    "worker/process.py": "a worker's answers",
    "pipeline/workers.py": "a worker's answers",
}
"""Files whose texts are keys of something else; so are all run sides, which import nothing of ours."""
KEYS = {figure.name for figure in figures} - set(METRICS)
"""A ratio's figure has the name of its metric, which is what budgets and promises write."""


def written_names(source: str) -> Iterator[str]:
    """Every figure's name that stands as a text of its own in *source*."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and node.value in KEYS:
            yield f"line {node.lineno}: {node.value}"


def test_no_figure_is_written_as_a_text() -> None:
    written = {
        path.relative_to(PACKAGE).as_posix(): list(written_names(path.read_text(encoding="utf-8")))
        for path in PACKAGE.rglob("*.py")
        if path.name != "run_side.py"
    }

    assert {name: lines for name, lines in written.items() if lines and name not in OWN_WORDS} == {}


def test_a_planted_text_is_seen() -> None:
    source = 'accuracy = result.measurements["accuracy_fraction"]\nlimits = {"size_ratio": "1 x"}'

    assert list(written_names(source)) == ["line 1: accuracy_fraction"]


def test_a_figure_makes_measurements_of_itself() -> None:
    assert SIZE.measured(12) == Measurement(name="size_bytes", value=12, unit="bytes")
    assert LATENCY.measured(5.0, n=9, interval=(4.0, 6.0)) == Measurement(
        name="latency_p50_ns_per_inference", value=5.0, unit="ns", n=9, interval=(4.0, 6.0)
    )


@pytest.mark.parametrize(
    ("figure", "name", "title"),
    [
        pytest.param(ratio_of(SIZE), "size_ratio", "size/fp32", id="made of the figure"),
        pytest.param(ratio_of(Figure(name="load_ns", unit="ns", title="load")), "load_ratio", "load/fp32", id="a time"),
        pytest.param(
            ratio_of(LATENCY, name="latency_ratio", title="time/fp32"), "latency_ratio", "time/fp32", id="given"
        ),
    ],
)
def test_ratios(figure: Figure, name: str, title: str) -> None:
    assert (figure.name, figure.title, figure.unit, figure.better) == (name, title, "ratio", Better.LOWER)
    assert figure.of is not None and MEMORY_RATIO.of is not None
    assert SIZE_RATIO.of == SIZE


@pytest.mark.parametrize(
    ("name", "unit", "fits"),
    [
        ("energy_J", "J", True),
        ("latency_p50_ns_per_inference", "ns", True),
        ("load_ns", "ns", True),
        ("sqnr_db", "dB", True),
        ("flips_count", "samples", True),
        ("energy", "J", False),
        ("energy_mJ", "J", False),
        ("energy_ns_per_inference", "J", False),
    ],
)
def test_a_name_ends_in_its_unit(name: str, unit: str, fits: bool) -> None:
    registry = Figures("figure")
    if fits:
        registry.add(Figure(name=name, unit=unit))
        assert name in registry
    else:
        with pytest.raises(ContractError, match=f"figure '{name}' .* must end in its unit, '_{unit}'"):
            registry.add(Figure(name=name, unit=unit))


def test_columns_stand_in_the_order_of_registration() -> None:
    registry = Figures("figure")
    for name in ("b_ns", "a_ns"):
        registry.add(Figure(name=name, unit="ns", title=name))

    assert [figure.name for figure in registry.in_order()] == ["b_ns", "a_ns"]


def test_what_has_no_title_has_no_column() -> None:
    assert [
        figure.name
        for figure in figures
        if not of_task_metric(figure) and (figure.title == "") != (figure.column is Column.NEVER)
    ] == []
