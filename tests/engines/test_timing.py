"""The worker's timing against a bare loop around the same engine, in the same process."""

import json
import subprocess
import sys

import pytest

from harness.runtimes.registry import runtimes

from .conftest import CELLS, RUNTIMES

pytestmark = pytest.mark.engines

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
}
COMPARISON = """
import json, statistics, sys, time
import numpy as np
from harness.worker import program
path, side, inputs = sys.argv[1:4]
sample = np.array(np.load(inputs, mmap_mode="r")[:1])
run_side = program.load_run_side(open(side).read(), side)
step = run_side.open_session(path, {"threads": 1, "provider": ""}).prepare(sample)
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
ratios = []
for round_ in range(60):
    if round_ % 2:
        ours = statistics.median(program.time_epoch(step, 60)); theirs = bare_epoch(60)
    else:
        theirs = bare_epoch(60); ours = statistics.median(program.time_epoch(step, 60))
    ratios.append(ours / theirs)
print(json.dumps({"ratio": statistics.median(ratios), "bare_ns": theirs}))
"""


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_p50_is_within_3_percent_of_a_bare_loop(built, runtime):
    cell = next(c for c in CELLS if c.runtime == runtime and c.recipe == "fp32")
    arguments = [
        sys.executable,
        "-c",
        COMPARISON.replace("BARE\n", BARE[runtime], 1),
        str(built.artifacts[cell].path),
        str(runtimes.get(runtime).run_side),
        str(built.references["digits_cnn"].folder / "inputs.npy"),
    ]
    seen = []
    for _ in range(3):  # a second look before an alarm: the machine is shared
        found = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=120)
        seen.append(json.loads(found.stdout)["ratio"])
        if abs(seen[-1] - 1) <= 0.03:
            return
    pytest.fail(f"the worker's p50 is {seen} times the bare loop's")
