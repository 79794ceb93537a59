"""JUnit files: verdicts and figures as properties, reasons as failure texts."""

from __future__ import annotations

from xml.etree import ElementTree

from fakes.project import conftest, suite

from tests.plugin.conftest import Project


def properties(case: ElementTree.Element) -> dict[str, str]:
    return {str(one.get("name")): str(one.get("value")) for one in case.iter("property")}


def test_verdicts_figures_and_reasons_stand_in_the_file(project: Project) -> None:
    project.write("conftest.py", conftest('runtimes.add(FakeRuntime("refusing", refuses=["int8_static"]))'))
    limits = [("*", {"size": "5 kB"})]
    project.write("test_s.py", suite(metrics=["size"], budgets=limits, runtimes=["fakert", "refusing"]))
    project.run("--harness-update", "-k", "int8 and fakert")
    project.run("--harness-baseline-lenient").assert_outcomes(passed=1, failed=2, skipped=1)
    cases = project.junit()

    passed = cases["test_size[linear/int8_static/fakert/local]"]
    assert properties(passed) == {
        "cell": "linear/int8_static/fakert/local",
        "metric": "size",
        "verdict_budget": "pass",
        "value_budget": "3662",
        "limit_budget": "5000.0",
        "baseline_budget": "3662.0",
        "verdict_baseline": "pass",
        "value_baseline": "3662",
        "limit_baseline": "1.0",
        "baseline_baseline": "3662.0",
    }
    assert passed.find("failure") is None

    over = cases["test_size[linear/fp32/fakert/local]"]
    failure = over.find("failure")
    assert failure is not None
    assert "size over budget: fp32 on fakert has 10.79 kB, limit 5 kB" in str(failure.text)
    assert "repeat: pytest 'test_s.py::test_size[linear/fp32/fakert/local]'" in str(failure.text)
    assert properties(over)["verdict_budget"] == "over_budget"
    assert properties(over)["verdict_baseline"] == "no_baseline"

    refused = cases["test_size[linear/int8_static/refusing/local]"]
    skipped = refused.find("skipped")
    assert skipped is not None
    assert "refusing has no lowering to int8_static" in str(skipped.get("message"))
    assert properties(refused) == {
        "cell": "linear/int8_static/refusing/local",
        "metric": "size",
        "verdict_cell": "unsupported",
    }


def test_properties_of_the_users_own_stay(project: Project) -> None:
    text = suite(metrics=["size"], recipes=["fp32"]).replace(
        "(case):\n    case.check()", "(case, record_property):\n    record_property('board', 'b7')\n    case.check()"
    )
    project.write("pytest.ini", "[pytest]\njunit_family = xunit1\n")  # the newer family refuses record_property
    project.write("test_s.py", text)
    project.run()
    held = properties(project.junit()["test_size[linear/fp32/fakert/local]"])
    assert held["board"] == "b7"
    assert held["verdict_budget"] == "reported"
