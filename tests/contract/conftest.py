"""Real artifacts of the digits model, built once and kept between runs of the tests."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes.lab import load
from fakes.registries import only_shipped
from filelock import FileLock

from harness.core.names import Cell, RuntimeName
from harness.core.offer import CUDA
from harness.pipeline.catalog import load_catalog
from harness.pipeline.run import Run
from harness.pipeline.settings import Settings
from harness.recipes.chain import parse_recipe
from harness.registries import exporters, runtimes
from harness.runtimes.options import choice_of

load_catalog()
MODELS = {"torch": "digits_cnn", "keras": "digits_keras_cnn"}
"""The smallest model of each framework."""
FORMATS = ("fp32", "fp16", "int8_dynamic", "int8_weight_only", "int8_static")
RUNTIMES = [
    runtime.name
    for runtime in runtimes
    if runtime.source.module.startswith("harness.") and runtime.providers[0].device != CUDA
]
"""Those that run on a CPU."""


def claimed(runtime, framework, recipe):
    """Whether *runtime* says that it can bring *framework*'s models to the number format *recipe*."""
    choice = choice_of(RuntimeName(runtime=runtime.name), runtime)
    return exporters.find(framework, runtime.interchanges) is not None and not runtime.refusal(
        framework, parse_recipe(recipe).precision, choice
    )


CELLS = [
    Cell(model=model, recipe=recipe, runtime=name)
    for name in RUNTIMES
    for framework, model in MODELS.items()
    for recipe in FORMATS
    if claimed(runtimes.get(name), framework, recipe)
]
"""Every runtime with every format that it claims, of models of every framework that it takes."""


BY_DAY = ("fp32", "int8_static")
"""Formats of every runtime that each run of the tests builds; the others are marked ``nightly``: they take minutes."""


def parameters(cells, by_day):
    """*cells* as parameters of a test, those that *by_day* does not name marked ``nightly``."""
    return [
        pytest.param(
            cell,
            id=f"{cell.model}-{cell.recipe}-{cell.runtime}",
            marks=() if by_day(cell) else pytest.mark.nightly,
        )
        for cell in cells
    ]


def of_selected_tests(request, cells, parameter="cell"):
    """Those of *cells* that a test of this run is about, by its *parameter*."""
    values = [item.callspec.params.get(parameter) for item in request.session.items if hasattr(item, "callspec")]
    asked = {value for value in values if isinstance(value, Cell | str)}  # other tests call other things so
    return [cell for cell in cells if cell in asked]


def first_cell(runtime, *recipes):
    """The first cell of *runtime* with one of *recipes*, in their order; all runtimes have fp32."""
    return next(
        cell for recipe in (*recipes, "fp32") for cell in CELLS if (cell.runtime, cell.recipe) == (runtime, recipe)
    )


NAMES = {"inputs": ["image"], "outputs": ["output"]}
"""What a worker is told of the tensors of the models here, but for those of ``named_models.py``."""


def options_of(runtime, threads=1):
    """What a worker is told of a cell of *runtime* that chooses nothing."""
    choice = choice_of(RuntimeName(runtime=runtime), runtimes.get(runtime))
    return {**choice.options, **NAMES, "threads": threads, "provider": choice.provider.name}


@pytest.fixture(scope="session")
def engine_cache(pytestconfig):
    """The artifact cache of these tests: shared with the suites where EDGE_HARNESS_CACHE names one."""
    named = os.environ.get("EDGE_HARNESS_CACHE")
    return Path(named) if named else pytestconfig.cache.mkdir("engines")


@pytest.fixture(scope="session")
def settings(engine_cache, tmp_path_factory):
    return Settings(cache=engine_cache, scratch=tmp_path_factory.mktemp("scratch"))


@contextmanager
def first_alone(settings):
    """Let one of the test processes build inside the block; the others then find all of it in the cache."""
    settings.cache.mkdir(parents=True, exist_ok=True)
    with FileLock(str(settings.cache / "tests.lock")):
        yield


def prepared(settings, cells):
    """The run that prepared *cells*."""
    run = Run(settings, lambda case: {}, lambda line: None)
    with first_alone(settings):
        run.prepare_cells(cells)
    return run


@pytest.fixture(scope="session")
def built(request, settings):
    """The run that prepared the cells of this run's tests; one that can't run here fails the tests, it does not skip them."""
    daily = [cell for cell in CELLS if cell.recipe in BY_DAY]
    wanted = list(dict.fromkeys([*daily, *of_selected_tests(request, CELLS)]))
    run = prepared(settings, wanted)
    broken = {
        cell.id: (run.results[cell].status, run.results[cell].reason) for cell in wanted if cell not in run.artifacts
    }
    assert not broken, broken
    return run


SPECIAL_MODELS = Path(__file__).with_name("special_models.py")
LARGE = {
    name: Cell(
        model=f"large_{'torch' if claimed(runtimes.get(name), 'torch', 'fp32') else 'keras'}",
        recipe="fp32",
        runtime=name,
    )
    for name in RUNTIMES
}


@pytest.fixture(scope="session")
def large(request, settings):
    """The run that prepared the large models of ``special_models.py``."""
    with only_shipped():
        load(SPECIAL_MODELS)
        return prepared(settings, [LARGE[name] for name in of_selected_tests(request, LARGE, "runtime")])
