"""LiteRT inside a worker. Sent as text; ai_edge_litert and numpy only."""

from collections import Counter
from importlib import metadata

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

NAMED_TENSORS = True
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
        taken, given = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        taken = self._in_order(taken, options["inputs"], "get_input_details")
        given = self._in_order(given, options["outputs"], "get_output_details")
        self._free = {one["index"]: -1 in one["shape_signature"] for one in taken}
        self._dtypes = [one["dtype"] for one in taken]
        # Files of io=int8 take and give integers; an inference is complete from float to float.
        self._inputs = [(one["index"], _quantizer(one)) for one in taken]
        self._outputs = [(one["index"], _dequantizer(one)) for one in given]

    def predict(self, batch):
        # Files hold a batch of one: several samples run one after the other.
        parts = []
        for i in range(len(next(iter(batch.values())))):
            sample = self._fit([values[i : i + 1] for values in batch.values()])
            parts.append(self._one(sample))
        return [np.concatenate(values) for values in zip(*parts, strict=True)]

    def prepare(self, sample):
        values = self._fit(list(sample.values()))
        if len(self._inputs) == len(self._outputs) == 1:
            return self._alone(values[0])
        return lambda: self._one(values)

    def describe(self):
        placement = _placement(self._interpreter._get_ops_details())
        return {"provider": XNNPACK if placement[XNNPACK] else BUILTIN, "placement": placement}

    def close(self):
        self._interpreter = None

    def _fit(self, sample):
        """*sample* as the file takes it, free lengths of which were given the lengths that it has."""
        sample = [_narrowed(values, dtype) for values, dtype in zip(sample, self._dtypes, strict=True)]
        changed = False
        for (index, _), values in zip(self._inputs, sample, strict=True):
            if self._free[index] and tuple(self._interpreter.get_tensor(index).shape) != values.shape:
                self._interpreter.resize_tensor_input(index, values.shape, strict=True)
                changed = True
        if changed:
            self._interpreter.allocate_tensors()
        return sample

    def _one(self, sample):
        interpreter = self._interpreter
        for (index, quantize), values in zip(self._inputs, sample, strict=True):
            interpreter.set_tensor(index, quantize(values) if quantize else values)
        interpreter.invoke()
        found = []
        for index, dequantize in self._outputs:
            values = interpreter.get_tensor(index)
            found.append(dequantize(values) if dequantize else values)
        return found

    def _alone(self, sample):
        """As ``_one`` for one tensor in and one out: loops would be a tenth of what a small model takes."""
        interpreter = self._interpreter
        ((index, quantize),), ((place, dequantize),) = self._inputs, self._outputs

        def infer():
            interpreter.set_tensor(index, quantize(sample) if quantize else sample)
            interpreter.invoke()
            values = interpreter.get_tensor(place)
            return dequantize(values) if dequantize else values

        return infer

    def _in_order(self, details, names, side):
        """*details* of tensors in the order of *names*: by these where the file has them, else as it counts them."""
        if len(details) != len(names):
            raise ValueError(f"the file has {len(details)} tensors here, the model {len(names)}: {', '.join(names)}")
        if len(names) == 1:
            return details
        signed = self._signed(details, side)
        by_tensor = {one["name"]: one for one in details}
        if set(signed) != set(names) and set(by_tensor) == set(names):  # a file that somebody else made
            return [by_tensor[name] for name in names]
        if not signed:
            return details
        order = names if set(signed) == set(names) else sorted(signed, key=lambda name: (len(name), name))
        by_index = {one["index"]: one for one in details}
        return [by_index[signed[name]["index"]] for name in order]

    def _signed(self, details, side):
        """The tensors of *details* by the names that the first signature of them gives; empty where none does."""
        own = {(one["index"], one["name"]) for one in details}
        for key in self._interpreter.get_signature_list():
            held = getattr(self._interpreter.get_signature_runner(key), side)()
            if {(one["index"], one["name"]) for one in held.values()} == own:
                return held
        return {}


def _narrowed(values, dtype):
    """*values* as *dtype* where the converter of the file made 32 bits of 64: TFLite's kernels know no others."""
    if (values.dtype, dtype) != (np.int64, np.int32):
        return values
    if values.size and not -(2**31) <= values.min() <= values.max() < 2**31:
        raise ValueError(f"the file takes int32, it was given values from {values.min()} to {values.max()}")
    return values.astype(np.int32)


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
