"""Which items there are, what they are called, and how they are chosen."""

from __future__ import annotations

from fakes.project import suite

from tests.plugin.conftest import Project

CLASSES = """
import harness

pytestmark = harness.matrix(
    models=["linear"], recipes=["fp32", "fp16"], runtimes=["fakert"], budgets=[("*", dict(size="20 kB"))]
)


class TestSizes:
    @harness.gate("size")
    def test_it(self, case):
        assert case.cell.model == "linear"
        assert case.metric.name == "size"
        case.check()


@harness.matrix(models=["linear"], recipes=["int8_static"], runtimes=["fakert"], budgets=[("*", dict(size="5 kB"))])
@harness.gate("size")
def test_own_matrix(case):
    case.check()
"""
CELLS = ("linear/fp32/fakert/local", "linear/int8_static/fakert/local")
STEP = """
@harness.step("halve", method="pruning")
def halve(model):
    return Linear({name: values / 2 for name, values in model.items()})
"""


def collected(project: Project, *arguments: str) -> list[str]:
    result = project.run("--collect-only", "-q", *arguments, junit=False)
    return [line.partition("::")[2] for line in result.outlines if "::" in line]


def test_an_item_is_called_after_its_cell(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["accuracy_drop", "size"]))
    assert collected(project) == [f"test_{metric}[{cell}]" for metric in ("accuracy_drop", "size") for cell in CELLS]


def test_k_chooses_by_parts_of_the_id(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["accuracy_drop", "size"]))
    assert collected(project, "-k", "int8 and size") == [f"test_size[{CELLS[1]}]"]


def test_m_chooses_by_model_recipe_step_runtime_and_target(project: Project) -> None:
    from fakes.project import conftest

    project.write("conftest.py", conftest(STEP, 'runtimes.add(FakeRuntime("other"))'))
    project.write(
        "test_s.py", suite(recipes=["fp32", "int8_static", "halve+int8_static"], runtimes=["fakert", "other"])
    )
    for expression, count in {
        "linear": 6,
        "fp32": 2,
        "int8_static": 4,
        "halve": 2,
        "other": 3,
        "local and other and int8_static": 2,
        "linear and not fakert": 3,
    }.items():
        assert len(collected(project, "--strict-markers", "-m", expression)) == count, expression


def test_names_of_pytests_own_marks_do_what_names_do_not_what_marks_do(project: Project) -> None:
    from fakes.project import conftest

    model = '@harness.model("{0}", dataset="blobs", framework="fake", input=INPUT)\ndef {0}():\n    return trained()\n'
    project.write("conftest.py", conftest(*(model.format(name) for name in ("skip", "xfail", "usefixtures"))))
    project.write("test_s.py", suite(metrics=["size"], models=["skip", "xfail", "usefixtures"], recipes=["fp32"]))
    project.run("--harness-baseline-lenient").assert_outcomes()
    assert {verdict for (_, _, against), verdict in project.verdicts().items() if against == "budget"} == {"reported"}
    assert len(project.results()["cells"]) == 3


def test_classes_and_single_functions_take_a_matrix_too(project: Project) -> None:
    project.write("test_s.py", CLASSES)
    assert collected(project) == [
        "TestSizes::test_it[linear/fp32/fakert/local]",
        "TestSizes::test_it[linear/fp16/fakert/local]",
        "test_own_matrix[linear/int8_static/fakert/local]",
    ]
    project.run("--harness-update").assert_outcomes()
    assert set(project.verdicts("budget").values()) == {"pass"}


def test_marks_are_known_to_strict_markers_and_listed(project: Project) -> None:
    project.write("test_s.py", suite(metrics=["size"]))
    project.write("pytest.ini", "[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n")
    assert project.run("--harness-update").ret == 0
    listed = project.run("--markers", junit=False)
    listed.stdout.fnmatch_lines(["@pytest.mark.harness_matrix(matrix)*", "@pytest.mark.harness_gate(metric)*"])


def test_x_stops_at_the_first_failure_and_lf_repeats_it(project: Project) -> None:
    budgets = [("*", {"size": "5 kB"})]
    project.write("test_s.py", suite(metrics=["size"], recipes=["int8_static", "fp32", "fp16"], budgets=budgets))
    stopped = project.run("-x", "--harness-baseline-lenient")
    stopped.assert_outcomes(failed=1)
    assert "edge-harness: measure" not in stopped.stdout.str(), "cells behind the failure are not probed for nothing"
    stopped.stdout.fnmatch_lines(["*1 planned items never ran, the first is test_s.py::test_size?linear/fp16*"])
    assert [cell["status"] for cell in project.results()["cells"]] == ["measured", "measured", "not_run"]
    again = project.run("--lf", "-v", "--harness-baseline-lenient")
    assert [line.split(" ")[1] for line in again.outlines if "::test_size[" in line and "%]" in line] == ["OVER"]


def test_two_suites_in_one_run_share_cells_and_keep_their_own_limits(project: Project) -> None:
    project.write("test_first.py", suite(metrics=["size"], budgets=[("*", {"size": "20 kB"})]))
    project.write("test_second.py", suite(metrics=["size"], budgets=[("*", {"size": "5 kB"})]))
    project.run("--harness-baseline-lenient").assert_outcomes(failed=1)
    document = project.results()
    assert [cell["id"] for cell in document["cells"]] == list(CELLS)
    found = [(f["cell"], f["limit"], f["verdict"]) for f in document["findings"] if f["against"] == "budget"]
    assert found == [
        (CELLS[0], 20000, "pass"),
        (CELLS[1], 20000, "pass"),
        (CELLS[0], 5000, "over_budget"),
        (CELLS[1], 5000, "pass"),
    ]


def test_a_model_of_a_conftest_in_a_subfolder(project: Project) -> None:
    project.write(
        "sub/conftest.py",
        "import harness\nfrom fakes.linear import INPUT, trained\n\n\n"
        '@harness.model("inner", dataset="blobs", framework="fake", input=INPUT)\ndef inner():\n    return trained()\n',
    )
    project.write("sub/test_inner.py", suite(metrics=["size"], models=["inner", "linear"], recipes=["fp32"]))
    assert project.run("--harness-update").ret == 0
    assert {cell["status"] for cell in project.results()["cells"]} == {"measured"}


def test_a_folder_is_enough_to_choose_a_suite(project: Project) -> None:
    project.write("one/test_s.py", suite(metrics=["size"]))
    project.write("two/test_t.py", suite(metrics=["size"]))
    assert len(collected(project, "two")) == 2
