"""TensorFlow inside a worker. Sent as text; tensorflow and numpy only."""

import os
from collections import Counter
from operator import methodcaller

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

NAMED_TENSORS = True
SIGNATURE = "serving_default"
DEVICES = {"cpu": "/CPU:0", "cuda": "/GPU:0"}
# They hold or pass on values and compute nothing.
SILENT = {"Const", "Placeholder", "Identity", "IdentityN", "NoOp", "ReadVariableOp", "_Arg", "_Retval"}
CALLS = {"PartitionedCall", "StatefulPartitionedCall"}


def versions():
    return {"tensorflow": tf.__version__}


def open_session(path, options):
    return Session(path, options)


class Session:
    def __init__(self, path, options):
        self._provider = options["provider"]
        threads = int(options["threads"])
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        gpus = tf.config.list_physical_devices("GPU")
        if self._provider == "cuda":
            if not gpus:
                raise RuntimeError("asked for cuda, and TensorFlow finds no GPU")
            # An operator without a kernel there is an error, not a reason to run it elsewhere.
            tf.config.set_soft_device_placement(False)
        else:
            tf.config.set_visible_devices([], "GPU")
        self._device = DEVICES[self._provider]
        with tf.device(self._device):
            # The loaded object owns the variables, the function only refers to them.
            self._loaded = tf.saved_model.load(os.path.dirname(path))
        self._function = self._loaded.signatures[SIGNATURE]
        self._taken = self._function.structured_input_signature[1]

    def predict(self, batch):
        self._check(batch)
        return {name: values.numpy() for name, values in self._infer(batch).items()}

    def prepare(self, sample):
        self._check(sample)
        for values in self._infer(sample).values():
            if tf.DeviceSpec.from_string(values.device).device_type != self._device[1:4]:
                raise RuntimeError(f"asked for {self._provider}, the outputs came from {values.device}")
        function, device, constant = self._function, self._device, tf.constant
        names, inputs, to_numpy = list(sample), list(sample.values()), methodcaller("numpy")

        def infer():
            # Not by comprehensions: before Python 3.12 each is a function, and this is timed.
            given = function(**dict(zip(names, map(constant, inputs), strict=True)))
            return list(map(to_numpy, given.values()))

        def infer_there():
            with tf.device(device):
                return infer()

        # On the CPU no GPU is visible: choosing the device anew in every call would only take time.
        return infer_there if self._provider == "cuda" else infer

    def describe(self):
        counts = Counter(_operators(self._function.graph.as_graph_def()))
        devices = [one.name for one in tf.config.list_logical_devices()]
        return {"provider": self._provider, "placement": {self._provider: dict(counts)}, "devices": devices}

    def close(self):
        self._function = self._loaded = None

    def _infer(self, batch):
        with tf.device(self._device):
            return self._function(**{name: tf.convert_to_tensor(values) for name, values in batch.items()})

    def _check(self, batch):
        # TensorFlow itself takes another length where the function happens to compute with it.
        for name, taken in self._taken.items():
            given = batch[name]
            if given.dtype != taken.dtype.as_numpy_dtype or not taken.shape.is_compatible_with(given.shape):
                raise ValueError(
                    f"the model takes {taken.dtype.name} {taken.shape} for {name}, it was given {given.dtype} {given.shape}"
                )


def _operators(graph):
    """The names of all operators that compute, those of called functions in place of the calls."""
    functions = {function.signature.name: function for function in graph.library.function}

    def inside(nodes):
        for node in nodes:
            if node.op in CALLS:
                yield from inside(functions[node.attr["f"].func.name].node_def)
            elif node.op not in SILENT:
                yield node.op

    return inside(graph.node)
