"""TensorRT inside a worker. Sent as text; TensorRT, CUDA's bindings and numpy only."""

import os
import re
import sys
from collections import Counter

import numpy as np
from cuda.bindings import runtime as cuda

try:
    import tensorrt_rtx as trt

    PRODUCT = "tensorrt-rtx-cu13"  # as its distribution, by which tested versions are known
except ModuleNotFoundError:
    import tensorrt as trt

    PRODUCT = "tensorrt"

TO_DEVICE = cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
TO_HOST = cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost


def versions():
    return {PRODUCT: trt.__version__}


def open_session(path, options):
    # A GPU's engine has no use for the thread count.
    return Session(path)


def done(answer, else_said="CUDA"):
    """What a CUDA call gave beside its status, which must be success."""
    status, *values = answer
    if status != cuda.cudaError_t.cudaSuccess:
        _, said = cuda.cudaGetErrorString(status)
        raise RuntimeError(f"{else_said}: {said.decode()} ({status.name})")
    return values[0] if values else None


class Log(trt.ILogger):
    """Writes what is worth a look, and keeps errors: calls that fail return None and tell the reason only here."""

    def __init__(self):
        trt.ILogger.__init__(self)
        self.errors = []

    def log(self, severity, text):
        if int(severity) <= int(trt.ILogger.Severity.WARNING):
            sys.stderr.write(f"[TensorRT] {text}\n")
        if int(severity) <= int(trt.ILogger.Severity.ERROR):
            self.errors.append(text)

    def reason(self):
        return "; ".join(self.errors) or "TensorRT gave no reason"


class Session:
    def __init__(self, path):
        self._addresses = {}
        self._sizes = {}
        self._bound = None
        self._output_shapes = {}
        # First of all: without a driver everything else fails for a reason that is harder to read.
        done(cuda.cudaSetDevice(0), else_said="no CUDA device to run on")
        self._stream = done(cuda.cudaStreamCreate())
        self._log = Log()
        self._runtime = trt.Runtime(self._log)
        with open(path, "rb") as file:
            self._engine = self._runtime.deserialize_cuda_engine(file.read())
        if self._engine is None:
            raise RuntimeError(f"no engine for this GPU and this version of {PRODUCT}: {self._log.reason()}")
        self._plan_bytes = os.path.getsize(path)
        self._context = self._open_context()
        if self._context is None:
            raise RuntimeError(f"no execution context: {self._log.reason()}")
        names = [self._engine.get_tensor_name(number) for number in range(self._engine.num_io_tensors)]
        inputs = [one for one in names if self._engine.get_tensor_mode(one) == trt.TensorIOMode.INPUT]
        if len(inputs) != 1:
            raise ValueError(f"the engine takes {len(inputs)} inputs ({', '.join(inputs)}), one is fed")
        self._input = inputs[0]
        self._outputs = [one for one in names if one != self._input]
        self._dtypes = {one: np.dtype(trt.nptype(self._engine.get_tensor_dtype(one))) for one in names}
        self._shape = tuple(self._engine.get_tensor_shape(self._input))
        self._batches = self._allowed_batches()

    def _open_context(self):
        if not hasattr(self._engine, "create_runtime_config"):
            return self._engine.create_execution_context()
        config = self._engine.create_runtime_config()
        # TensorRT-RTX compiles kernels for a shape on first sight. By default it does so beside the inferences, which
        # run another kernel meanwhile: times would be of two kernels, and of a busy machine.
        strategies = getattr(trt, "DynamicShapesKernelSpecializationStrategy", None)
        if strategies is not None:
            config.dynamic_shapes_kernel_specialization_strategy = strategies.EAGER
        return self._engine.create_execution_context(config)

    def _allowed_batches(self):
        if self._shape[0] != -1:
            return self._shape[0], self._shape[0]
        least, _, most = self._engine.get_tensor_profile_shape(self._input, 0)
        return least[0], most[0]

    def predict(self, batch):
        return self._inference(batch)().copy()

    def prepare(self, sample):
        return self._inference(sample)

    def _inference(self, batch):
        """A callable: one inference on *batch*, from numpy to numpy. What it returns is overwritten by its next call."""
        self._check(batch)
        batch = np.ascontiguousarray(batch)
        self._bind(batch.shape)
        results = {name: np.empty(shape, self._dtypes[name]) for name, shape in self._output_shapes.items()}
        address, copy, execute = self._addresses, cuda.cudaMemcpyAsync, self._context.execute_async_v3
        given, size = batch.ctypes.data, batch.nbytes
        places = [(name, result.ctypes.data, result.nbytes) for name, result in results.items()]
        stream, handle, taken, first = self._stream, int(self._stream), self._input, results[self._outputs[0]]

        def run():
            self._bind(batch.shape)  # another callable may have run since
            done(copy(address[taken], given, size, TO_DEVICE, stream))
            if not execute(handle):
                raise RuntimeError(f"the inference failed: {self._log.reason()}")
            for name, place, length in places:
                done(copy(place, address[name], length, TO_HOST, stream))
            done(cuda.cudaStreamSynchronize(stream))
            return first

        run.held = results  # only their addresses are used inside
        return run

    def _check(self, batch):
        # TensorRT reads whatever lies at the address it gets.
        least, most = self._batches
        if batch.dtype != self._dtypes[self._input]:
            raise TypeError(f"the engine takes {self._dtypes[self._input]}, not {batch.dtype}")
        if batch.shape[1:] != self._shape[1:] or not least <= batch.shape[0] <= most:
            raise ValueError(
                f"the engine takes {least} to {most} samples of shape {self._shape[1:]}, not {batch.shape}"
            )

    def _bind(self, shape):
        """Tell the context the input's shape, and where the tensors lie that go with it."""
        if self._bound == shape:
            return
        self._bound = None
        if not self._context.set_input_shape(self._input, shape):
            raise ValueError(f"the engine does not take the shape {shape}: {self._log.reason()}")
        missing = self._context.infer_shapes()
        if missing:
            raise RuntimeError(f"shapes that depend on the data: {', '.join(missing)}")
        self._output_shapes = {name: tuple(self._context.get_tensor_shape(name)) for name in self._outputs}
        for name, needed in {self._input: shape, **self._output_shapes}.items():
            if -1 in needed:
                raise RuntimeError(f"the shape of {name} depends on the data: {needed}")
            self._reserve(name, int(np.prod(needed)) * self._dtypes[name].itemsize)
            if not self._context.set_tensor_address(name, self._addresses[name]):
                raise RuntimeError(f"no address for {name}: {self._log.reason()}")
        self._bound = shape

    def _reserve(self, name, size):
        if self._sizes.get(name, -1) >= size:
            return
        if name in self._addresses:
            done(cuda.cudaFree(self._addresses.pop(name)))
        self._addresses[name], self._sizes[name] = int(done(cuda.cudaMalloc(size))), size

    def describe(self):
        device = done(cuda.cudaGetDeviceProperties(0))
        inspector = self._engine.create_engine_inspector()
        inspector.execution_context = self._context
        layers = inspector.get_engine_information(trt.LayerInformationFormat.ONELINE)
        return {
            "provider": "cuda",
            "device": device.name.decode().rstrip("\0"),
            "compute_capability": f"{device.major}.{device.minor}",
            "layers": dict(Counter(re.findall(r"LayerType: (\w+)", layers))),
            "figures": {"device_memory_bytes": self._engine.device_memory_size_v2, "engine_bytes": self._plan_bytes},
        }

    def close(self):
        self._context = self._engine = self._runtime = None
        while self._addresses:
            done(cuda.cudaFree(self._addresses.popitem()[1]))
        done(cuda.cudaStreamDestroy(self._stream))
