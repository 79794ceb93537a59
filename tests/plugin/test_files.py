"""Files as models and as artifacts in a user's project: several processes, baselines, reports, and what is read again of them."""

from __future__ import annotations

import pytest
from fakes.files import DATA_SET, INPUT_SCALE, INPUT_ZERO, write_onnx
from fakes.project import conftest

from harness.cli.main import main
from harness.store.model_files import files_sha256
from harness.store.results import read_results
from tests.plugin.conftest import Project

pytestmark = [pytest.mark.runtimes, pytest.mark.slow]

pytest.importorskip("xdist", reason="pytest-xdist is an extra of the tests")

FILES = """
harness.model("cube", file="my models/cube.onnx", dataset="cubes")
for name, claims, inputs in (
    ("vendor", "int8_static", {"x": harness.InFile(layout="NCHW->NHWC", scale=SCALE, zero_point=ZERO)}),
    ("mislabelled", "fp32", {}),
):
    harness.artifact(
        name, model="cube", runtime="onnxruntime", file=f"my models/{name}.onnx", claims=claims, inputs=inputs
    )
"""
SUITE = """
import harness

test_cells = harness.suite(
    models=["cube"],
    recipes=["fp32", "vendor", "mislabelled"],
    runtimes=["onnxruntime"],
    budgets=[("*", dict(accuracy_drop="5 pp", size_ratio="1.5 x"))],
)
"""


@pytest.mark.parametrize(
    "processes", [pytest.param((), id="one"), pytest.param(("-n", "2"), id="several", marks=pytest.mark.nightly)]
)
def test_a_project_of_files_alone(
    project: Project, capsys: pytest.CaptureFixture[str], processes: tuple[str, ...]
) -> None:
    folder = project.folder / "my models"
    folder.mkdir()
    write_onnx(folder / "cube.onnx")
    vendor = write_onnx(folder / "vendor.onnx", int8=True, integer_input=True, layout="NHWC")
    write_onnx(folder / "mislabelled.onnx", int8=True)
    registering = FILES.replace("SCALE", str(INPUT_SCALE)).replace("ZERO", str(INPUT_ZERO))
    path = project.write("conftest.py", conftest(DATA_SET, registering))
    project.write("suites/test_s.py", SUITE)

    assert project.run("suites", *processes, "--harness-update").ret == pytest.ExitCode.TESTS_FAILED
    failed = {key for key, verdict in project.verdicts().items() if verdict == "over_budget"}
    assert {(cell.split("/")[1], metric) for cell, metric, _ in failed} == {("mislabelled", "fp32_share")}
    (baseline,) = (project.folder / "baselines").rglob("cube.json")
    assert "vendor" in baseline.read_text(encoding="utf-8")

    record = read_results(project.folder / "reports/latest")
    provenance = {one.cell.recipe: one.artifact.provenance for one in record.cells if one.artifact is not None}
    assert provenance["vendor"].file_sha256 == files_sha256(vendor)
    assert provenance["fp32"].file_sha256 == files_sha256(folder / "cube.onnx")
    assert provenance["fp32"].adaptations is None
    adaptations = provenance["vendor"].adaptations
    assert adaptations is not None
    (taken,) = adaptations.inputs
    assert (taken.order, taken.dtype, taken.scale, taken.zero_point) == ((1, 2, 0), "int8", INPUT_SCALE, INPUT_ZERO)

    assert main(["report", str(project.folder / "reports/latest")]) == 0
    assert "mislabelled" in capsys.readouterr().out
    assert main(["list", "models", "--conftest", str(path)]) == 0
    assert ["cube", "onnx", "cubes", "top1"] in [line.split() for line in capsys.readouterr().out.splitlines()]
    assert main(["list", "recipes", "--conftest", str(path)]) == 0
    assert ["vendor", "given", "-"] in [line.split() for line in capsys.readouterr().out.splitlines()]
