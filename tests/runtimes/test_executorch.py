"""What is particular to ExecuTorch: delegated and left-behind operators, kernels without a delegate, its threads.

``python -m tests.runtimes.test_executorch FOLDER`` builds what the tests look at, in a process of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.core.lowering import Lowering
from harness.core.names import RuntimeName
from harness.core.weights import Weights
from harness.runtimes.executorch.reading import read_tensors
from harness.runtimes.executorch.runtime import ExecuTorch
from harness.runtimes.options import choice_of
from harness.targets.local import Local
from harness.worker.process import Worker

from .building import PRECISIONS, SAMPLES, SHAPE, network

pytestmark = pytest.mark.runtimes

ROOT = Path(__file__).parents[2]
WIDE = (3, 56, 56)
ON_PORTABLE = ("fp32", "fp16", "int8_static")
THREADS = """
import json, sys, time
import numpy as np
from harness.worker import program
path, side, threads = sys.argv[1:4]
run_side = program.load_run_side(open(side).read(), side)
step = run_side.open_session(path, {"threads": int(threads), "provider": ""}).prepare(np.zeros((1, 3, 56, 56), "f4"))
step()
all_threads, this_thread = time.process_time(), time.thread_time()
for _ in range(40): step()
all_threads, this_thread = time.process_time() - all_threads, time.thread_time() - this_thread
print(json.dumps((all_threads - this_thread) / all_threads))
"""


def build(folder):
    import torch
    from torch import nn

    from harness.exporters.torch_to_pt2 import TorchToPt2

    runtime = ExecuTorch()
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((SAMPLES, *SHAPE)).astype(np.float32)
    facts = {"placement": {}}

    class Odd(nn.Module):
        """A normalization before any convolution, slopes, a factor per channel, and an operator for no delegate."""

        def __init__(self):
            super().__init__()
            self.norm, self.conv, self.slopes = nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3), nn.PReLU(4)
            self.factor = nn.Parameter(torch.rand(1, 4, 1, 1) + 0.5)
            self.head = nn.Linear(4 * 10 * 10, 5)

        def forward(self, x):
            x = self.slopes(self.conv(self.norm(x))) * self.factor
            return self.head(torch.cumsum(x, dim=2).flatten(1))

    def lower(net, name, precision, provider, samples):
        place = folder / name
        place.mkdir()
        source = place / "source.pt2"
        TorchToPt2().export(net, None, samples[:2], source)
        made = runtime.lower(source, Lowering(precision=precision, calibration=samples, provider=provider), place)
        facts["placement"][name] = made.placement

    torch.manual_seed(0)
    odd = Odd()
    nn.init.uniform_(odd.norm.weight)
    nn.init.uniform_(odd.norm.bias)
    odd.eval()
    lower(odd, "odd", PRECISIONS["fp32"], "xnnpack", inputs)
    lower(odd, "odd_portable", PRECISIONS["fp32"], "portable", inputs)
    facts["odd_parameters"] = sum(p.numel() for p in odd.parameters())
    facts["odd_kernels"] = odd.conv.weight.numel() + odd.head.weight.numel()
    convolutions = [nn.Conv2d(3 if not i else 64, 64, 3, padding=1) for i in range(8)]
    lower(nn.Sequential(*convolutions).eval(), "wide", PRECISIONS["fp32"], "xnnpack", np.zeros((2, *WIDE), np.float32))
    net = network()
    for name in ON_PORTABLE:
        lower(net, name, PRECISIONS[name], "portable", inputs)
    for name in ("fp32", "int8_static"):
        lower(net, f"again_{name}", PRECISIONS[name], "xnnpack", inputs)
    try:
        lower(net, "constant", PRECISIONS["int8_static"], "xnnpack", np.zeros_like(inputs))
    except Exception as err:
        facts["constant"] = f"{type(err).__name__}: {err}"
    with torch.no_grad():
        np.savez(
            folder / "outputs.npz", inputs=inputs, odd=odd(torch.from_numpy(inputs)), net=net(torch.from_numpy(inputs))
        )
    # Last: it imports what a build has no use for.
    from harness.runtimes.executorch import run_side

    session = run_side.open_session(str(folder / "again_fp32" / "model.pte"), {"threads": 1, "provider": "xnnpack"})
    first = session.prepare(inputs[:1])()
    before = first.copy()
    second = session.prepare(inputs[1:2])()
    facts["kept"] = bool(np.array_equal(first, before) and not np.array_equal(first, second))
    (folder / "facts.json").write_text(json.dumps(facts))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("particular")
    made = subprocess.run(
        [sys.executable, "-m", "tests.runtimes.test_executorch", str(place)],
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


@pytest.fixture
def opened(tmp_path):
    workers = []

    def open_artifact(path):
        worker = Worker(Local(), threads=1, run_side=ExecuTorch.run_side, log=tmp_path / "worker.log", timeout_s=120)
        workers.append(worker)
        worker.ask("load", path=str(path), options={"threads": 1, "provider": ""})
        return worker

    yield open_artifact
    for worker in workers:
        worker.end()


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
    assert np.abs(worker.predict(outputs["inputs"], 1) - outputs["odd"]).max() <= 1e-4
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
    got = opened(folder / name / "model.pte").predict(outputs["inputs"], 1)
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
        worker.predict(samples, 1)


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


if __name__ == "__main__":
    build(Path(sys.argv[1]))
