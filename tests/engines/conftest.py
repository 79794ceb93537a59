"""Real artifacts of the digits model, built once and kept between runs of the tests."""

import os
from pathlib import Path

import pytest

from harness.core.names import Cell
from harness.core.result import MEASURED
from harness.engine.catalog import load_catalog
from harness.engine.run import Run
from harness.engine.settings import Settings

RUNTIMES = ("torch", "onnxruntime", "litert")
RECIPES = ("fp32", "fp16", "int8_dynamic", "int8_static")
CELLS = [Cell(model="digits_cnn", recipe=recipe, runtime=runtime) for runtime in RUNTIMES for recipe in RECIPES]
CELLS += [Cell(model="digits_cnn", recipe="int8_weight_only", runtime=runtime) for runtime in ("onnxruntime", "litert")]


@pytest.fixture(scope="session")
def engine_cache(pytestconfig):
    """The artifact cache of these tests: shared with the suites where EDGE_HARNESS_CACHE names one."""
    named = os.environ.get("EDGE_HARNESS_CACHE")
    return Path(named) if named else pytestconfig.cache.mkdir("engines")


@pytest.fixture(scope="session")
def settings(engine_cache, tmp_path_factory):
    return Settings(cache=engine_cache, scratch=tmp_path_factory.mktemp("scratch"))


@pytest.fixture(scope="session")
def built(settings):
    """The run that prepared all cells; a cell that can't run here fails the tests, it does not skip them."""
    load_catalog()
    told = []
    run = Run(settings, lambda case: {}, told.append)
    run.prepare_cells(CELLS)
    broken = {
        cell.id: (run.results[cell].status, run.results[cell].reason) for cell in CELLS if cell not in run.artifacts
    }
    assert not broken, broken
    assert MEASURED
    return run
