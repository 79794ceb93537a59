"""OpenVINO inside a worker. Sent as text; openvino and numpy only."""

import sys
from collections import Counter

import numpy as np

# Importing openvino reports the import over the network, from a thread, where its telemetry is installed beside it.
sys.modules["openvino_telemetry"] = None

import openvino  # noqa: E402

PRECISIONS = {"f32": openvino.Type.f32, "bf16": openvino.Type.bf16, "f16": openvino.Type.f16}
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
        shape = model.input(0).partial_shape
        # A batch of one is what is evaluated and timed, and with a fixed shape it is a third faster.
        if shape[0].is_dynamic:
            shape[0] = 1
            model.reshape(shape)
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
        return np.concatenate([self.prepare(batch[i : i + 1])() for i in range(len(batch))])

    def prepare(self, sample):
        return Inference(self._compiled.create_infer_request(), sample)

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

    def __init__(self, request, sample):
        self._request = request
        # OpenVINO reads the array's own memory and does not keep it: without it the request computes on rubbish.
        self._sample = np.array(sample, order="C")
        # Given an array instead of a tensor, it would convert another type silently.
        request.set_input_tensor(openvino.Tensor(self._sample, shared_memory=True))

    def __call__(self):
        self._request.infer(share_outputs=True)
        return self._request.get_output_tensor(0).data.copy()
