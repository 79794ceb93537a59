"""Runs artifacts by a run side, in a process of its own: ``python -m tests.runtimes.running REQUEST FOLDER``.

The request is JSON: ``run_side``, ``inputs`` (a .npy file of the input ``image``) and ``artifacts``, each with ``name``,
``path`` and ``options``. What came of it is left as ``outputs.npz`` and ``told.json``.
"""

import json
import sys
from pathlib import Path

import numpy as np

from harness.worker.program import load_module

from .building import only_output, predicted


def run(request, folder):
    run_side = load_module(Path(request["run_side"]).read_text(), request["run_side"])
    inputs = np.load(request["inputs"], allow_pickle=False)
    outputs, told = {}, {}
    for one in request["artifacts"]:
        told[one["name"]] = facts = {}
        try:
            session = run_side.open_session(one["path"], one["options"])
        except Exception as err:
            facts["refused"] = f"{type(err).__name__}: {err}"
            continue
        infer = session.prepare({"image": inputs[:1]})
        outputs[one["name"]] = predicted(session, inputs)
        outputs[f"{one['name']} prepared"] = np.array(only_output(infer()))
        facts["description"] = session.describe()
        facts["wrong"] = {}
        for name, wrong in (
            ("double", inputs[:1].astype(np.float64)),
            ("length", inputs[:1, :-1]),
            ("layout", np.moveaxis(inputs[:1], -1, 1).copy()),
        ):
            try:
                session.predict({"image": wrong})
            except Exception as err:
                facts["wrong"][name] = str(err)
    np.savez(folder / "outputs.npz", **outputs)
    (folder / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    run(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
