"""Every runtime and every precision it claims, through one contract."""

import shutil

import numpy as np
import pytest

from harness.engine.measure import probe
from harness.runtimes.registry import runtimes
from harness.targets.local import Local
from harness.worker.process import Worker

from .conftest import CELLS, RUNTIMES

pytestmark = pytest.mark.engines

LEAST_SQNR_DB = {"fp32": 100, "fp16": 45, "int8_dynamic": 20, "int8_static": 20, "int8_weight_only": 20}
WEIGHT_DTYPES = {
    "fp32": {"float32"},
    "fp16": {"float16"},
    "int8_dynamic": {"int8", "uint8"},
    "int8_static": {"int8", "uint8"},
    "int8_weight_only": {"int8"},
}
HEAVY = (
    "torch",
    "onnxruntime",
    "onnx",
    "ai_edge_litert",
    "tensorflow",
    "litert_torch",
    "jax",
    "harness",
    "pandas",
    "scipy",
)
OWN = {"torch": {"torch"}, "onnxruntime": {"onnxruntime"}, "litert": {"ai_edge_litert"}}

each_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.runtime}-{cell.recipe}")
each_runtime = pytest.mark.parametrize("runtime", RUNTIMES)


@pytest.fixture
def opened(built, tmp_path):
    """Opens workers with an artifact loaded; they end with the test."""
    workers = []

    def open_cell(cell, path=None, run_side=None):
        artifact = built.artifacts[cell]
        side = run_side or runtimes.get(cell.runtime).run_side
        worker = Worker(Local().gateway(1), run_side=side, log=tmp_path / "worker.log", timeout_s=120)
        workers.append(worker)
        worker.ask("load", path=str(path or artifact.path), options={"threads": 1, "provider": ""})
        return worker

    yield open_cell
    for worker in workers:
        worker.end()


@each_cell
def test_keeps_the_reference_outputs(built, settings, cell):
    reference = built.references["digits_cnn"]
    found = {m.name: m for m in probe(cell, built.artifacts[cell], reference, built.hardware, settings).measurements}
    assert found["output_sqnr_db"].value >= LEAST_SQNR_DB[cell.recipe]
    assert found["accuracy_drop_fraction"].value <= 0.01
    if cell.recipe == "fp32":
        assert found["output_max_error_abs"].value <= 1e-4
        assert found["agreement_fraction"].value == 1.0
    else:
        # A quantizer that did nothing would keep the outputs exactly.
        assert found["output_max_error_abs"].value > 1e-4
    for name in ("load_ns", "first_inference_ns", "memory_idle_bytes"):
        assert found[name].value > 0
    assert found["memory_peak_bytes"].value > 100_000


@each_cell
def test_weights_have_the_promised_type(built, cell):
    weights = built.artifacts[cell].weights

    assert weights.share(*WEIGHT_DTYPES[cell.recipe]) >= 0.95, weights
    assert built.artifacts[cell].size_bytes > weights.total_bytes


@each_cell
def test_every_runtime_reads_the_same_kernels(built, cell):
    """Three convolutions and one linear layer, whatever the format does to biases and batch norms."""
    weights = built.artifacts[cell].weights

    assert weights.kernel_size == 8 * 9 + 16 * 8 * 9 + 32 * 16 * 9 + 10 * 32
    assert weights.sparsity < 0.05


@each_cell
def test_a_batch_gives_what_single_samples_give(built, opened, cell):
    inputs = built.references["digits_cnn"].load("inputs")[:8]
    worker = opened(cell)
    single, batch = worker.predict(inputs, 1), worker.predict(inputs, 8)
    assert single.shape == batch.shape == (8, 10)
    assert single.dtype == batch.dtype == np.float32
    # Ranges taken over the batch move int8 outputs; that is why evaluation runs one sample at a time.
    assert np.abs(single - batch).max() <= (1e-4 if cell.recipe == "fp32" else 0.5)


@each_runtime
def test_runs_are_deterministic_and_files_can_move(built, opened, tmp_path, runtime):
    cell = next(c for c in CELLS if c.runtime == runtime and c.recipe == "int8_static")
    inputs = built.references["digits_cnn"].load("inputs")[:50]
    moved = tmp_path / "elsewhere with spaces" / "renamed file.bin"
    moved.parent.mkdir()
    shutil.copy(built.artifacts[cell].path, moved)
    assert np.array_equal(opened(cell).predict(inputs, 1), opened(cell, path=moved).predict(inputs, 1))


@each_runtime
def test_a_worker_imports_its_engine_and_no_other(built, opened, tmp_path, runtime):
    side = tmp_path / "asking.py"
    side.write_text(
        runtimes.get(runtime).run_side.read_text()
        + f"""
import sys
_versions = versions
def versions():
    loaded = [name for name in {HEAVY!r} if name in sys.modules]
    return {{**_versions(), "loaded": ",".join(loaded)}}
"""
    )
    cell = next(c for c in CELLS if c.runtime == runtime)
    assert set(opened(cell, run_side=side).greeting["versions"]["loaded"].split(",")) == OWN[runtime]


@each_runtime
def test_wrong_input_is_refused_not_reshaped(built, opened, runtime):
    cell = next(c for c in CELLS if c.runtime == runtime and c.recipe == "fp32")
    worker = opened(cell)
    with pytest.raises(Exception, match="predict failed"):
        worker.predict(np.zeros((1, 1, 9, 7), np.float32), 1)
    with pytest.raises(Exception, match="predict failed"):
        worker.predict(np.zeros((1, 1, 8, 8), np.float64), 1)


@each_runtime
def test_a_corrupt_artifact_is_refused(built, opened, tmp_path, runtime):
    cell = next(c for c in CELLS if c.runtime == runtime and c.recipe == "fp32")
    broken = tmp_path / built.artifacts[cell].path.name
    broken.write_bytes(built.artifacts[cell].path.read_bytes()[:200])
    with pytest.raises(Exception, match=r"load (failed|died)|worker died"):
        opened(cell, path=broken)


def test_a_program_that_asks_for_unpickling_is_refused(built, opened, tmp_path):
    import io
    import pickle
    import zipfile

    cell = next(c for c in CELLS if c.runtime == "torch" and c.recipe == "fp32")
    source, hostile, trap = built.artifacts[cell].path, tmp_path / "model.pt2", tmp_path / "sprung"

    class Trap:
        def __reduce__(self):
            return (open, (str(trap), "w"))

    with zipfile.ZipFile(source) as good, zipfile.ZipFile(hostile, "w") as bad:
        for name in good.namelist():
            payload = io.BytesIO()
            pickle.dump(Trap(), payload)
            bad.writestr(name, payload.getvalue() if "/sample_inputs/" in name else good.read(name))
    with pytest.raises(Exception, match="load failed"):
        opened(cell, path=hostile)
    assert not trap.exists()
