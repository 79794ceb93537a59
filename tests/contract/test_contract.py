"""Every runtime and every precision it claims, through one contract."""

import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes.named import one
from fakes.reopening import Reopening

from harness.pipeline.measure import probe
from harness.pipeline.plan import obstacle
from harness.pipeline.resolved import resolve
from harness.pipeline.run import Run
from harness.registries import runtimes
from harness.runtimes.tested_versions import facts_of
from harness.targets.local import Local
from harness.worker.process import Worker, WorkerFailure

from .conftest import BY_DAY, CELLS, LARGE, RUNTIMES, first_cell, options_of, parameters

pytestmark = pytest.mark.runtimes

ROOT = Path(__file__).parents[2]
LEAST_SQNR_DB = {"fp32": 100, "fp16": 45, "int8_dynamic": 20, "int8_static": 20, "int8_weight_only": 20}
SATURATED_SQNR_DB, SATURATED_DROP = 8, 0.08
"""For int8_static on onnxruntime where its kernels cut large sums. With AVX2 alone, without VNNI, the two digits models
keep 18 and 11 dB instead of 37 and 35, and the Keras one loses 4.5 points of accuracy on 400 images.
"""
WEIGHT_DTYPES = {
    "fp32": {"float32"},
    "fp16": {"float16"},
    "int8_dynamic": {"int8", "uint8"},
    "int8_static": {"int8", "uint8"},
    "int8_weight_only": {"int8"},
}
FACTS = {runtime.name: facts for runtime in runtimes if (facts := facts_of(runtime))}
OTHERS = {"harness", "litert_torch", "nncf", "onnx"}
"""Heavy modules of build sides, which no run side needs."""
HEAVY = OTHERS.union(*(facts.modules for facts in FACTS.values()))
COMPILED = ("torch_inductor", "executorch")
"""Runtimes whose large models take tens of seconds."""
KERNELS = {"digits_cnn": 8 * 9 + 16 * 8 * 9 + 32 * 16 * 9 + 10 * 32}
KERNELS["digits_keras_cnn"] = KERNELS["digits_cnn"]


def by_day(cell):
    """torch_inductor compiles for ten seconds and more, whatever the format."""
    return cell.recipe == "fp32" or (cell.recipe in BY_DAY and cell.runtime != "torch_inductor")


each_cell = pytest.mark.parametrize("cell", parameters(CELLS, by_day))
each_runtime = pytest.mark.parametrize("runtime", RUNTIMES)
each_quick_runtime = pytest.mark.parametrize(
    "runtime",
    [pytest.param(name, marks=pytest.mark.nightly if name in COMPILED else ()) for name in RUNTIMES],
)
each_quickly_built_runtime = pytest.mark.parametrize(
    "runtime",
    [pytest.param(name, marks=() if name in ("onnxruntime", "torch") else pytest.mark.nightly) for name in RUNTIMES],
)
each_quick_cell = pytest.mark.parametrize(
    "cell", parameters(CELLS, lambda cell: by_day(cell) and cell.runtime not in COMPILED)
)


@pytest.fixture
def opened(built, tmp_path):
    """Opens artifacts, each in a worker of its own that ends with the test."""
    workers = []

    def open_cell(cell, path=None, run_side=None, threads=1):
        side = run_side or runtimes.get(cell.runtime).run_side
        worker = Worker(Local(), threads=threads, run_side=side, log=tmp_path / "worker.log", timeout_s=120)
        workers.append(worker)
        worker.ask("load", path=str(path or built.artifacts[cell].path), options=options_of(cell.runtime, threads))
        return worker

    yield open_cell
    for worker in workers:
        worker.end()


@pytest.fixture(scope="module")
def reopened(built, tmp_path_factory):
    """Opens artifacts in one worker for each engine, one after the other."""
    folder = tmp_path_factory.mktemp("workers")
    engines = {name: Reopening(runtimes.get(name).run_side, folder / f"{name}.log") for name in RUNTIMES}

    def open_cell(cell, path=None):
        return engines[cell.runtime].open(path or built.artifacts[cell].path, options_of(cell.runtime))

    yield open_cell
    for engine in engines.values():
        engine.end()


@pytest.fixture(scope="module")
def measured(built, settings):
    """The measurements of a cell, by name, each cell probed once."""
    kept = {}

    def measure(cell):
        if cell not in kept:
            found = probe(resolve(cell), built.artifacts[cell], built.references[cell.model], settings)
            kept[cell] = {one.name: one for one in found.measurements}
        return kept[cell]

    return measure


@pytest.fixture(scope="module")
def saturates():
    """Whether onnxruntime's int8 kernels saturate on this CPU, asked in a process of its own."""
    command = [sys.executable, "-m", "tests.contract.saturation"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout)


@each_cell
def test_keeps_the_reference_outputs(measured, saturates, cell):
    found = measured(cell)
    cut = saturates and (cell.runtime, cell.recipe) == ("onnxruntime", "int8_static")
    assert found["output_sqnr_db"].value >= (SATURATED_SQNR_DB if cut else LEAST_SQNR_DB[cell.recipe])
    assert found["accuracy_drop_fraction"].value <= (SATURATED_DROP if cut else 0.01)
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

    # TFLiteConverter leaves kernels of fewer than 1,024 weights in float here, in a model of this size two of four.
    small = (cell.model, cell.recipe, cell.runtime) == ("digits_keras_cnn", "int8_dynamic", "litert")
    assert weights.share(*WEIGHT_DTYPES[cell.recipe]) >= (0.75 if small else 0.95), weights
    assert built.artifacts[cell].size_bytes > weights.total_bytes


@each_cell
def test_every_runtime_reads_the_same_kernels(built, cell):
    """Three convolutions and one linear layer, whatever the format does to biases and batch norms."""
    weights = built.artifacts[cell].weights

    assert weights.kernel_size == KERNELS[cell.model]
    assert weights.sparsity < 0.05


@each_quick_cell
def test_a_batch_gives_what_single_samples_give(built, reopened, cell):
    inputs = built.references[cell.model].load("inputs").take(slice(8))
    worker = reopened(cell)
    single, batch = worker.predict(inputs, 1).only, worker.predict(inputs, 8).only
    assert single.shape == batch.shape == (8, 10)
    assert single.dtype == batch.dtype == np.float32
    # Ranges taken over the batch move int8 outputs; that is why evaluation runs one sample at a time.
    assert np.abs(single - batch).max() <= (1e-4 if cell.recipe == "fp32" else 0.5)


@each_quick_runtime
def test_runs_are_deterministic_and_files_can_move(built, opened, reopened, tmp_path, runtime):
    cell = first_cell(runtime, "int8_static")
    inputs = built.references[cell.model].load("inputs").take(slice(50))
    artifact = built.artifacts[cell]
    moved = tmp_path / "elsewhere with spaces"
    shutil.copytree(artifact.folder, moved)
    here, there = reopened(cell), opened(cell, path=moved / artifact.main)
    outputs = here.predict(inputs, 1).only
    assert np.array_equal(outputs, here.predict(inputs, 1).only)
    assert np.array_equal(outputs, there.predict(inputs, 1).only)


@each_runtime
def test_a_worker_imports_its_engine_and_no_other(built, opened, tmp_path, runtime):
    side = tmp_path / "asking.py"
    side.write_text(
        runtimes.get(runtime).run_side.read_text()
        + f"""
import sys
_versions = versions
def versions():
    loaded = [name for name in {sorted(HEAVY)!r} if name in sys.modules]
    return {{**_versions(), "loaded": ",".join(loaded)}}
"""
    )
    worker = opened(first_cell(runtime), run_side=side)
    assert set(worker.greeting["versions"]) & set(FACTS[runtime].versions), (
        "an untested version of it would not be told"
    )
    loaded = set(worker.greeting["versions"]["loaded"].split(","))
    assert loaded
    assert loaded <= set(FACTS[runtime].modules)
    assert worker.ask("memory")["idle"] <= FACTS[runtime].idle_mb * 1e6


@each_runtime
@pytest.mark.parametrize("wrong", ["length", "rank", "type"])
def test_wrong_input_is_refused_not_reshaped(built, reopened, runtime, wrong):
    cell = first_cell(runtime)
    inputs = built.references[cell.model].load("inputs")
    (name,), sample = inputs.names, inputs.only[:1]
    given = {
        "length": np.zeros([length + 1 if length == 8 else length for length in sample.shape], np.float32),
        "rank": np.zeros((1, 8, 8), np.float32),
        "type": sample.astype(np.float64),
    }[wrong]
    worker = reopened(cell)
    with pytest.raises(WorkerFailure, match="predict failed"):
        worker.predict(one(given, name), 1)


@each_runtime
def test_a_corrupt_artifact_is_refused(built, reopened, tmp_path, runtime):
    artifact = built.artifacts[first_cell(runtime)]
    broken = tmp_path / "broken"
    shutil.copytree(artifact.folder, broken)
    (broken / artifact.main).write_bytes(artifact.path.read_bytes()[:200])
    with pytest.raises(WorkerFailure, match=r"load failed|died in 'load'"):
        reopened(first_cell(runtime), path=broken / artifact.main)


@each_runtime
def test_an_artifact_of_another_engine_is_refused(built, reopened, runtime):
    other = first_cell("litert" if runtime != "litert" else "onnxruntime")
    with pytest.raises(WorkerFailure, match=r"load failed|died in 'load'"):
        reopened(first_cell(runtime), path=built.artifacts[other].path)


@each_quickly_built_runtime
def test_memory_is_given_back_on_close(large, reopened, runtime):
    """Kept, it would be five megabytes more each time: the weights are half a megabyte, eight activations one each."""
    cell = LARGE[runtime]
    worker = reopened(cell, path=large.artifacts[cell].path)
    sample = large.references[cell.model].load("inputs").sample(0)
    held = []
    for _ in range(6):
        worker.prepare(sample)
        worker.ask("close")
        held.append(resident_bytes(worker.greeting["pid"]))
        worker.ask("load", path=str(large.artifacts[cell].path), options=options_of(runtime))
    assert held[-1] - held[1] <= 12e6, held


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def share_at_work_together(pid, worker):
    """In what share of the moments while *worker* infers at least two of its threads compute, or would with a core."""
    moments = []

    def watch():
        stats = [path / "stat" for path in Path(f"/proc/{pid}/task").iterdir()]
        while not over.is_set():
            with suppress(OSError):  # a thread may end meanwhile
                moments.append(sum(stat.read_text().rpartition(")")[2].split()[0] == "R" for stat in stats))

    over = threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        worker.ask("warm_up", least_iterations=10, least_ns=10**9)
    finally:
        over.set()
        watcher.join()
    assert len(moments) >= 100
    return sum(ready >= 2 for ready in moments) / len(moments)


@each_quickly_built_runtime
def test_it_computes_on_as_many_threads_as_it_is_told(large, opened, reopened, runtime):
    """A busy machine may withhold cores: what counts is how many threads are ready to compute at the same time."""
    cell = LARGE[runtime]
    sample = large.references[cell.model].load("inputs").sample(0)

    def together(threads):
        path = large.artifacts[cell].path
        worker = reopened(cell, path=path) if threads == 1 else opened(cell, path=path, threads=threads)
        worker.prepare(sample)
        worker.ask("warm_up", least_iterations=5, least_ns=10**8)
        return share_at_work_together(worker.greeting["pid"], worker)

    alone, both = together(1), together(2)
    assert alone <= 0.25, "one hands over to the other now and then"
    assert both >= alone + 0.2, (alone, both)


@each_quickly_built_runtime
def test_whole_numbers_go_in_as_they_are(large, reopened, runtime):
    """A model that takes pixels as uint8: no float may be made of them on the way, nor anything else accepted."""
    cell = LARGE[runtime]
    problem = large.results[cell].reason
    assert cell in large.artifacts, problem
    reference = large.references[cell.model]
    inputs, outputs = reference.load("inputs"), reference.tally().outputs.only
    assert inputs.only.dtype == np.uint8
    worker = reopened(cell, path=large.artifacts[cell].path)
    np.testing.assert_allclose(worker.predict(inputs, 1).only, outputs, atol=1e-4)
    np.testing.assert_allclose(worker.predict(inputs.take(slice(8)), 8).only, outputs[:8], atol=1e-4)
    with pytest.raises(WorkerFailure, match="predict failed"):
        worker.predict(one(inputs.only.astype(np.float32), *inputs.names), 1)


@each_cell
def test_integer_inputs_and_outputs_where_they_are_offered(built, settings, cell):
    """Chosen by an option, an artifact with int8 at both ends answers in the model's own units."""
    runtime = runtimes.get(cell.runtime)
    offered = next((one for one in runtime.options if one.name == "io"), None)
    if offered is None:
        assert cell.runtime != "litert"
        return
    whole = replace(cell, runtime=f"{cell.runtime},io=int8")
    problem = obstacle(resolve(whole))
    # The float file stays as it is, beside the one that is compared with it.
    assert (problem is None) is (cell.recipe in ("fp32", "int8_static"))
    if problem is not None:
        assert "io=int8" in problem.reason
    if cell.recipe != "int8_static":
        return
    run = Run(settings, lambda case: {}, lambda line: None)
    run.prepare_cells([whole])
    reference = run.references[cell.model]
    found = {m.name: m for m in probe(resolve(whole), run.artifacts[whole], reference, settings).measurements}
    assert found["accuracy_drop_fraction"].value <= 0.01
    assert run.artifacts[whole].sha256 != built.artifacts[cell].sha256


@each_cell
def test_placement_is_told(measured, cell):
    found = measured(cell)["placement_fraction"]
    assert 0 <= found.value <= 1
    assert found.n >= 4  # three convolutions and a matrix product


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
