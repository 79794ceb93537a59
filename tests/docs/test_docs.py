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


def test_the_task_metrics_in_the_docs_work(pytester):
    examples = [
        one for one in blocks(ROOT / "docs" / "writing-a-suite.md", "python") if "harness.s" in one and "def " in one
    ]
    scores = [one for one in examples if "@harness.sample_metric(" in one or "harness.score(" in one]
    assert len(scores) == 3
    pytester.makeconftest("\n".join(["import harness", "import numpy as np", *scores]))
    pytester.makepyfile(
        """
        import numpy as np
        from harness.meters.quality import contributions, quality_measurements
        from harness.registries import task_metrics

        def test_computed():
            random = np.random.default_rng(0)
            labels, outputs = random.integers(0, 2, 300), random.normal(0, 1, (300, 2))
            levels = {}
            for name in ("error_mm", "macro_f1", "precision_at_100", "error_in_mm"):
                entry, given = task_metrics.get(name), outputs[:, :1] if name.startswith("error") else outputs
                added = contributions(entry, given, labels, 300)
                levels[name] = quality_measurements(entry, added, added)[0].value
            best = labels[np.argsort(-outputs[:, 1])[:100]]
            assert abs(levels["precision_at_100"] - best.mean()) < 1e-12
            assert levels["error_mm"] == levels["error_in_mm"]
            assert 0.3 < levels["macro_f1"] < 0.7
            assert "wer" in task_metrics and "top7" in task_metrics
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_every_task_metric_that_ships_is_described_as_it_is():
    from harness.pipeline.catalog import load_catalog
    from harness.registries import task_metrics

    load_catalog()
    text = (ROOT / "docs" / "writing-a-suite.md").read_text(encoding="utf-8")
    rows = [line for line in text.partition("### Task metrics that ship")[2].splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    shipped = [one for one in task_metrics if one.source.module.startswith("harness.task_metrics.")]
    for entry in shipped:
        (row,) = [row for row in cells if f"`{entry.name}`" in row[0]]
        unit = "%" if entry.unit == "fraction" else entry.unit
        assert row[1:3] == [entry.title or "accuracy", f"{entry.better}, {unit}"]
    assert {name for row in cells for name in re.findall(r"`(\w+)`", row[0])} == {
        name for one in shipped for name in ([one.name] if one.per_sample else _budget_keys(one))
    }


def _budget_keys(entry):
    return entry.name, f"{entry.name}_{entry.worse}", f"{entry.name}_change"


def test_the_files_in_the_docs_are_registered_and_collected(pytester):
    examples = [one for one in blocks(ROOT / "docs" / "files.md", "python") if "kws" in one]
    assert len(examples) == 3
    for name in ("kws.onnx", "kws_int8.tflite", "kws_qdq.onnx"):
        (pytester.path / name).write_bytes(b"opened by the run alone")
    pytester.makeconftest("\n".join(examples))
    pytester.makepyfile(
        """
        import harness

        test_cells = harness.suite(
            models=["kws"],
            recipes=["fp32", "vendor_int8", "vendor_qdq"],
            runtimes=["onnxruntime", "litert"],
            budgets=[("*", dict(accuracy_drop="2 pp"))],
        )
        """
    )
    found = pytester.runpytest_subprocess("--collect-only", "-q")
    found.stdout.fnmatch_lines(["*kws/vendor_qdq/onnxruntime/local*", "6 tests collected*"])


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
    from harness.registries import task_metrics

    text = (ROOT / "docs" / "writing-a-suite.md").read_text(encoding="utf-8")
    others = [one for one in task_metrics if not one.source.module.startswith("harness.")]  # this repository's examples
    theirs = {key for one in others for key in (one.name, f"{one.name}_{one.worse}", f"{one.name}_change")}
    missing = [name for name in [*METRICS, *CHANGES] if name not in theirs and f"`{name}`" not in text]
    assert not missing
    assert {"rotation_error", "rotation_error_rise"} <= theirs


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
@pytest.mark.nightly
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
