"""ONNX Runtime's own call as its documentation writes it: benchmarks/adapter_overhead.py compares the run side's time with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def bare_call(path: str, sample: Any) -> Callable[[], Any]:
    """One inference of *sample* by the artifact at *path*, on one thread, from numpy to numpy."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: sample}

    def bare() -> Any:
        return session.run(None, feed)

    return bare
