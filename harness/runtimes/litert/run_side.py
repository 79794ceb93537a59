"""LiteRT inside a worker. Sent as text; ai_edge_litert and numpy only."""

from collections import Counter
from importlib import metadata

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

BUILTIN, XNNPACK = "builtin", "xnnpack"
DELEGATE = "DELEGATE"
RESOLVERS = {
    BUILTIN: OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    XNNPACK: OpResolverType.AUTO,
}


def versions():
    return {"ai-edge-litert": metadata.version("ai-edge-litert")}


def open_session(path, options):
    return Session(path, options)


class Session:
    def __init__(self, path, options):
        self._provider = options["provider"]
        self._interpreter = Interpreter(
            model_path=path,
            num_threads=int(options["threads"]),
            experimental_op_resolver_type=RESOLVERS[self._provider],
        )
        self._interpreter.allocate_tensors()
        given, made = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]
        self._input, self._output = given["index"], made["index"]
        # Files of io=int8 take and give integers; an inference is complete from float to float.
        self._quantize, self._dequantize = _quantizer(given), _dequantizer(made)

    def predict(self, batch):
        # Files hold a batch of one: several samples run one after the other.
        return np.concatenate([self._one(batch[i : i + 1]) for i in range(len(batch))])

    def prepare(self, sample):
        return lambda: self._one(sample)

    def describe(self):
        placement = _placement(self._interpreter._get_ops_details())
        return {"provider": XNNPACK if placement[XNNPACK] else BUILTIN, "placement": placement}

    def close(self):
        self._interpreter = None

    def _one(self, sample):
        self._interpreter.set_tensor(self._input, self._quantize(sample) if self._quantize else sample)
        self._interpreter.invoke()
        output = self._interpreter.get_tensor(self._output)
        return self._dequantize(output) if self._dequantize else output


def _quantizer(details):
    """From floats to what the tensor of *details* takes; None where it takes what samples are."""
    scale, zero_point = details["quantization"]
    if not scale:
        return None
    dtype, limits = details["dtype"], np.iinfo(details["dtype"])

    def quantize(sample):
        if sample.dtype != np.float32:
            raise ValueError(f"the model takes float32, it was given {sample.dtype}")
        return np.clip(np.rint(sample / np.float32(scale)) + zero_point, limits.min, limits.max).astype(dtype)

    return quantize


def _dequantizer(details):
    scale, zero_point = details["quantization"]
    if not scale:
        return None
    return lambda output: (output.astype(np.float32) - zero_point) * np.float32(scale)


def _placement(operators):
    """Operators by who computes them and by name.

    A row of a delegate stands behind those of the operators it took the place of: what lies between its inputs and its
    outputs.
    """
    makers = {output: row for row in operators if row["op_name"] != DELEGATE for output in row["outputs"]}
    taken = set()
    for delegate in (row for row in operators if row["op_name"] == DELEGATE):
        given = set(delegate["inputs"])
        waiting = list(delegate["outputs"])
        while waiting:
            row = makers.get(waiting.pop())
            if row is None or row["index"] in taken:
                continue
            taken.add(row["index"])
            waiting += [tensor for tensor in row["inputs"] if tensor not in given]
    rows = [row for row in operators if row["op_name"] != DELEGATE]
    return {
        XNNPACK: dict(Counter(row["op_name"] for row in rows if row["index"] in taken)),
        BUILTIN: dict(Counter(row["op_name"] for row in rows if row["index"] not in taken)),
    }
