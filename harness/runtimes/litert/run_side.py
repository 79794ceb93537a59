"""LiteRT inside a worker. Sent as text; ai_edge_litert and numpy only."""

from importlib import metadata

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def versions():
    return {"ai-edge-litert": metadata.version("ai-edge-litert")}


def open_session(path, options):
    return Session(path, options)


class Session:
    def __init__(self, path, options):
        self._interpreter = Interpreter(model_path=path, num_threads=int(options["threads"]))
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def predict(self, batch):
        # Files hold a batch of one: several samples run one after the other.
        return np.concatenate([self._one(batch[i : i + 1]) for i in range(len(batch))])

    def prepare(self, sample):
        return lambda: self._one(sample)

    def describe(self):
        operators = [row["op_name"] for row in self._interpreter._get_ops_details()]
        delegated = operators.count("DELEGATE")
        return {"provider": "xnnpack" if delegated else "builtin", "delegates": delegated}

    def close(self):
        self._interpreter = None

    def _one(self, sample):
        self._interpreter.set_tensor(self._input, sample)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)
