"""TensorRT inside a worker. Sent as text; TensorRT, CUDA's bindings and numpy only."""

import os
import re
import sys
from collections import Counter

import numpy as np
from cuda.bindings import runtime as cuda

NAMED_TENSORS = True

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
    return Session(path, options)


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
    def __init__(self, path, options):
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
        if set(inputs) != set(options["inputs"]):
            raise ValueError(f"the engine takes {', '.join(inputs)}, {', '.join(options['inputs'])} are fed")
        self._outputs = [one for one in names if one not in inputs]
        self._dtypes = {one: np.dtype(trt.nptype(self._engine.get_tensor_dtype(one))) for one in names}
        self._shapes = {one: tuple(self._engine.get_tensor_shape(one)) for one in inputs}
        self._bounds = {one: self._allowed(one) for one in inputs}

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

    def _allowed(self, name):
        """The least and the greatest shape of an input."""
        shape = self._shapes[name]
        if -1 not in shape:
            return shape, shape
        least, _, most = self._engine.get_tensor_profile_shape(name, 0)
        return tuple(least), tuple(most)

    def predict(self, batch):
        return {name: values.copy() for name, values in self._inference(batch)().items()}

    def prepare(self, sample):
        return self._inference(sample)

    def _inference(self, batch):
        """A callable: one inference on *batch*, from numpy to numpy. What it returns is overwritten by its next call."""
        self._check(batch)
        batch = {name: np.ascontiguousarray(values) for name, values in batch.items()}
        shapes = {name: values.shape for name, values in batch.items()}
        self._bind(shapes)
        results = {name: np.empty(shape, self._dtypes[name]) for name, shape in self._output_shapes.items()}
        address, copy, execute = self._addresses, cuda.cudaMemcpyAsync, self._context.execute_async_v3
        given = [(name, values.ctypes.data, values.nbytes) for name, values in batch.items()]
        places = [(name, result.ctypes.data, result.nbytes) for name, result in results.items()]
        stream, handle = self._stream, int(self._stream)

        def run():
            self._bind(shapes)  # another callable may have run since
            for name, place, length in given:
                done(copy(address[name], place, length, TO_DEVICE, stream))
            if not execute(handle):
                raise RuntimeError(f"the inference failed: {self._log.reason()}")
            for name, place, length in places:
                done(copy(place, address[name], length, TO_HOST, stream))
            done(cuda.cudaStreamSynchronize(stream))
            return results

        run.held = batch  # only their addresses are used inside
        return run

    def _check(self, batch):
        # TensorRT reads whatever lies at the address it gets.
        for name, values in batch.items():
            if values.dtype != self._dtypes[name]:
                raise TypeError(f"the engine takes {self._dtypes[name]} for {name}, not {values.dtype}")
            least, most = self._bounds[name]
            if len(values.shape) != len(least) or not all(
                low <= length <= high for low, length, high in zip(least, values.shape, most, strict=True)
            ):
                raise ValueError(f"the engine takes shapes from {least} to {most} for {name}, not {values.shape}")

    def _bind(self, shapes):
        """Tell the context the inputs' shapes, and where the tensors lie that go with them."""
        if self._bound == shapes:
            return
        self._bound = None
        for name, shape in shapes.items():
            if not self._context.set_input_shape(name, shape):
                raise ValueError(f"the engine does not take the shape {shape} for {name}: {self._log.reason()}")
        missing = self._context.infer_shapes()
        if missing:
            raise RuntimeError(f"shapes that depend on the data: {', '.join(missing)}")
        self._output_shapes = {name: tuple(self._context.get_tensor_shape(name)) for name in self._outputs}
        for name, needed in {**shapes, **self._output_shapes}.items():
            if -1 in needed:
                raise RuntimeError(f"the shape of {name} depends on the data: {needed}")
            self._reserve(name, int(np.prod(needed)) * self._dtypes[name].itemsize)
            if not self._context.set_tensor_address(name, self._addresses[name]):
                raise RuntimeError(f"no address for {name}: {self._log.reason()}")
        self._bound = shapes

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
