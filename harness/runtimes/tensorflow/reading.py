"""The variables of a SavedModel, read from its checkpoint without running it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.core.weights import WeightTensor
from harness.exporters.tensorflow_settings import quiet_tensorflow

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
"""The entry that says which object has which value."""
MEASURED = ("moving_mean", "moving_variance")
"""Variables of a batch normalization that are running statistics, not learned parameters."""


def read_tensors(folder: Path) -> Iterator[WeightTensor]:
    """All variables of the SavedModel in *folder*, by the names that their layers gave them.

    Parameters are floats of one and more dimensions; a seed is an integer.
    """
    quiet_tensorflow()
    import tensorflow as tf
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    checkpoint = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(checkpoint.get_tensor(GRAPH))
    held = {one.checkpoint_key: one.full_name for node in graph.nodes for one in node.attributes}
    for key, name in sorted(held.items(), key=lambda one: (one[1], one[0])):
        if not checkpoint.has_tensor(key):
            continue
        values = np.asarray(checkpoint.get_tensor(key))
        kind = checkpoint.get_variable_to_dtype_map()[key]
        learned = kind.is_floating and values.ndim > 0 and name.rsplit("/", 1)[-1] not in MEASURED
        # The count of saves is an integer without a layer's name.
        if name or learned:
            yield WeightTensor.of(name or key, values, parameter=learned, dtype=kind.name)
