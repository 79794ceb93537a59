"""A meter and its metric, added in one file of a user's: measured, gated, and a column."""

from __future__ import annotations

import pytest
from fakes.project import conftest, suite

from tests.plugin.conftest import Project

ENERGY = """
from harness.extending import Figure, Metric, Stage, add_metric, ratio_metric, ratio_of

ENERGY = Figure(name="energy_J", unit="J", title="energy")


@harness.meter("energy", stage="probe", figures=[ENERGY])
def energy(session):
    times = session.worker.time(5)
    error = abs(session.evaluation.outputs - session.evaluation.reference_outputs).max()
    bits = 8 if error > 0.001 else 32
    yield ENERGY.measured(0.001 * bits * len(times), n=len(times))


add_metric(Metric(name="energy", title="energy", figure=ENERGY, stage=Stage.PROBE, own_units={"J": 1.0, "mJ": 0.001}))
add_metric(ratio_metric(ratio_of(ENERGY), Stage.PROBE, "energy"))
"""
LIMITS = [("*", {"energy": "100 mJ", "energy_ratio": "0.2 x"})]
FP32, INT8 = "linear/fp32/fakert/local", "linear/int8_static/fakert/local"


def test_it_is_measured_gated_and_a_column(project: Project) -> None:
    project.write("conftest.py", conftest(ENERGY))
    project.write("test_s.py", suite(metrics=["energy", "energy_ratio"], budgets=LIMITS))

    result = project.run()

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert project.verdicts() == {
        (FP32, "energy", "budget"): "over_budget",
        (INT8, "energy", "budget"): "pass",
        (FP32, "energy_ratio", "budget"): "reported",
        (INT8, "energy_ratio", "budget"): "over_budget",
    }
    reasons = {(one["cell"], one["metric"]): one["reason"] for one in project.results()["findings"]}
    assert reasons[FP32, "energy"] == "energy over budget: fp32 on fakert has 0.16 J, limit 100 mJ"
    assert reasons[INT8, "energy_ratio"] == (
        "energy over budget: int8_static on fakert takes 0.250 x fp32's (0.04 J of 0.16 J), limit 0.2 x"
    )
    report = (project.folder / "reports/latest/report.md").read_text(encoding="utf-8")
    heading = next(line for line in report.splitlines() if "verdict" in line and line.startswith("|"))
    assert {"energy", "energy/fp32"} <= {cell.strip() for cell in heading.split("|")}


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        pytest.param(
            "raise RuntimeError('no sensor')", "meter 'energy' failed: RuntimeError: no sensor", id="it raises"
        ),
        pytest.param("raise ValueError('no sensor')", "error(measure): no sensor", id="it says why"),
        pytest.param("session.worker.ask('explode')", "error(run)", id="it breaks the worker"),
        pytest.param(
            "yield __import__('dataclasses').replace(ENERGY.measured(1.0), unit='mJ')",
            "meter 'energy' gives energy_J in mJ; its unit is J",
            id="another unit",
        ),
        pytest.param("yield ENERGY.measured(float('nan'))", "meter 'energy' gives energy_J = nan", id="no number"),
        pytest.param("return; yield", "energy_J was not measured", id="nothing"),
    ],
)
def test_a_meter_that_breaks_ends_its_cell_with_the_reason(project: Project, broken: str, says: str) -> None:
    head, _, rest = ENERGY.partition("    times = ")
    body = head + f"    {broken}\n" + rest[rest.index("\n\n\nadd_metric") :]
    project.write("conftest.py", conftest(body))
    project.write("test_s.py", suite(metrics=["energy"], recipes=["fp32"], budgets=[("*", {"energy": "1 J"})]))

    project.run()

    (finding,) = project.results()["findings"]
    assert finding["verdict"] == "error"
    assert says in finding["reason"]


def test_without_its_meter_nothing_passes(project: Project) -> None:
    project.write(
        "conftest.py", conftest(ENERGY.replace('@harness.meter("energy", stage="probe", figures=[ENERGY])', ""))
    )
    project.write("test_s.py", suite(metrics=["energy"], recipes=["fp32"], budgets=[("*", {"energy": "1 J"})]))

    project.run()

    assert set(project.verdicts().values()) == {"error"}
