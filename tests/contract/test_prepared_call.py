"""What is timed of each engine: its adapter, two functions deep at most, and nothing else of ours.

How long that takes beside a bare loop is measured by ``python -m benchmarks.adapter_overhead``.
"""

import json
import subprocess
import sys

import pytest

from harness.registries import runtimes

from .conftest import RUNTIMES, first_cell, options_of

pytestmark = pytest.mark.runtimes

ASK = """
import json, sys
from pathlib import Path
import numpy as np
from harness.core.tensors import Tensors
from harness.worker import program
path, side, inputs, options = sys.argv[1:5]
sample = {name: np.array(values) for name, values in Tensors.load(Path(inputs)).typical().items()}
run_side = program.load_module(open(side).read(), side)
step = run_side.open_session(path, json.loads(options)).prepare(sample)
for _ in range(50): step()
entered = []
def note(frame, event, argument):
    if event == "call": entered.append(frame.f_code.co_filename)
sys.setprofile(note)
for _ in range(int(sys.argv[5])): step()
sys.setprofile(None)
print(json.dumps([entered.count(side), sum("/harness/" in name and name != side for name in entered)]))
"""
INFERENCES = 10


@pytest.mark.parametrize(
    "runtime",
    [pytest.param(name, marks=pytest.mark.nightly if name == "torch_inductor" else ()) for name in RUNTIMES],
)
def test_an_inference_enters_two_functions_of_the_adapter_at_most(built, runtime):
    cell = first_cell(runtime)
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            ASK,
            str(built.artifacts[cell].path),
            str(runtimes.get(runtime).run_side),
            str(built.references[cell.model].folder / "inputs"),
            json.dumps(options_of(runtime)),
            str(INFERENCES),
        ],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    of_the_adapter, of_ours = json.loads(ended.stdout.splitlines()[-1])
    assert INFERENCES <= of_the_adapter <= 2 * INFERENCES
    assert of_ours == 0
