"""What is particular to ExecuTorch: delegated and left-behind operators, kernels without a delegate, its threads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes.named import one
from fakes.reopening import Reopening

from harness.core.names import RuntimeName
from harness.core.weights import Weights
from harness.runtimes.executorch.reading import read_tensors
from harness.runtimes.executorch.runtime import ExecuTorch
from harness.runtimes.options import choice_of

from .building import NAMES, PRECISIONS, SHAPE
from .executorch_building import ON_PORTABLE

pytestmark = [pytest.mark.runtimes, pytest.mark.nightly]

ROOT = Path(__file__).parents[2]
THREADS = """
import json, sys, time
import numpy as np
from harness.worker import program
path, side, threads = sys.argv[1:4]
run_side = program.load_module(open(side).read(), side)
options = {"threads": int(threads), "provider": "", "inputs": ["image"], "outputs": ["output"]}
step = run_side.open_session(path, options).prepare({"image": np.zeros((1, 3, 56, 56), "f4")})
step()
all_threads, this_thread = time.process_time(), time.thread_time()
for _ in range(40): step()
all_threads, this_thread = time.process_time() - all_threads, time.thread_time() - this_thread
print(json.dumps((all_threads - this_thread) / all_threads))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("particular")
    made = subprocess.run(
        [sys.executable, "-m", "tests.runtimes.executorch_building", str(place)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        # Not the hashing of the process that the artifacts are compared with.
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert made.returncode == 0, made.stderr[-3000:]
    return place


@pytest.fixture(scope="module")
def facts(folder):
    return json.loads((folder / "facts.json").read_text())


@pytest.fixture(scope="module")
def outputs(folder):
    with np.load(folder / "outputs.npz", allow_pickle=False) as held:
        return {key: held[key] for key in held.files}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Opens an artifact in the one worker of this module."""
    engine = Reopening(ExecuTorch.run_side, tmp_path_factory.mktemp("worker") / "worker.log")
    yield lambda path: engine.open(path, {**NAMES, "threads": 1, "provider": ""})
    engine.end()


def weights(folder, name):
    return Weights.of(read_tensors((folder / name / "model.pte").read_bytes()))


def test_an_operator_that_was_left_behind_is_named(facts):
    placement = facts["placement"]["odd"]
    assert placement["portable"] == {"cumsum": 1}
    assert placement["xnnpack"]["convolution"] == placement["xnnpack"]["linear"] == 1
    assert "cumsum" not in placement["xnnpack"]


def test_without_a_delegate_all_is_left_behind(facts):
    assert set(facts["placement"]["odd_portable"]) == {"portable"}
    assert facts["placement"]["again_int8_static"] == {
        "xnnpack": {"convolution": 3, "hardtanh": 1, "linear": 2, "mean": 1, "relu": 3, "view_copy": 1}
    }
    # Nobody fuses them there: they are computed.
    assert facts["placement"]["int8_static"]["portable"]["dequantize_per_channel"] == 5


@pytest.mark.parametrize("name", ["odd", "odd_portable"])
def test_a_mixed_program_computes_the_same(folder, outputs, opened, name):
    worker = opened(folder / name / "model.pte")
    assert np.abs(worker.predict(one(outputs["inputs"]), 1).only - outputs["odd"]).max() <= 1e-4
    told = worker.ask("describe")["description"]
    if name == "odd":
        assert (told["provider"], told["backends"], told["figures"]) == ("xnnpack", ["XnnpackBackend"], {})
    else:
        # Input and output, and what lies between.
        assert (told["provider"], told["backends"]) == ("portable", [])
        assert told["figures"]["arena_bytes"] >= 4 * (np.prod(SHAPE) + 5)


@pytest.mark.parametrize("name", ["odd", "odd_portable"])
def test_what_meets_each_element_is_no_kernel(folder, facts, name):
    found = weights(folder, name)
    assert found.kernel_size == facts["odd_kernels"]
    assert found.parameters == facts["odd_parameters"]


@pytest.mark.parametrize("name", ON_PORTABLE)
def test_the_portable_kernels_have_what_was_promised(folder, outputs, opened, built_for, name):
    found, facts = weights(folder, name), built_for("executorch").facts
    assert found.share({"fp32": "float32", "fp16": "float16", "int8_static": "int8"}[name]) == 1.0
    assert found.kernel_size == facts["kernels"]
    assert found.kernel_zeros >= facts["zeros"]
    assert found.parameters == facts["folded" if name == "int8_static" else "parameters"]
    got = opened(folder / name / "model.pte").predict(one(outputs["inputs"]), 1).only
    least, most = {"fp32": (0, 1e-5), "fp16": (1e-5, 0.02), "int8_static": (0.02, 0.3)}[name]
    assert least <= np.abs(got - outputs["net"]).max() <= most
    if name == "int8_static":
        # Two implementations of one quantized graph: a step of the output's scale apart at most.
        delegated = built_for("executorch").outputs["int8_static"]
        assert np.abs(got - delegated).max() <= 2 * np.abs(outputs["net"]).max() / 128


@pytest.mark.parametrize("precision", ["fp32", "int8_static"])
def test_a_build_elsewhere_gives_the_same_bytes_and_no_paths(folder, built_for, precision):
    built = built_for("executorch")
    there, here = built.path(precision).read_bytes(), (folder / f"again_{precision}" / "model.pte").read_bytes()
    assert there == here
    assert not any(part in here for part in (str(ROOT).encode(), str(folder.parent).encode(), b".py"))


def test_histograms_are_the_default_and_minmax_is_obeyed(built_for):
    outputs = built_for("executorch").outputs
    assert not np.array_equal(outputs["int8_static"], outputs["int8_static_minmax"])


def test_an_activation_that_is_constant_is_refused_by_name(facts):
    assert facts["constant"].startswith("ContractError: degenerate int8 scales of activations: input")


def test_the_next_inference_leaves_the_last_outputs_alone(facts):
    assert facts["kept"]


def test_threads_are_those_that_were_asked_for(folder):
    def share_of_other_threads(count):
        # Of the CPU's time: other work on the machine makes all slower, not this larger.
        arguments = [str(folder / "wide" / "model.pte"), str(ExecuTorch.run_side), str(count)]
        command = [sys.executable, "-c", THREADS, *arguments]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
        return json.loads(ran.stdout)

    assert share_of_other_threads(1) <= 0.05
    assert share_of_other_threads(2) >= 0.2


@pytest.mark.parametrize(
    "samples",
    [np.zeros((1, *SHAPE)), np.zeros((1, *SHAPE), np.int32), np.zeros((1, 3, 12, 11), np.float32)],
    ids=["float64", "int32", "shape"],
)
def test_wrong_input_is_refused(folder, opened, samples):
    worker = opened(folder / "again_fp32" / "model.pte")
    with pytest.raises(Exception, match="predict failed"):
        worker.predict(one(samples), 1)


@pytest.mark.parametrize("kept", [0, 200, 0.5, -1])
def test_a_truncated_program_is_refused(folder, opened, tmp_path, kept):
    whole = (folder / "again_fp32" / "model.pte").read_bytes()
    broken = tmp_path / "model.pte"
    broken.write_bytes(whole[: int(len(whole) * kept) if 0 < kept < 1 else kept])
    with pytest.raises(Exception, match=r"load (failed|died)|worker died"):
        opened(broken)


def test_constants_that_are_not_found_are_told_not_left_out(folder):
    whole = (folder / "again_fp32" / "model.pte").read_bytes()
    weight = next(one for one in read_tensors(whole) if one.dimensions == 4)
    assert weight.stored_bytes > 0
    # Names are hashes of the data: 64 hexadecimal digits, in the payload and in the table of the file.
    digits = b"0123456789abcdef"
    start = next(i for i in range(len(whole) - 64) if all(byte in digits for byte in whole[i : i + 64]))
    changed = whole[:start] + b"x" + whole[start + 1 :]
    with pytest.raises(ValueError, match=r"no data in the file|that nothing reads"):
        list(read_tensors(changed))


@pytest.mark.parametrize(
    ("provider", "precision", "said"),
    [
        ("portable", "fp16", ""),
        ("xnnpack", "fp16", "executorch:portable has float16"),
        ("portable", "int8_dynamic", "executorch:portable has no lowering to int8_dynamic"),
    ],
)
def test_a_refusal_is_of_the_provider(provider, precision, said):
    runtime = ExecuTorch()
    choice = choice_of(RuntimeName(runtime="executorch", provider=provider), runtime)
    reason = runtime.refusal("torch", PRECISIONS[precision], choice)
    assert said in reason
    assert bool(reason) == bool(said)
