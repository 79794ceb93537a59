"""What README and docs show is run, and what they list is complete."""

import ast
import os
import re
from pathlib import Path

import pytest

from harness.core.finding import Verdict
from harness.core.metrics import CHANGES, METRICS

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_parse(page):
    for block in blocks(page, "python"):
        ast.parse(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_suite_in_the_docs_is_collected(pytester):
    example = blocks(ROOT / "docs" / "writing-a-suite.md", "python")[0]
    pytester.makepyfile(test_example=example)
    found = pytester.runpytest_subprocess("--collect-only", "-q")
    found.stdout.fnmatch_lines(["*test_cells?accuracy_drop-digits_cnn/int8_static/litert/local?", "8 tests collected*"])


@pytest.mark.runtimes
@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "writing-a-suite.md"], ids=lambda page: page.name)
def test_the_suite_on_the_page_passes_as_it_stands(pytester, pytestconfig, page):
    pytester.makepyfile(test_example=blocks(page, "python")[0])
    cache = os.environ.get("EDGE_HARNESS_CACHE") or pytestconfig.cache.mkdir("engines")
    found = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "--rootdir=.", f"--harness-cache={cache}", "--harness-baseline-lenient"
    )
    assert found.ret == 0
    found.stdout.fnmatch_lines(["*digits_cnn*int8_static*onnxruntime*"])


def test_the_registrations_in_the_docs_work(pytester):
    example = blocks(ROOT / "docs" / "writing-a-suite.md", "python")[2]
    pytester.makeconftest(example)
    pytester.makepyfile(
        """
        import harness
        from harness.registries import datasets, models, task_metrics

        def test_registered():
            assert "my_model" in models and "my_sensor" in datasets and "within_one" in task_metrics
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_target_in_the_docs_is_registered(pytester):
    pytester.makeconftest(blocks(ROOT / "docs" / "targets.md", "python")[0])
    pytester.makepyfile(
        """
        from harness.registries import targets

        def test_registered():
            assert "board" in targets
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_every_metric_and_change_is_documented():
    text = (ROOT / "docs" / "writing-a-suite.md").read_text(encoding="utf-8")
    missing = [name for name in [*METRICS, *CHANGES] if f"`{name}`" not in text]
    assert not missing


def test_every_verdict_is_documented():
    text = (ROOT / "docs" / "results-format.md").read_text(encoding="utf-8")
    assert not [verdict for verdict in Verdict if f"`{verdict}`" not in text]


def test_every_step_is_documented():
    from harness.pipeline.catalog import load_catalog
    from harness.registries import steps

    load_catalog()
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    shipped = [family.name for family in steps if family.source.module.startswith("harness.")]
    missing = [name for name in shipped if f"`{name}`" not in text and not name.startswith("prune_channels")]
    assert not missing
    assert "`prune_channels{percent}`, `..._finetune`" in text


@pytest.mark.runtimes
def test_the_recipe_in_the_docs_keeps_its_promise(pytester, pytestconfig):
    pytester.makeconftest(blocks(ROOT / "docs" / "recipes.md", "python")[0])
    pytester.makepyfile(
        test_example="""
        import harness

        pytestmark = harness.matrix(
            models=["digits_cnn"],
            recipes=["fp32", "round4"],
            runtimes=["onnxruntime"],
            budgets=[("*", dict(zstd_ratio="report"))],
            baseline=False,
        )

        @harness.gate("zstd_ratio")
        def test_download(case):
            case.check()
        """
    )
    cache = os.environ.get("EDGE_HARNESS_CACHE") or pytestconfig.cache.mkdir("engines")
    found = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--rootdir=.", f"--harness-cache={cache}")
    assert found.ret == 0
    found.stdout.re_match_lines([r"digits_cnn/round4/onnxruntime .* reported"])
