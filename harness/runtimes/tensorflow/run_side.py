"""TensorFlow inside a worker. Sent as text; tensorflow and numpy only."""

import os
from collections import Counter

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

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
        ((self._name, self._taken),) = self._function.structured_input_signature[1].items()
        ((self._output, _),) = self._function.structured_outputs.items()

    def predict(self, batch):
        self._check(batch)
        return self._infer(batch).numpy()

    def prepare(self, sample):
        self._check(sample)
        outputs = self._infer(sample)
        if tf.DeviceSpec.from_string(outputs.device).device_type != self._device[1:4]:
            raise RuntimeError(f"asked for {self._provider}, the outputs came from {outputs.device}")
        function, name, output, device, constant = (
            self._function,
            self._name,
            self._output,
            self._device,
            tf.constant,
        )

        def infer():
            return function(**{name: constant(sample)})[output].numpy()

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
            return self._function(**{self._name: tf.convert_to_tensor(batch)})[self._output]

    def _check(self, batch):
        # TensorFlow itself takes another length where the function happens to compute with it.
        if batch.dtype != self._taken.dtype.as_numpy_dtype or not self._taken.shape.is_compatible_with(batch.shape):
            raise ValueError(
                f"the model takes {self._taken.dtype.name} {self._taken.shape}, it was given {batch.dtype} {batch.shape}"
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
