"""Every recipe step that ships, through one contract: on a real model, its artifact keeps what the step promises."""

import json

import numpy as np
import pytest

from harness.core.matrix import Matrix
from harness.core.metrics import metric_named
from harness.core.names import Cell
from harness.frameworks.torch_structure import describe
from harness.pipeline.catalog import load_catalog
from harness.pipeline.run import Run
from harness.recipes.chain import parse_recipe
from harness.registries import steps
from harness.store.provenance import provenance_to_plain

from .conftest import first_alone, of_selected_tests, parameters

pytestmark = pytest.mark.runtimes

ONE_OF_EACH = {
    "cluster{colors}": "cluster16",
    "distill": "distill",
    "int8_qat": "int8_qat",
    "prune_24": "prune_24",
    "prune_24_finetune": "prune_24_finetune",
    "prune_channels{percent}": "prune_channels30",
    "prune_channels{percent}_finetune": "prune_channels30_finetune",
    "prune{percent}": "prune50",
    "prune{percent}_finetune": "prune50_finetune",
    "student": "student",
    "svd_energy{percent}": "svd_energy90",
    "svd{percent}": "svd50",
    "svd{percent}_finetune": "svd50_finetune",
}
"""Transforms; number formats have a contract test of their own."""
CHAINS = ("prune_channels30_finetune+int8_static", "svd50_finetune+int8_qat", "prune_channels30+cluster16")
RECIPES = (*ONE_OF_EACH.values(), *CHAINS)
BY_DAY = ("prune50", "prune_channels30_finetune", "distill", "int8_qat", "svd50", CHAINS[-1])
"""Those that every run of the tests makes."""
QUICK = ("prune50", "svd50")
"""Those of them that train nothing."""
CELLS = [Cell(model="digits_cnn", recipe=recipe, runtime="onnxruntime") for recipe in RECIPES]


@pytest.fixture(scope="module")
def made(request, settings):
    load_catalog()
    matrix = Matrix.parse(
        models=["digits_cnn"],
        recipes=["fp32", *dict.fromkeys([*BY_DAY, *of_selected_tests(request, RECIPES, "recipe")])],
        runtimes=["onnxruntime"],
        budgets=[("*", {"size_ratio": "report"})],
        baseline=False,
    )
    run = Run(settings, lambda case: {}, lambda line: None)
    cases = [matrix.case("recipes", cell, metric_named("size_ratio")) for cell in matrix.cells()]
    with first_alone(settings):
        run.prepare(cases)
    return run, {case.cell.recipe: run.judge(case) for case in cases}


def test_every_step_has_its_example():
    load_catalog()
    shipped = [family for family in steps if family.source.module.startswith("harness.")]
    transforming = {one.name for one in shipped if one.name.split("[")[0] not in ("fp32", "fp16") and _transforms(one)}
    assert transforming == set(ONE_OF_EACH)


def _transforms(family):
    text = ONE_OF_EACH.get(family.name, family.name.split("[")[0])
    return "{" in text or steps.step(text).transform is not None


@pytest.mark.parametrize(
    "recipe", [pytest.param(recipe, marks=() if recipe in BY_DAY else pytest.mark.nightly) for recipe in RECIPES]
)
def test_the_artifact_keeps_every_promise(made, recipe):
    _, findings = made
    assert parse_recipe(recipe).promises, "a step that promises nothing is held to nothing"
    assert [one.reason for one in findings[recipe] if one.verdict != "reported"] == []


@pytest.mark.parametrize("cell", parameters(CELLS, lambda cell: cell.recipe in BY_DAY))
def test_the_work_is_told(made, cell):
    run, _ = made
    provenance = run.artifacts[cell].provenance
    transforms = parse_recipe(cell.recipe).transforms
    assert [record.name for record in provenance.steps] == [step.name for step in transforms]
    for step, record in zip(transforms, provenance.steps, strict=True):
        assert record.seconds > 0
        assert bool(record.epochs) is step.trains
    assert provenance.macs > 0
    json.dumps(provenance_to_plain(provenance))


@pytest.mark.parametrize(
    "recipe",
    [pytest.param(one, marks=() if one in QUICK else pytest.mark.nightly) for one in ONE_OF_EACH.values()],
)
def test_a_model_can_be_kept_after_every_step(made, recipe, tmp_path):
    """Each step's result is made of layers that can be written down: a chain that goes on from it need not repeat it."""
    import torch

    from harness.core.data import Split
    from harness.core.work import Work
    from harness.registries import frameworks, models
    from harness.zoo.digits import digits

    model, data, framework = models.get("digits_cnn"), digits(), frameworks.get("torch")
    few = Split(data.train.inputs[:64], data.train.labels[:64])
    step = parse_recipe(recipe).transforms[0]
    work = Work(
        step=step.name,
        model="digits_cnn",
        example=data.calibration.inputs[:2],
        load_train=lambda: few,
        build_student=model.student,
    )
    torch.manual_seed(0)
    changed = step.transform(model.build(), **dict(step.parameters), **({"work": work} if step.takes_work else {}))

    bases = {"model": model.build, "student": model.student}
    main = framework.keep(changed, {name: build() for name, build in bases.items()}, tmp_path)

    assert main
    again = framework.restore(tmp_path / main, bases)
    given = {"image": data.calibration.inputs}
    np.testing.assert_array_equal(framework.predict(again, given), framework.predict(changed, given))
    assert describe(again, changed) == {}
