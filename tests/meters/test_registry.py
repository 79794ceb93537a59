"""Meters: what is refused when one is registered, who measures what, and which ratios are divided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fakes.registries import core_metrics, only_shipped

from harness.core.figure import Figure, figures, ratio_of
from harness.core.figures import LATENCY_RATIO, SIZE, SIZE_RATIO
from harness.core.measurement import Measurement
from harness.core.metric import Metric, Stage
from harness.core.metrics import METRICS, add_metric, ratio_metric
from harness.core.problem import CellProblem, Phase
from harness.errors import ContractError, DuplicateName
from harness.meters.ratios import ratio_measurements
from harness.meters.registry import FunctionMeter, add_meter, measure, meters, quotients

ENERGY = Figure(name="energy_J", unit="J", title="energy")


@pytest.fixture(autouse=True)
def shipped() -> Iterator[None]:
    with only_shipped():
        yield


def energy(subject: Any) -> Iterable[Measurement]:
    return [ENERGY.measured(subject)]


def meter(**changed: Any) -> FunctionMeter:
    return FunctionMeter(
        **{"name": "energy", "stage": Stage.ARTIFACT, "figures": (ENERGY,), "measure": energy, **changed}
    )


def only(added: FunctionMeter) -> None:
    """Leave no other meter."""
    meters._entries.clear()
    add_meter(added)


def test_a_meter_brings_its_figures() -> None:
    add_meter(meter())
    add_meter(meter())  # the same file read again

    assert meters.get("energy").name == "energy"
    assert figures.get("energy_J").source.path == __file__


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"stage": "later"}, "stage 'later' is not one of artifact, probe, timing", id="no stage"),
        pytest.param({"figures": ()}, "its figures must be one Figure or more", id="no figure"),
        pytest.param({"figures": ("energy_J",)}, "its figures must be one Figure or more", id="a text for a figure"),
        pytest.param({"figures": (Figure(name="energy", unit="J"),)}, "must end in its unit, '_J'", id="no unit"),
    ],
)
def test_what_is_no_meter_is_refused_where_it_is_registered(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ContractError, match=r"energy.*test_registry") as caught:
        add_meter(meter(**changed))

    assert says in str(caught.value)
    assert "energy" not in meters


def test_a_figure_of_another_meaning_is_refused() -> None:
    with pytest.raises(DuplicateName, match="figure 'size_bytes' is registered twice"):
        add_meter(meter(figures=(Figure(name="size_bytes", unit="bytes", title="mine"),)))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    only(meter())

    with pytest.raises(ValueError, match=f"meter 'energy' gives energy_J = {value}"):
        measure(Stage.ARTIFACT, value)


@pytest.mark.parametrize("stage", Stage)
def test_only_meters_of_the_stage_measure(stage: Stage) -> None:
    only(meter(stage=Stage.PROBE))

    assert measure(stage, 3.0) == ({"energy_J": ENERGY.measured(3.0)} if stage is Stage.PROBE else {})


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        pytest.param(RuntimeError("no sensor"), ValueError, "meter 'energy' failed: RuntimeError: no sensor", id="any"),
        pytest.param(ValueError("no sensor"), ValueError, "no sensor", id="a sentence of its own"),
        pytest.param(CellProblem.error(Phase.RUN, "died"), CellProblem, "died", id="the worker broke"),
    ],
)
def test_what_a_meter_raises_ends_the_cell(error: Exception, kind: type[Exception], says: str) -> None:
    def broken(subject: Any) -> Iterable[Measurement]:
        raise error

    only(meter(measure=broken))

    with pytest.raises(kind) as caught:
        measure(Stage.ARTIFACT, 1.0)
    assert str(caught.value) == says


def test_another_unit_is_refused() -> None:
    only(meter(measure=lambda subject: [Measurement(name="energy_J", value=1.0, unit="mJ")]))

    with pytest.raises(ValueError, match="meter 'energy' gives energy_J in mJ; its unit is J"):
        measure(Stage.ARTIFACT, 1.0)


def test_ratios_are_divided_unless_a_meter_measures_them() -> None:
    assert SIZE_RATIO in quotients(Stage.ARTIFACT)
    assert LATENCY_RATIO not in quotients(Stage.TIMING), "times of two runs are never divided"
    add_metric(ratio_metric(ratio_of(ENERGY), Stage.TIMING, "energy"))
    assert [figure.name for figure in quotients(Stage.TIMING)] == ["energy_ratio"]


@pytest.mark.parametrize(
    ("ours", "theirs", "zero", "ratio"),
    [
        (1.0, 4.0, False, 0.25),
        (0.0, 4.0, False, None),
        (0.0, 4.0, True, 0.0),
        (1.0, 0.0, True, None),
        (None, 4.0, True, None),
        (1.0, None, True, None),
    ],
)
def test_ratios(ours: float | None, theirs: float | None, zero: bool, ratio: float | None) -> None:
    figure = Figure(name="energy_J", unit="J", title="energy", zero_is_measured=zero)
    both = [{} if value is None else {"energy_J": figure.measured(value)} for value in (ours, theirs)]

    divided = ratio_measurements([ratio_of(figure), SIZE], *both)

    assert [one.value for one in divided] == ([] if ratio is None else [ratio])


def test_every_gated_figure_has_a_meter_or_is_compared_with_other_cells() -> None:
    measured = {figure.name for meter in meters for figure in meter.figures}
    divided = {figure.name for stage in Stage for figure in quotients(stage)}
    companions = {metric.figure.name for metric in METRICS.values() if metric.companion is not None}

    # Figures of task metrics are measured where a model is judged by one of them, as tests/plugin/test_task_metrics.py shows.
    gated = {metric.figure.name for metric in core_metrics().values()}
    assert gated == measured & gated | divided | companions


def test_a_metric_is_known_where_it_was_added() -> None:
    metric = add_metric(Metric(name="energy", title="energy", figure=ENERGY, stage=Stage.PROBE))

    assert METRICS["energy"] == metric
    assert metric.source.path == figures.get("energy_J").source.path == __file__
    assert dict(metric.units) == {"J": 1.0}
    with pytest.raises(DuplicateName, match=r"metric 'size_change' .* has the name of a change"):
        add_metric(Metric(name="size_change", title="x", figure=ENERGY, stage=Stage.PROBE))
