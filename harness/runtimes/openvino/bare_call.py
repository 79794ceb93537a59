"""OpenVINO's own call as its documentation writes it: benchmarks/adapter_overhead.py compares the run side's time with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def bare_call(path: str, sample: Any) -> Callable[[], Any]:
    """One inference of *sample* by the artifact at *path*, on one thread, from numpy to numpy."""
    import openvino

    read = openvino.Core().read_model(path)
    read.reshape({0: [1, *sample.shape[1:]]})
    settings = {
        "INFERENCE_NUM_THREADS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
        "SNIPPETS_MODE": "DISABLE",
    }
    request = openvino.Core().compile_model(read, "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(sample, shared_memory=True))

    def bare() -> Any:
        request.infer()
        return request.get_output_tensor(0).data.copy()

    return bare
