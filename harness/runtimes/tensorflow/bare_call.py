"""TensorFlow's own call as its documentation writes it: benchmarks/adapter_overhead.py compares the run side's time with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def bare_call(path: str, sample: Any) -> Callable[[], Any]:
    """One inference of *sample* by the artifact at *path*, on one thread, from numpy to numpy."""
    import os

    import tensorflow as tf

    loaded = tf.saved_model.load(os.path.dirname(path))
    function = loaded.signatures["serving_default"]
    (taken,), (given,) = function.structured_input_signature[1], function.structured_outputs

    def bare() -> Any:
        return function(**{taken: tf.constant(sample)})[given].numpy()

    return bare
