"""Task metrics of numbers: a number per sample, and a score of what samples add, from the suite's table to the report."""

from __future__ import annotations

import pytest
from fakes.project import conftest, suite

from tests.plugin.conftest import Project

METRICS = """
import numpy as np


def _probability(outputs, labels):
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    return np.exp(shifted[np.arange(len(labels)), labels]) / np.exp(shifted).sum(axis=1)


@harness.sample_metric("nll", title="NLL", unit="nats", better="lower")
def nll(outputs, labels):
    return -np.log(_probability(outputs, labels) + 1e-9)


@harness.sample_metric("likeness", title="cosine", unit="fraction", better="higher", of_reference=True)
def likeness(outputs, reference):
    return (outputs * reference).sum(axis=1) / np.linalg.norm(outputs, axis=1) / np.linalg.norm(reference, axis=1)


def _counts(outputs, labels):
    predicted = outputs.argmax(axis=1)
    hit = np.eye(10)[labels] * (predicted == labels)[:, None]
    return {"hit": hit, "of_class": np.eye(10)[labels], "predicted": np.eye(10)[predicted]}


@harness.score("macro_f1", of=_counts, title="F1")
def macro_f1(sums):
    return (2 * sums["hit"] / np.maximum(sums["of_class"] + sums["predicted"], 1)).mean()


for name in ("nll", "likeness", "macro_f1"):
    harness.model(f"by_{name}", dataset="blobs", framework="fake", input=INPUT, metric=name)(trained)


from harness.recipes.steps import step


@step("shaken", method="pruning", framework="fake")
def shaken(model):
    drawn = np.random.default_rng(0)
    scale = np.abs(model["weights"]).mean()
    return Linear(
        weights=(model["weights"] + scale * drawn.standard_normal(model["weights"].shape)).astype(np.float32),
        bias=model["bias"],
    )
"""


@pytest.mark.parametrize(
    ("model", "metric", "limit", "verdicts"),
    [
        pytest.param("by_nll", "nll_rise", "0.05 nats", ("pass", "over_budget"), id="a rise"),
        pytest.param("by_nll", "nll_rise", "1.05 x", ("pass", "over_budget"), id="a rise by a factor"),
        pytest.param("by_nll", "nll", "0.3 nats", ("pass", "over_budget"), id="a level at most"),
        pytest.param("by_likeness", "likeness_drop", "1 pp", ("pass", "over_budget"), id="against the float model"),
        pytest.param("by_macro_f1", "macro_f1_drop", "3 pp", ("pass", "over_budget"), id="a score"),
        pytest.param("by_macro_f1", "macro_f1_drop", "0.97 x", ("pass", "over_budget"), id="a score by a factor"),
        pytest.param("by_macro_f1", "macro_f1", "95 %", ("pass", "over_budget"), id="a level at least"),
        pytest.param("by_macro_f1", "macro_f1_drop", "report", ("reported", "reported"), id="reported"),
    ],
)
def test_every_kind_passes_and_fails(
    project: Project, model: str, metric: str, limit: str, verdicts: tuple[str, str]
) -> None:
    project.write("conftest.py", conftest(METRICS))
    text = suite(
        metrics=[metric],
        models=[model],
        recipes=["fp32", "shaken"],
        budgets=[("*", {metric: limit})],
        more="baseline=False",
    )
    project.write("test_s.py", text)
    project.run()
    found = {cell.split("/")[1]: verdict for (cell, _, _), verdict in project.verdicts().items()}
    assert found == {"fp32": verdicts[0], "shaken": verdicts[1]}


SHIPPED = """
for name in ("f1_macro", "perplexity", "kl_divergence", "cosine_similarity", "recall_at_5"):
    harness.model(f"by_{name}", dataset="blobs", framework="fake", input=INPUT, metric=name)(trained)
"""


@pytest.mark.parametrize(
    ("metric", "limit", "says"),
    [
        pytest.param("f1_macro_drop", "2 pp", "macro F1 over budget", id="macro F1"),
        pytest.param("perplexity_rise", "1.05 x", "perplexity over budget", id="perplexity"),
        pytest.param("kl_divergence", "0.02 nats", "KL divergence over budget", id="divergence"),
        pytest.param("cosine_similarity", "99 %", "cosine below its limit", id="cosine"),
        pytest.param("recall_at_5_drop", "10 pp", "recall@5 over budget", id="recall"),
    ],
)
def test_those_that_ship_pass_and_fail(project: Project, metric: str, limit: str, says: str) -> None:
    model = f"by_{metric.removesuffix('_drop').removesuffix('_rise')}"
    project.write("conftest.py", conftest(METRICS, SHIPPED))
    text = suite(
        metrics=[metric],
        models=[model],
        recipes=["fp32", "shaken"],
        budgets=[("*", {metric: limit})],
        more="baseline=False",
    )
    project.write("test_s.py", text)
    project.run()
    found = {cell.split("/")[1]: verdict for (cell, _, _), verdict in project.verdicts().items()}
    assert found == {"fp32": "pass", "shaken": "over_budget"}
    (reason,) = [one["reason"] for one in project.results()["findings"] if one["verdict"] == "over_budget"]
    assert reason.startswith(says)


def test_a_title_of_two_metrics_is_no_mix_up(project: Project) -> None:
    """``macro_f1`` above and the shipped ``f1_binary`` are both called F1."""
    project.write("conftest.py", conftest(METRICS))
    project.write(
        "test_s.py",
        "import harness\n\n"
        "test_cells = harness.suite(models=['by_macro_f1'], recipes=['fp32'], runtimes=['fakert'], "
        "budgets=[('*', {'f1_binary_drop': '1 pp'})], baseline=False)\n",
    )
    result = project.run()
    assert result.ret != 0
    told = " ".join(result.stdout.str().split())
    assert "f1_binary_drop: model 'by_macro_f1' is judged by F1; write macro_f1_drop or macro_f1 for it" in told


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            suite(
                metrics=["kl_divergence"],
                models=["by_kl_divergence"],
                budgets=[("*", {"kl_divergence": "report"})],
                more="baseline=False",
            ),
            id="tests of a matrix",
        ),
        pytest.param(
            "import harness\n\ntest_cells = harness.suite(models=['by_kl_divergence'], recipes=['fp32'], "
            "runtimes=['fakert'], budgets=[('*', {'kl_divergence': 'report'})], baseline=False)\n",
            id="a table",
        ),
    ],
)
def test_the_first_suite_of_a_process_may_name_one_that_ships(project: Project, text: str) -> None:
    project.write("conftest.py", conftest(SHIPPED))
    project.write("test_s.py", text)
    result = project.run_apart("--collect-only", "-q")
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["*kl_divergence*by_kl_divergence/fp32/fakert/local*"])


def test_the_name_of_one_that_ships_is_taken(project: Project) -> None:
    project.write("conftest.py", conftest(METRICS.replace('"macro_f1"', '"f1_macro"')))
    project.write("test_s.py", suite(models=["linear"], more="baseline=False"))
    result = project.run_apart()
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        ["*task metric 'f1_macro' is registered twice: at *conftest.py:* and at *classification.py:*"]
    )


def test_sentences_and_columns_call_it_by_its_name(project: Project) -> None:
    project.write("conftest.py", conftest(METRICS))
    text = suite(
        metrics=["nll_rise", "nll"],
        models=["by_nll"],
        recipes=["fp32", "shaken"],
        budgets=[("*", {"nll_rise": "0.05 nats", "nll": "report"})],
        more="baseline=False",
    )
    project.write("test_s.py", text)
    result = project.run()
    result.stdout.fnmatch_lines(["*NLL rise*"])
    (reason,) = [f["reason"] for f in project.results()["findings"] if f["verdict"] == "over_budget"]
    assert reason.startswith("NLL over budget: shaken on fakert has ")
    assert "nats, the float model " in reason
    assert ": rise " in reason
    assert "paired bootstrap), limit 0.05 nats" in reason
    assert "accuracy" not in result.stdout.str().lower()
    assert "%" not in reason


@pytest.mark.parametrize(
    ("model", "metric", "limit", "says"),
    [
        pytest.param(
            "by_nll", "accuracy_drop", "1 pp", "is judged by NLL; write nll_rise or nll for it", id="no accuracy"
        ),
        pytest.param(
            "by_nll", "calibration_spread", "1 pp", "is judged by NLL; write nll_rise", id="no spread of accuracies"
        ),
        pytest.param("linear", "nll_rise", "1 nats", "is judged by top1; write accuracy_drop", id="no numbers"),
        pytest.param("by_nll", "macro_f1_drop", "1 pp", "is judged by NLL; write nll_rise", id="of another task"),
        pytest.param(
            "by_nll", "nll_rise", "1 pp", "'pp' is not a unit of nll_rise; it takes nats, x", id="another unit"
        ),
        pytest.param("by_nll", "nll_drop", "1 nats", "did you mean 'nll", id="the other direction"),
    ],
)
def test_what_doesn_t_fit_the_task_is_an_error_at_collection(
    project: Project, model: str, metric: str, limit: str, says: str
) -> None:
    project.write("conftest.py", conftest(METRICS))
    budgets = [("*", {metric: limit})]
    project.write(
        "test_s.py",
        "import harness\n\n"
        f"test_cells = harness.suite(models=[{model!r}], recipes=['fp32'], runtimes=['fakert'], budgets={budgets!r}, baseline=False)\n",
    )
    result = project.run()
    assert result.ret != 0
    assert says in " ".join(result.stdout.str().split())


def test_a_level_is_held_against_its_baseline(project: Project) -> None:
    project.write("conftest.py", conftest(METRICS))
    text = suite(
        metrics=["nll_rise"],
        models=["by_nll"],
        recipes=["fp32"],
        budgets=[("*", {"nll_rise": "report", "nll_change": "0.05 nats"})],
    )
    project.write("test_s.py", text)
    project.run("--harness-update")
    project.run()
    assert project.verdicts("baseline") == {("by_nll/fp32/fakert/local", "nll_rise", "baseline"): "pass"}

    stored = project.baseline(model="by_nll")
    assert '"nll_nats"' in stored.read_text(encoding="utf-8")


def test_flips_and_agreement_are_unsupported_where_they_mean_nothing(project: Project) -> None:
    project.write("conftest.py", conftest(METRICS))
    text = suite(
        metrics=["nll_rise", "negative_flips"],
        models=["by_nll"],
        recipes=["fp32"],
        budgets=[("*", {"nll_rise": "report", "negative_flips": "report"})],
        more="baseline=False",
    )
    project.write("test_s.py", text)
    project.run()
    cell = "by_nll/fp32/fakert/local"
    assert project.verdicts()[cell, "negative_flips", "budget"] == "unsupported"


BROKEN = """
@harness.sample_metric("broken", unit="mm", better="lower")
def broken(outputs, labels):
    return {returned}


harness.model("by_broken", dataset="blobs", framework="fake", input=INPUT, metric="broken")(trained)
"""


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        pytest.param("outputs.argmax(axis=1) == labels", "must return numbers of shape (", id="bool"),
        pytest.param("outputs[:-1, 0]", "must return numbers of shape (", id="one short"),
        pytest.param("outputs", "must return numbers of shape (", id="a row per sample"),
        pytest.param("outputs[:, 0] * float('nan')", "gave NaN or infinity for", id="NaN"),
        pytest.param("['a'] * len(labels)", "must return numbers of shape (", id="texts"),
        pytest.param("None", "must return numbers of shape (", id="nothing"),
        pytest.param("1 / 0", "failed: ZeroDivisionError", id="it raises"),
    ],
)
def test_a_metric_that_breaks_its_contract_ends_its_cells(project: Project, returned: str, says: str) -> None:
    project.write("conftest.py", conftest(BROKEN.format(returned=returned)))
    text = suite(
        metrics=["broken_rise"],
        models=["by_broken"],
        recipes=["fp32"],
        budgets=[("*", {"broken_rise": "1 mm"})],
        more="baseline=False",
    )
    project.write("test_s.py", text)
    project.run()
    (finding,) = project.results()["findings"]
    assert finding["verdict"] == "error"
    assert "task metric 'broken' " in finding["reason"]
    assert says in finding["reason"]
