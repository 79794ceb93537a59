"""LiteRT's own call as its documentation writes it: benchmarks/adapter_overhead.py compares the run side's time with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def bare_call(path: str, sample: Any) -> Callable[[], Any]:
    """One inference of *sample* by the artifact at *path*, on one thread, from numpy to numpy."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=path, num_threads=1)
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def bare() -> Any:
        interpreter.set_tensor(taken, sample)
        interpreter.invoke()
        return interpreter.get_tensor(given)

    return bare
