"""ExecuTorch inside a worker. Sent as text; executorch, the torch it rests on, and numpy only."""

from importlib import metadata
from pathlib import Path

import executorch.extension.pybindings.portable_lib as bindings
import executorch.kernels.quantized  # noqa: F401 - int8 operators that no delegate took
import numpy as np
import torch
from executorch.exir._serialize._program import deserialize_pte_binary
from executorch.runtime import Runtime

NAMED_TENSORS = True
BACKENDS = {"XnnpackBackend": "xnnpack"}


def versions():
    return {"executorch": metadata.version("executorch"), "torch": torch.__version__}


def open_session(path, options):
    return Session(path, options)


class Session:
    def __init__(self, path, options):
        threads = int(options["threads"])
        # Before the program is loaded: a delegate takes the pool as it finds it.
        bindings._unsafe_reset_threadpool(threads)
        if bindings._threadpool_get_thread_count() != threads:
            raise RuntimeError(
                f"ExecuTorch's pool has {bindings._threadpool_get_thread_count()} threads, not {threads}"
            )
        # Outputs are copied by torch, which would keep threads of its own busy.
        torch.set_num_threads(threads)
        self._path = path
        self._program = Runtime.get().load_program(path)
        self._method = self._program.load_method("forward")

    def predict(self, batch):
        # Programs take one sample: several run one after the other.
        samples = [np.array(values, order="C") for values in batch.values()]
        parts = [self._one([values[i : i + 1] for values in samples]) for i in range(len(samples[0]))]
        return [np.concatenate(values) for values in zip(*parts, strict=True)]

    def prepare(self, sample):
        inputs = [np.array(values, order="C") for values in sample.values()]
        return lambda: self._one(inputs)

    def describe(self):
        # The bindings tell nothing of delegates and planned memory; the file does.
        plans = deserialize_pte_binary(Path(self._path).read_bytes()).program.execution_plan
        (plan,) = (plan for plan in plans if plan.name == "forward")
        backends = sorted({delegate.id for delegate in plan.delegates})
        return {
            "provider": BACKENDS[backends[0]] if backends else "portable",
            "backends": backends,
            "threads": bindings._threadpool_get_thread_count(),
            # A delegate allocates what it needs at load: only without one is the planned memory all that there is.
            "figures": {} if backends else {"arena_bytes": sum(plan.non_const_buffer_sizes)},
        }

    def close(self):
        self._program = self._method = None

    def _one(self, inputs):
        # execute() gives copies of the outputs, not the memory that the next inference writes into.
        # Not by comprehensions: before Python 3.12 each is a function, and this is timed.
        given = self._method.execute(list(map(torch.from_numpy, inputs)))
        return list(map(torch.Tensor.numpy, given))
