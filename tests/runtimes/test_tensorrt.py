"""TensorRT: engines for GPUs that are not here, and, where one is, what they compute."""

import ctypes
import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from harness.core.finding import Verdict
from harness.core.matrix import Matrix
from harness.core.metrics import metric_named
from harness.core.names import Cell, RuntimeName
from harness.core.offer import CUDA
from harness.core.recipe import Precision
from harness.core.weights import Weights
from harness.errors import ContractError
from harness.pipeline.catalog import load_catalog
from harness.pipeline.keys import keys_of
from harness.pipeline.resolved import resolve
from harness.pipeline.run import Run
from harness.pipeline.settings import Settings
from harness.registries import exporters
from harness.runtimes.options import choice_of, missing_to_build, refused_name
from harness.runtimes.tensorrt import runtime as tensorrt
from harness.runtimes.tensorrt.layers import read_layers, read_memory
from harness.targets.local import Local
from harness.worker.process import Worker
from harness.worker.program import load_module
from tests.fakes.named import one, signature

from .building import NAMES, PRECISIONS, SAMPLES, SHAPE, SIGNATURE, lowering, network
from .shared_builds import filled
from .shared_builds import run as run_python

pytestmark = pytest.mark.runtimes

ROOT = Path(__file__).parents[2]
BUILT = ("fp32", "fp16", "int8_static", "int8_static_per_tensor", "int8_static_percentile", "int8_weight_only")
FARTHEST = {"fp32": 1e-3, "fp16": 2e-2}
"""From the reference, as a share of its largest output; what is int8 may be 0.15 away."""
DTYPES = {"fp32": "float32", "fp16": "float16"}
gpu = [pytest.mark.gpu, pytest.mark.skipif("cuda" not in Local().devices(), reason="no CUDA device")]


def inputs():
    return np.random.default_rng(0).standard_normal((SAMPLES, *SHAPE)).astype(np.float32)


def build(folder, *sms):
    """What the fixtures call in a process of its own: engines of the small network, and what was told of them."""
    import torch

    load_catalog()
    runtime, net = tensorrt.TensorRt(), network()
    source = folder / "source.onnx"
    exporters.find("torch", ("onnx",)).export(net, SIGNATURE, {"image": inputs()[:2]}, source)
    with torch.no_grad():
        np.save(folder / "reference.npy", net(torch.from_numpy(inputs())).numpy())
    told = {}
    for sm in sms:
        for name in BUILT:
            place = folder / sm / name
            place.mkdir(parents=True)
            made = runtime.lower(source, lowering(name, inputs(), provider="cuda", options={"sm": sm}), place)
            told[f"{sm}/{name}"] = {
                "main": made.main.name,
                "unshipped": made.unshipped,
                "placement": made.placement,
                **made.details,
            }
    (folder / "told.json").write_text(json.dumps(told))


def building(*sms):
    """Arguments of the interpreter with which it builds into the folder that is named behind them."""
    return "-c", f"import sys; from tests.runtimes.test_tensorrt import build, Path; build(Path(sys.argv[1]), *{sms!r})"


def built_in_a_process(folder, *sms):
    run_python(*building(*sms), str(folder))
    return folder


@pytest.fixture(scope="module")
def engines(builds_folder):
    return filled(builds_folder, "tensorrt", building("86", "89"))


@pytest.fixture(scope="module")
def told(engines):
    return json.loads((engines / "told.json").read_text())


@pytest.fixture(scope="module")
def runtime():
    return tensorrt.TensorRt()


def chosen(runtime, **options):
    return choice_of(RuntimeName(runtime="tensorrt", options=tuple(options.items())), runtime)


each_engine = pytest.mark.parametrize(("sm", "precision"), [(sm, one) for sm in ("86", "89") for one in BUILT])


@each_engine
def test_an_engine_is_built_and_the_onnx_beside_it_is_no_part_of_it(engines, told, sm, precision):
    facts = told[f"{sm}/{precision}"]
    assert (facts["main"], facts["unshipped"]) == ("model.engine", ["model.onnx"])
    assert sorted(one.name for one in (engines / sm / precision).iterdir()) == ["model.engine", "model.onnx"]
    assert (engines / sm / precision / "model.engine").stat().st_size > 10_000
    assert facts["builder"]["sm"] == sm
    assert [name for name in facts["builder"] if name != "sm"] == [tensorrt._flavour().distribution]
    assert facts["memory"]["weights_bytes"] > 0
    assert facts["memory"]["activation_bytes"] > 0


@each_engine
def test_weights_have_the_promised_type(engines, runtime, sm, precision):
    weights = Weights.of(runtime.weights(engines / sm / precision / "model.engine"))
    assert weights.share(DTYPES.get(precision, "int8")) == 1.0
    assert weights.kernel_size == sum(one.numel() for one in network().parameters() if one.ndim >= 2)


@each_engine
def test_layers_of_the_finished_engine_are_told_with_their_types(told, sm, precision):
    layers = told[f"{sm}/{precision}"]["layers"]
    assert sum(layers["counts"].values()) == len(layers["listed"])
    assert layers["left_out"] == 0
    named = {name for one in layers["listed"] for name in one["onnx"]}
    assert any("conv" in name.lower() for name in named), named
    convolutions = [one["reads"] for one in layers["listed"] if one["type"] == "correlation"]
    assert len(convolutions) == 3
    needed = {"fp32": "Float", "fp16": "Half", "int8_weight_only": "Float"}.get(precision, "Int8")
    assert all(needed in reads for reads in convolutions), convolutions


def test_it_takes_every_operator(told):
    for precision in BUILT:
        placement = told[f"86/{precision}"]["placement"]
        assert list(placement) == ["cuda"]
        assert placement["cuda"]["Conv"] == 3
        assert ("QuantizeLinear" in placement["cuda"]) is precision.startswith("int8_static")


def test_ranges_change_the_scales_and_nothing_else(engines, runtime):
    minmax, percentile = (engines / "86" / one / "model.onnx" for one in ("int8_static", "int8_static_percentile"))
    assert minmax.read_bytes() != percentile.read_bytes()
    assert Weights.of(runtime.weights(minmax)) == Weights.of(runtime.weights(percentile))


@pytest.mark.parametrize("precision", BUILT)
def test_what_was_parsed_computes_what_the_model_does(engines, precision):
    import onnxruntime

    # As the file says, in float between its Q and DQ: int8 kernels cut large sums on a CPU without VNNI.
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        engines / "86" / precision / "model.onnx", settings, providers=["CPUExecutionProvider"]
    )
    outputs, reference = session.run(None, {"image": inputs()})[0], np.load(engines / "reference.npy")
    assert np.abs(outputs - reference).max() <= FARTHEST.get(precision, 0.15) * np.abs(reference).max()
    assert (precision == "fp32") is bool(np.abs(outputs - reference).max() <= 1e-5 * np.abs(reference).max())


def test_engines_for_two_gpus_differ_and_their_onnx_does_not(engines):
    for precision in BUILT:
        one, other = (engines / sm / precision for sm in ("86", "89"))
        assert (one / "model.engine").read_bytes() != (other / "model.engine").read_bytes()
        assert (one / "model.onnx").read_bytes() == (other / "model.onnx").read_bytes()


@pytest.mark.nightly
def test_a_second_build_gives_an_engine_of_the_same_size(engines, tmp_path):
    again = built_in_a_process(tmp_path, "86")
    for precision in BUILT:
        first, second = ((folder / "86" / precision / "model.engine").read_bytes() for folder in (engines, again))
        assert len(first) == len(second), precision
        # With many kernels the builder names its temporaries in an order that varies.
        if precision in ("fp32", "fp16"):
            assert first == second, precision


def test_without_a_gpu_an_engine_is_refused_with_the_reason(engines, tmp_path):
    if "cuda" in Local().devices():
        pytest.skip("there is a CUDA device")
    side = tensorrt.TensorRt.run_side
    with Worker(Local(), threads=1, run_side=side, log=tmp_path / "worker.log", timeout_s=120) as worker:
        assert worker.greeting["versions"]
        with pytest.raises(Exception, match="no CUDA device to run on"):
            worker.ask("load", path=str(engines / "86" / "fp32" / "model.engine"), options=NAMES)


@pytest.mark.parametrize(
    ("precision", "said"),
    [
        (PRECISIONS["int8_dynamic"], ("int8_dynamic", "measures none at run time", "int8_static")),
        (Precision(name="int4"), ("int4", "known: fp32, fp16")),
        (Precision(name="int8_static", parameters=(("ranges", "guess"),)), ("guess", "known: minmax, entropy")),
    ],
)
def test_a_precision_that_it_lacks_is_refused(runtime, precision, said):
    reason = runtime.refusal("torch", precision, chosen(runtime, sm="86"))
    assert all(part in reason for part in ("tensorrt", *said)), reason


def test_all_other_precisions_are_taken(runtime):
    for name in BUILT:
        assert runtime.refusal("torch", PRECISIONS[name], chosen(runtime, sm="86")) == ""


def test_without_a_gpu_one_must_be_named(runtime):
    assert missing_to_build(chosen(runtime), runtime, frozenset()) == (
        "no CUDA device to build sm=current for; name another: 75, 80, 86, 89, 120, 121"
    )
    assert missing_to_build(chosen(runtime), runtime, {CUDA}) == ""
    assert missing_to_build(chosen(runtime, sm="86"), runtime, frozenset()) == ""


def test_a_compute_capability_that_it_lacks_is_refused(runtime):
    name = RuntimeName(runtime="tensorrt", options=(("sm", "90"),))
    assert refused_name(name, runtime) == ("tensorrt knows no sm=90 (known: current, 75, 80, 86, 89, 120, 121)")


def test_the_other_product_builds_for_the_gpu_that_is_here_only(runtime, monkeypatch):
    rtx, classic = tensorrt.FLAVOURS
    assert "tensorrt-rtx-cu13" in runtime.build_packages
    monkeypatch.setattr(tensorrt, "_flavour", lambda: classic)
    assert "tensorrt" in runtime.build_packages
    assert "tensorrt" in runtime.run_packages
    reason = runtime.refusal("torch", PRECISIONS["fp32"], chosen(runtime, sm="86"))
    assert all(part in reason for part in ("GPU that is here", "sm=86", rtx.distribution)), reason


def test_a_model_that_does_not_parse_names_the_node(runtime, tmp_path):
    import onnx
    from onnx import TensorProto, helper

    node = helper.make_node("Unheard", ["x"], ["y"], name="the_odd_one", domain="elsewhere")
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in "xy"]
    graph = helper.make_graph([node], "graph", values[:1], values[1:])
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("elsewhere", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), tmp_path / "odd.onnx")
    wanted = lowering("fp32", np.zeros((2, 4), np.float32), signature((4,), "x"), options={"sm": "86"})
    with pytest.raises(ContractError, match=r"can't parse the model: node 'the_odd_one' \(Unheard\): "):
        runtime.lower(tmp_path / "odd.onnx", wanted, tmp_path)


def test_what_the_log_does_not_hold_is_left_out():
    assert read_layers([]) == {}
    assert read_layers(["Layers:\nnothing that is known\n", "Total Host Persistent Memory: 80 bytes"]) == {}
    assert read_memory(["Total Weights Memory: 8032 bytes", "Total Host Persistent Memory: 80 bytes"]) == {
        "weights_bytes": 8032
    }


def test_only_so_many_layers_are_listed():
    line = "Name: k{0}, LayerType: kgen, Inputs: [ {{ Name: a, Datatype: Float, Format: x }}], Outputs: [ {{ Name: b, Datatype: Int8 }}], TacticName: t, StreamId: 0, Metadata: [ONNX Layer: n{0}]"
    told = read_layers(["Layers:\n" + "\n".join(line.format(number) for number in range(300))])
    assert told["counts"] == {"kgen Float->Int8": 300}
    assert (len(told["listed"]), told["left_out"]) == (200, 100)
    assert told["listed"][1] == {
        "name": "k1",
        "type": "kgen",
        "reads": ["Float"],
        "writes": ["Int8"],
        "tactic": "t",
        "onnx": ["n1"],
    }


@pytest.fixture(scope="module")
def run(pytestconfig, tmp_path_factory):
    load_catalog()
    named = os.environ.get("EDGE_HARNESS_CACHE")
    cache = Path(named) if named else pytestconfig.cache.mkdir("engines")
    settings = Settings(cache=cache, scratch=tmp_path_factory.mktemp("scratch"))
    return Run(settings, lambda case: {}, lambda line: None)


def test_without_a_gpu_sizes_are_judged_and_accuracy_is_unavailable(run, monkeypatch):
    monkeypatch.setattr(Local, "devices", lambda self: frozenset())
    metrics = ("size", "size_ratio", "accuracy_drop")
    matrix = Matrix.parse(
        models=["digits_cnn"],
        recipes=["fp32", "int8_static"],
        runtimes=["tensorrt,sm=86"],
        budgets=[("*", dict.fromkeys(metrics, "report"))],
        required=[],
        baseline=False,
    )
    cell = Cell(model="digits_cnn", recipe="int8_static", runtime="tensorrt,sm=86")
    cases = [matrix.case("s", cell, metric_named(name)) for name in metrics]
    run.prepare(cases)
    size, ratio, accuracy = (run.judge(case)[0] for case in cases)
    assert size.verdict is Verdict.REPORTED
    assert size.value == run.artifacts[cell].path.stat().st_size
    assert ratio.value == size.value / run.artifacts[cell.reference].size_bytes
    assert (accuracy.verdict, accuracy.reason) == (Verdict.UNAVAILABLE, "unavailable: no CUDA device")
    provenance = run.results[cell].artifact.provenance
    assert provenance.details["layers"]["counts"]
    assert provenance.details["builder"]["sm"] == "86"
    assert run.artifacts[cell].weights.share("int8") >= 0.95


def test_each_compute_capability_has_an_artifact_of_its_own(run):
    cells = [Cell(model="digits_cnn", recipe="fp32", runtime=f"tensorrt,sm={sm}") for sm in ("86", "89")]
    run.prepare_cells(cells)
    keys = [keys_of(resolve(cell), run.references["digits_cnn"]) for cell in cells]
    assert keys[0].artifact != keys[1].artifact
    assert keys[0].interchange == keys[1].interchange
    assert run.artifacts[cells[0]].sha256 != run.artifacts[cells[1]].sha256


class FakeContext:
    """Computes each sample's sum and maximum, on addresses as TensorRT does."""

    def __init__(self):
        self.addresses, self.shape, self.bound = {}, (), 0

    def set_input_shape(self, name, shape):
        self.shape, self.bound = shape, self.bound + 1
        return True

    def infer_shapes(self):
        return []

    def get_tensor_shape(self, name):
        return (self.shape[0], 2)

    def set_tensor_address(self, name, address):
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream):
        size = int(np.prod(self.shape)) * 4
        taken = np.frombuffer(ctypes.string_at(self.addresses["x"], size), np.float32).reshape(self.shape)
        result = np.stack([taken.sum(1), taken.max(1)], 1)
        ctypes.memmove(self.addresses["y"], result.ctypes.data, result.nbytes)
        return True


class FakeEngine:
    num_io_tensors = 2
    device_memory_size_v2 = 5

    def __init__(self, trt):
        self.context, self.config = FakeContext(), SimpleNamespace()
        self.get_tensor_name = "xy".__getitem__
        self.get_tensor_mode = {"x": trt.TensorIOMode.INPUT, "y": trt.TensorIOMode.OUTPUT}.get
        self.get_tensor_dtype = dict.fromkeys("xy", trt.DataType.FLOAT).get
        self.get_tensor_shape = {"x": (-1, 3), "y": (-1, 2)}.get

    def get_tensor_profile_shape(self, name, profile):
        return [(1, 3), (1, 3), (8, 3)]

    def create_runtime_config(self):
        return self.config

    def create_execution_context(self, config):
        return self.context

    def create_engine_inspector(self):
        return SimpleNamespace(get_engine_information=lambda how: "Name: a, LayerType: kgen, Inputs: []")


@pytest.fixture
def faked():
    """The run side with a GPU's calls in place that work on the memory of this process."""
    side = load_module(tensorrt.TensorRt.run_side.read_text(), "run_side.py")
    cuda, trt, held = side.cuda, side.trt, {}
    success = cuda.cudaError_t.cudaSuccess

    def allocate(size):
        memory = ctypes.create_string_buffer(size)
        held[ctypes.addressof(memory)] = memory
        return success, ctypes.addressof(memory)

    def free(address):
        del held[address]
        return (success,)

    def copy(target, source, size, kind, stream):
        ctypes.memmove(target, source, size)
        return (success,)

    side.engine, side.held = FakeEngine(trt), held
    side.cuda = SimpleNamespace(
        cudaSetDevice=lambda device: (success,),
        cudaStreamCreate=lambda: (success, 7),
        cudaStreamSynchronize=lambda stream: (success,),
        cudaStreamDestroy=lambda stream: (success,),
        cudaMalloc=allocate,
        cudaFree=free,
        cudaMemcpyAsync=copy,
        cudaGetDeviceProperties=lambda device: (success, SimpleNamespace(name=b"Fake", major=8, minor=6)),
        cudaGetErrorString=cuda.cudaGetErrorString,
        cudaError_t=cuda.cudaError_t,
    )
    loads = SimpleNamespace(deserialize_cuda_engine=lambda plan: side.engine if plan == b"plan" else None)
    side.trt = SimpleNamespace(**{**vars(trt), "Runtime": lambda log: loads})
    return side


@pytest.fixture
def session(faked, tmp_path):
    path = tmp_path / "model.engine"
    path.write_bytes(b"plan")
    return faked.open_session(str(path), {"threads": 1, "provider": "cuda", "inputs": ["x"], "outputs": ["y"]})


SAMPLES_OF_THREE = np.arange(24, dtype=np.float32).reshape(8, 3)


def predicted(session, samples):
    given = session.predict({"x": samples})
    assert list(given) == ["y"]
    return given["y"]


def test_the_run_side_gives_rows_of_their_own_at_every_batch(session, faked):
    one_by_one = [predicted(session, SAMPLES_OF_THREE[i : i + 1]) for i in range(8)]
    assert faked.engine.context.bound == 1
    together = predicted(session, np.asfortranarray(SAMPLES_OF_THREE))
    assert np.array_equal(np.concatenate(one_by_one), together)
    assert np.array_equal(together[:, 0], SAMPLES_OF_THREE.sum(1))


def test_a_prepared_inference_runs_again_after_another_batch(session):
    run = session.prepare({"x": SAMPLES_OF_THREE[2:3]})
    predicted(session, SAMPLES_OF_THREE)
    assert np.array_equal(run()["y"], [[21, 8]])


@pytest.mark.parametrize(
    "wrong", [SAMPLES_OF_THREE.astype(np.float64), SAMPLES_OF_THREE[:, :2], np.zeros((9, 3), np.float32)]
)
def test_the_run_side_refuses_what_the_engine_would_misread(session, wrong):
    with pytest.raises((TypeError, ValueError), match=r"the engine takes .* for x, not"):
        session.predict({"x": wrong})


def test_the_run_side_describes_and_gives_back_its_memory(session, faked):
    predicted(session, SAMPLES_OF_THREE)
    described = session.describe()
    assert (described["provider"], described["compute_capability"]) == ("cuda", "8.6")
    assert described["layers"] == {"kgen": 1}
    assert described["figures"] == {"device_memory_bytes": 5, "engine_bytes": 4}
    assert faked.engine.config.dynamic_shapes_kernel_specialization_strategy.name == "EAGER"
    session.close()
    assert not faked.held


def test_a_plan_that_is_none_is_refused(faked, tmp_path):
    (tmp_path / "model.engine").write_bytes(b"other")
    with pytest.raises(RuntimeError, match="no engine for this GPU and this version"):
        faked.open_session(str(tmp_path / "model.engine"), {})


def test_the_run_side_names_what_it_could_not_do(faked):
    status = faked.cuda.cudaError_t
    assert faked.done((status.cudaSuccess,)) is None
    assert faked.done((status.cudaSuccess, 7)) == 7
    with pytest.raises(RuntimeError, match=r"^CUDA: out of memory \(cudaErrorMemoryAllocation\)$"):
        faked.done((status.cudaErrorMemoryAllocation, None))


@pytest.fixture(scope="module")
def local_engines(tmp_path_factory):
    return built_in_a_process(tmp_path_factory.mktemp("local"), "current")


@pytest.fixture
def opened(local_engines, tmp_path):
    """Opens workers with an engine loaded; they end with the test."""
    workers = []

    def open_engine(precision):
        side = tensorrt.TensorRt.run_side
        worker = Worker(Local(), threads=1, run_side=side, log=tmp_path / "worker.log", timeout_s=300)
        workers.append(worker)
        options = {**NAMES, "threads": 1, "provider": "cuda", "sm": "current"}
        worker.ask("load", path=str(local_engines / "current" / precision / "model.engine"), options=options)
        return worker

    yield open_engine
    for worker in workers:
        worker.end()


class TestOnAGpu:
    pytestmark = gpu

    @pytest.mark.parametrize("precision", BUILT)
    def test_outputs_stay_close_to_the_reference_at_every_batch_and_after_reloading(
        self, opened, local_engines, precision
    ):
        reference = np.load(local_engines / "reference.npy")
        first = opened(precision)
        single, batch = first.predict(one(inputs()), 1).only, first.predict(one(inputs()[:64]), 8).only
        assert single.dtype == np.float32
        worst = FARTHEST.get(precision, 0.15) * np.abs(reference).max()
        assert np.abs(single - reference).max() <= worst
        assert np.abs(batch - single[:64]).max() <= worst
        assert np.array_equal(opened(precision).predict(one(inputs()), 1).only, single)

    def test_a_prepared_inference_survives_another_batch(self, opened):
        worker = opened("fp32")
        before = worker.predict(one(inputs()[:1]), 1).only
        worker.prepare({"image": inputs()[:1]})
        worker.predict(one(inputs()[:8]), 8)
        assert (worker.time(3) > 0).all()
        assert np.array_equal(worker.predict(one(inputs()[:1]), 1).only, before)

    def test_wrong_input_is_refused_not_read(self, opened):
        worker = opened("fp32")
        for wrong in (
            np.zeros((1, 3, 9, 7), np.float32),
            np.zeros((1, *SHAPE), np.float64),
            np.zeros((9, *SHAPE), np.float32),
        ):
            with pytest.raises(Exception, match="the engine takes"):
                worker.predict(one(wrong), len(wrong))

    def test_the_engine_tells_its_device_and_layers(self, opened, local_engines):
        worker = opened("int8_static")
        worker.prepare({"image": inputs()[:1]})
        described = worker.ask("describe")["description"]
        assert described["provider"] == "cuda"
        assert described["device"]
        assert float(described["compute_capability"]) >= 7.5
        assert described["figures"]["device_memory_bytes"] > 0
        assert described["figures"]["engine_bytes"] > 10_000
        told = json.loads((local_engines / "told.json").read_text())["current/int8_static"]["layers"]
        assert sum(described["layers"].values()) == len(told["listed"])

    def test_an_engine_that_is_none_is_refused(self, opened, local_engines):
        main = local_engines / "current" / "fp32" / "model.engine"
        broken = local_engines / "current" / "broken"
        broken.mkdir()
        (broken / "model.engine").write_bytes(main.read_bytes()[:200])
        with pytest.raises(Exception, match="no engine for this GPU"):
            opened("broken")
