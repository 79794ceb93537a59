"""The worker's timing against a bare loop around the same engine, in the same process."""

import json
import subprocess
import sys

import pytest

from harness.runtimes.registry import runtimes

from .conftest import RUNTIMES, first_cell, options_of

pytestmark = pytest.mark.runtimes

# The bare loop is the engine's own call as its documentation writes it, nothing of the harness around it.
BARE = {
    "onnxruntime": """
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
bare_session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
feed = {bare_session.get_inputs()[0].name: sample}
def bare(): return bare_session.run(None, feed)
""",
    "litert": """
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=path, num_threads=1)
interpreter.allocate_tensors()
taken, given = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
def bare():
    interpreter.set_tensor(taken, sample)
    interpreter.invoke()
    return interpreter.get_tensor(given)
""",
    "torch": """
import torch
torch.set_num_threads(1)
exported = torch.export.load(path).module(check_guards=False)
def bare():
    with torch.inference_mode():
        return exported(torch.from_numpy(sample)).numpy()
""",
    "torch_inductor": """
import torch
import torch._inductor.config
torch.set_num_threads(1)
torch._inductor.config.freezing = True
compiled = torch.compile(torch.export.load(path).module(check_guards=False), dynamic=False)
def bare():
    with torch.inference_mode():
        return compiled(torch.from_numpy(sample)).numpy()
""",
    "openvino": """
import openvino
read = openvino.Core().read_model(path)
read.reshape({0: [1, *sample.shape[1:]]})
settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False, "SNIPPETS_MODE": "DISABLE"}
request = openvino.Core().compile_model(read, "CPU", settings).create_infer_request()
request.set_input_tensor(openvino.Tensor(sample, shared_memory=True))
def bare():
    request.infer()
    return request.get_output_tensor(0).data.copy()
""",
    "executorch": """
import torch
from executorch.runtime import Runtime
method = Runtime.get().load_program(path).load_method("forward")
def bare():
    return method.execute([torch.from_numpy(sample)])[0].numpy().copy()
""",
    "tensorflow": """
import os
import tensorflow as tf
loaded = tf.saved_model.load(os.path.dirname(path))
function = loaded.signatures["serving_default"]
(taken,), (given,) = function.structured_input_signature[1], function.structured_outputs
def bare():
    return function(**{taken: tf.constant(sample)})[given].numpy()
""",
}
OVERHEAD_NS = 5_000
"""What the harness may add to a call."""
COMPARISON = """
import json, statistics, sys, time
import numpy as np
from harness.worker import program
path, side, inputs, options = sys.argv[1:5]
sample = np.array(np.load(inputs, mmap_mode="r")[:1])
run_side = program.load_run_side(open(side).read(), side)
step = run_side.open_session(path, json.loads(options)).prepare(sample)
BARE
def bare_epoch(iterations):
    times = []
    for _ in range(iterations):
        start = time.perf_counter_ns()
        bare()
        times.append(time.perf_counter_ns() - start)
    return statistics.median(times)
for call in (step, bare):
    for _ in range(200): call()
ratios, added = [], []
for round_ in range(60):
    if round_ % 2:
        ours = statistics.median(program.time_epoch(step, 60)); theirs = bare_epoch(60)
    else:
        theirs = bare_epoch(60); ours = statistics.median(program.time_epoch(step, 60))
    ratios.append(ours / theirs)
    added.append(ours - theirs)
print(json.dumps({"ratio": statistics.median(ratios), "added_ns": statistics.median(added), "bare_ns": theirs}))
"""


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_p50_is_that_of_a_bare_loop(built, runtime):
    """Within 3 %, or not more than the overhead that is allowed: of five microseconds a tenth is 2 %."""
    cell = first_cell(runtime)
    arguments = [
        sys.executable,
        "-c",
        COMPARISON.replace("BARE\n", BARE[runtime], 1),
        str(built.artifacts[cell].path),
        str(runtimes.get(runtime).run_side),
        str(built.references[cell.model].folder / "inputs.npy"),
        json.dumps(options_of(runtime)),
    ]
    seen = []
    for _ in range(3):  # a second look before an alarm: the machine is shared
        found = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=240)
        seen.append(json.loads(found.stdout.splitlines()[-1]))
        if seen[-1]["added_ns"] <= OVERHEAD_NS and seen[-1]["ratio"] >= 0.9:
            return
    pytest.fail(f"the worker's p50 differs from the bare loop's: {seen}")
