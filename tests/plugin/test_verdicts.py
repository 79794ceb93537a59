"""Words, letters and outcomes of verdicts, and the policies that turn them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fakes.project import conftest, suite

from harness.pytest_plugin.options import in_ci
from tests.plugin.conftest import Project

EVERYTHING = """
import numpy as np


@harness.dataset("few")
def few():
    return blobs(evaluation=100)


@harness.model("shaky", dataset="few", framework="fake", input=INPUT)
def shaky():
    return trained()


runtimes.add(FakeRuntime("refusing", refuses=["int8_static"]))
runtimes.add(FakeRuntime("missing", needs=["no-such-distribution"]))
runtimes.add(FakeRuntime("raising", only=["fp16"], load="raise"))
"""
MATRICES = {
    "passing": suite(metrics=["size"], recipes=["fp16"], budgets=[("*", {"size": "9 kB"})], more="baseline=False"),
    "reported": suite(metrics=["size"], recipes=["fp16"], more="baseline=False"),
    "inconclusive": suite(
        metrics=["accuracy"],
        models=["shaky"],
        recipes=["fp16"],
        budgets=[("*", {"accuracy": "94 %"})],
        more="baseline=False",
    ),
    "unbased": suite(metrics=["size"], recipes=["fp16"], budgets=[("*", {"size": "9 kB"})]),
    "unsupported": suite(recipes=["int8_static"], runtimes=["refusing"], more="baseline=False"),
    "unavailable": suite(recipes=["fp32"], runtimes=["missing"], more="baseline=False"),
    "required": suite(recipes=["fp32"], runtimes=["missing"], more="baseline=False, required=['missing']"),
    "broken": suite(recipes=["fp16"], runtimes=["raising"], more="baseline=False"),
    "over": suite(metrics=["size"], recipes=["fp16"], budgets=[("*", {"size": "1 kB"})], more="baseline=False"),
}
"""A suite per verdict; each has one cell."""


def written(project: Project, *names: str) -> None:
    project.write("conftest.py", conftest(EVERYTHING))
    for name in names:
        project.write(f"test_{name}.py", MATRICES[name])


def words(result: pytest.RunResult) -> dict[str, str]:
    """The word behind each item of a verbose run, by suite."""
    found = {}
    for line in result.outlines:
        name, _, rest = line.partition("::")
        if rest and "] " in rest and line.endswith("%]"):
            found[name.removeprefix("test_").removesuffix(".py")] = rest.partition("] ")[2].rpartition("[")[0].strip()
    return found


def test_every_verdict_has_its_word_and_outcome(project: Project) -> None:
    written(project, *MATRICES)
    result = project.run("-v")
    told = words(result)
    # pytest puts the reason of a skip behind the word, as far as it fits into the line.
    assert {name: word.partition(" (")[0] for name, word in told.items()} == {
        "passing": "PASS",
        "reported": "REPORTED",
        "inconclusive": "INCONCLUSIVE",
        "unbased": "NO BASELINE",
        "unsupported": "UNSUPPORTED",
        "unavailable": "UNAVAILABLE",
        "required": "ERROR",
        "broken": "ERROR",
        "over": "OVER BUDGET",
    }
    result.assert_outcomes(passed=1, skipped=2, failed=3)
    for count in ("1 reported", "1 inconclusive", "1 no_baseline"):
        assert count in result.outlines[-1]
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_the_short_form_has_a_letter_per_verdict_and_reasons_of_skips(project: Project) -> None:
    written(project, *MATRICES)
    project.write("test_zz.py", "import pytest\n\n\ndef test_it():\n    pytest.skip('of the user')\n")
    short = project.run("-q", "-rs")
    letters = next(line for line in short.outlines if line.rstrip().endswith("[100%]")).split()[0]
    assert sorted(letters) == sorted(".rinsssFFF")
    skips = [line for line in short.outlines if line.startswith("SKIPPED [1]")]
    for reason in ("refusing has no lowering to int8_static", "not installed: no-such-distribution", "of the user"):
        assert any(reason in line for line in skips)


def test_a_failing_line_says_all_and_how_to_repeat_it(project: Project) -> None:
    written(project, "over", "broken")
    result = project.run()
    result.stdout.fnmatch_lines(
        [
            "error(load): load failed: RuntimeError: the engine was sabotaged",
            "repeat: pytest 'test_broken.py::test_accuracy_drop?linear/fp16/raising/local?' --harness-reports=reports/repeat",
            "size over budget: fp16 on fakert has 5.648 kB, limit 1 kB",
            "repeat: pytest 'test_over.py::test_size?linear/fp16/fakert/local?' --harness-reports=reports/repeat",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    repeat = next(line for line in result.outlines if line.startswith("repeat: pytest 'test_over")).split("'")[1]
    project.run(repeat).assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("names", "arguments", "ret", "outcomes"),
    [
        (["inconclusive"], ["--harness-inconclusive=fail"], 1, {"failed": 1}),
        (["inconclusive"], ["--harness-inconclusive=skip"], 0, {"skipped": 1}),
    ],
)
def test_a_policy_turns_what_lies_between_red_and_green(
    project: Project, names: Sequence[str], arguments: Sequence[str], ret: int, outcomes: dict[str, int]
) -> None:
    written(project, *names)
    result = project.run("-v", *arguments)
    assert result.ret == ret
    result.assert_outcomes(**outcomes)
    (word,) = words(result).values()
    assert word.split(" (")[0] == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("ci", "said"),
    [("true", True), ("1", True), ("TRUE", True), ("false", False), ("False", False), ("0", False), ("", False)],
)
def test_ci_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch, ci: str, said: bool) -> None:
    monkeypatch.setenv("CI", ci)
    assert in_ci() is said


@pytest.mark.parametrize(
    ("ci", "arguments", "ret"), [("true", [], 1), ("", [], 0), ("true", ["--harness-baseline-lenient"], 0)]
)
def test_a_missing_baseline_fails_in_ci(
    project: Project, monkeypatch: pytest.MonkeyPatch, ci: str, arguments: Sequence[str], ret: int
) -> None:
    written(project, "unbased")
    monkeypatch.setenv("CI", ci)
    result = project.run(*arguments)
    assert result.ret == ret
    result.stdout.fnmatch_lines(["edge-harness: 1 figure has no baseline: --harness-update records it"])


def test_a_test_that_never_checks_its_case_fails(project: Project) -> None:
    project.write("test_s.py", MATRICES["passing"].replace("case.check()", "assert case.cell.recipe == 'fp16'"))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*gates on size but never called case.check(): nothing was judged.*"])
    assert "never called case.check()" in str(project.junit()["test_size[linear/fp16/fakert/local]"][0].text)


def test_a_test_that_swallows_the_failure_fails_all_the_same(project: Project) -> None:
    body = "try:\n        case.check()\n    except BaseException:\n        pass"
    project.write("test_s.py", MATRICES["over"].replace("case.check()", body))
    result = project.run("-v")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*size over budget: fp16 on fakert has 5.648 kB, limit 1 kB*"])


def test_an_assertion_of_the_users_own_fails_with_its_traceback(project: Project) -> None:
    project.write("test_s.py", MATRICES["passing"].replace("case.check()", "case.check()\n    assert 1 + 1 == 3"))
    result = project.run("-v")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FAILED*", "*assert (1 + 1) == 3*"])
    assert project.verdicts() == {("linear/fp16/fakert/local", "size", "budget"): "pass"}


def test_checking_twice_judges_once(project: Project) -> None:
    project.write("test_s.py", MATRICES["passing"].replace("case.check()", "case.check()\n    case.check()"))
    assert project.run().ret == 0
    assert len(project.results()["findings"]) == 1


@pytest.mark.parametrize(
    ("mark", "name", "outcome", "ret"),
    [
        ("xfail(reason='issue 7')", "over", "xfailed", 0),
        ("xfail(reason='issue 7', strict=True)", "passing", "failed", 1),
        ("xfail(reason='issue 7')", "passing", "xpassed", 0),
        ("skip(reason='issue 7')", "over", "skipped", 0),
    ],
)
def test_pytests_own_marks_are_honoured(project: Project, mark: str, name: str, outcome: str, ret: int) -> None:
    text = "import pytest\n" + MATRICES[name].replace("@harness.gate", f"@pytest.mark.{mark}\n@harness.gate")
    project.write("test_s.py", text)
    result = project.run("-v")
    result.assert_outcomes(**{outcome: 1})
    assert result.ret == ret


def test_fixtures_and_parameters_of_the_users_own_go_together_with_cases(project: Project) -> None:
    text = "import pytest\n" + MATRICES["passing"].replace("(case)", "(case, tmp_path, n)").replace(
        "@harness.gate", "@pytest.mark.parametrize('n', [1, 2])\n@harness.gate"
    )
    project.write("test_s.py", text)
    result = project.run("-v")
    result.assert_outcomes(passed=2)
    assert "linear/fp16/fakert/local" in result.stdout.str()
