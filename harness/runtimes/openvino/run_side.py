"""OpenVINO inside a worker. Sent as text; openvino and numpy only."""

import sys
from collections import Counter

import numpy as np

# Importing openvino reports the import over the network, from a thread, where its telemetry is installed beside it.
sys.modules["openvino_telemetry"] = None

import openvino  # noqa: E402

PRECISIONS = {"f32": openvino.Type.f32, "bf16": openvino.Type.bf16, "f16": openvino.Type.f16}
NAMED_TENSORS = True
NO_OPERATORS = {"Input", "Output", "Const"}


def versions():
    return {"openvino": openvino.__version__.split("-")[0]}


def open_session(path, options):
    return Session(path, options)


class Session:
    def __init__(self, path, options):
        if not path.endswith(".xml"):
            raise ValueError(
                f"{path} is no OpenVINO model: it would be converted here, and another engine's be measured"
            )
        core = openvino.Core()
        model = core.read_model(path)
        # A batch of one is what is evaluated and timed, and with a fixed shape it is a third faster.
        shapes = {taken: taken.partial_shape for taken in model.inputs}
        if any(shape[0].is_dynamic for shape in shapes.values()):
            for shape in shapes.values():
                shape[0] = 1
            model.reshape(shapes)
        self._outputs = options["outputs"]
        wanted = options["precision_hint"]
        settings = {
            "INFERENCE_NUM_THREADS": int(options["threads"]),
            "NUM_STREAMS": 1,
            # A pinned thread waits for whatever else runs on its core.
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": PRECISIONS[wanted],
            # Else it quantizes activations before large linear layers whose weights are int8, whatever the hint says.
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,
        }
        if settings["INFERENCE_NUM_THREADS"] == 1:
            # With one thread it compiles linear layers that follow each other into one kernel, which puts out zeros for
            # int8 ones without bias (2026.4.1). CNNs are as fast without such kernels.
            settings["SNIPPETS_MODE"] = "DISABLE"
        self._compiled = core.compile_model(model, options["provider"].upper(), settings)
        # OpenVINO only hears a hint: what the CPU can't compute in, it replaces without a word.
        used = self._compiled.get_property("INFERENCE_PRECISION_HINT")
        if used != PRECISIONS[wanted]:
            raise RuntimeError(f"asked for precision_hint={wanted}, this CPU computes in {used.get_type_name()}")

    def predict(self, batch):
        # Compiled for a batch of one: several samples run one after the other.
        parts = [
            self.prepare({name: values[i : i + 1] for name, values in batch.items()})()
            for i in range(len(next(iter(batch.values()))))
        ]
        if isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        return [np.concatenate(values) for values in zip(*parts, strict=True)]

    def prepare(self, sample):
        return Inference(self._compiled.create_infer_request(), sample, self._places())

    def _places(self):
        """Where the outputs lie, in the order of the model's names: by these, or of one output the first."""
        names = [one.get_names() for one in self._compiled.outputs]
        if len(names) == len(self._outputs) == 1:
            return [0]
        return [next(place for place, own in enumerate(names) if name in own) for name in self._outputs]

    def describe(self):
        placed, kernels = Counter(), Counter()
        for operator in self._compiled.get_runtime_model().get_ordered_ops():
            told = operator.get_rt_info()
            kind = told["layerType"].astype(str)
            if kind not in NO_OPERATORS:
                placed[kind] += 1
                kernels[told["primitiveType"].astype(str)] += 1
        return {
            "provider": "cpu",
            "precision_hint": self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name(),
            "placement": {"cpu": dict(placed)},
            "kernels": dict(kernels),
        }

    def close(self):
        self._compiled = None


class Inference:
    """One sample, bound to a request."""

    def __init__(self, request, sample, places):
        self._request, self._places = request, places
        self._place = places[0] if len(places) == 1 else None
        # OpenVINO reads the arrays' own memory and does not keep it: without it the request computes on rubbish.
        self._sample = {name: np.array(values, order="C") for name, values in sample.items()}
        for name, values in self._sample.items():
            # Given an array instead of a tensor, it would convert another type silently.
            tensor = openvino.Tensor(values, shared_memory=True)
            if len(sample) == 1:
                request.set_input_tensor(tensor)
            else:
                request.set_tensor(name, tensor)

    def __call__(self):
        request = self._request
        request.infer(share_outputs=True)
        if self._place is not None:
            return request.get_output_tensor(self._place).data.copy()
        return [request.get_output_tensor(place).data.copy() for place in self._places]
