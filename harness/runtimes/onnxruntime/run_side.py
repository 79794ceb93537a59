"""ONNX Runtime inside a worker. Sent as text; onnxruntime and numpy only, and, for plug-in providers, their package."""

import importlib
import json
import tempfile
from importlib import metadata
from pathlib import Path

import numpy as np
import onnxruntime

NAMED_TENSORS = True
BUILT_IN = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
PLUGINS = {"openvino": "onnxruntime_ep_openvino", "qnn": "onnxruntime_qnn"}
OPTIMIZATION = {
    "off": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
STATIC = ("qnn",)
"""Providers that take no free batch: it is fixed at one, and samples run one after the other."""


def versions():
    return {"onnxruntime": onnxruntime.__version__}


def missing_device(provider):
    _, name, devices = _plugin_devices(provider)
    return "" if devices else f"{name} finds no device here"


def open_session(path, options):
    return Session(path, options)


class Session:
    def __init__(self, path, options):
        self._path, self._options = path, options
        self._provider = options["provider"]
        self._session, self._wanted, self._plugin = self._opened()
        # onnxruntime only prints when it can't give a provider, and runs on the CPU instead.
        if self._session.get_providers()[0] != self._wanted:
            raise RuntimeError(f"asked for {self._wanted}, got {self._session.get_providers()}")
        self._outputs = [one.name for one in self._session.get_outputs()]
        self._single = self._fixed_at_one()
        self._sample = None

    def predict(self, batch):
        if not self._single:
            return self._named(self._session.run(None, batch))
        parts = [
            self._session.run(None, {name: values[i : i + 1] for name, values in batch.items()})
            for i in range(len(next(iter(batch.values()))))
        ]
        return self._named([np.concatenate(values) for values in zip(*parts, strict=True)])

    def prepare(self, sample):
        self._sample = sample
        run = self._session.run
        return lambda: run(None, sample)

    def describe(self):
        return {
            "provider": self._provider,
            "placement": self._placement(),
            "figures": self._memory(),
            "versions": {self._plugin: metadata.version(self._plugin)} if self._plugin else {},
        }

    def close(self):
        self._session = None

    def _named(self, values):
        return dict(zip(self._outputs, values, strict=True))

    def _fixed_at_one(self):
        """Whether the model takes one sample at a time."""
        return self._provider in STATIC or any(taken.shape[:1] == [1] for taken in self._session.get_inputs())

    def _opened(self, **settings):
        """A session, the provider's name in onnxruntime, and the distribution that brings it, if one does."""
        made = onnxruntime.SessionOptions()
        made.intra_op_num_threads = int(self._options["threads"])
        made.inter_op_num_threads = 1
        made.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        made.graph_optimization_level = OPTIMIZATION[self._options["graph_optimization"]]
        made.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        for name, value in settings.items():
            setattr(made, name, value)
        if self._provider in BUILT_IN:
            wanted = BUILT_IN[self._provider]
            session = onnxruntime.InferenceSession(self._path, made, providers=[wanted])
            session.disable_fallback()
            return session, wanted, ""
        plugin, wanted, devices = _plugin_devices(self._provider)
        if not devices:
            raise RuntimeError(f"{wanted} finds no device here")
        if self._provider in STATIC:
            for dimension in _free_dimensions(self._path):
                made.add_free_dimension_override_by_name(dimension, 1)
        made.add_provider_for_devices(devices[:1], self._plugin_options(plugin))
        distribution = PLUGINS[self._provider].replace("_", "-")
        return onnxruntime.InferenceSession(self._path, made), wanted, distribution

    def _plugin_options(self, plugin):
        if self._provider == "qnn":
            return {"backend_path": plugin.get_qnn_htp_path()}
        # OpenVINO's own default is bfloat16 where the CPU has it, and as many threads as there are.
        hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": int(self._options["threads"])}
        return {"load_config": json.dumps({"CPU": hints})}

    def _placement(self):
        """The nodes that each provider was given, by operator, before any fusion."""
        names = {self._wanted: self._provider, "CPUExecutionProvider": "cpu"}
        found = {}
        for part in self._session.get_provider_graph_assignment_info():
            taken = found.setdefault(names.get(part.ep_name, part.ep_name), {})
            for node in part.get_nodes():
                taken[node.op_type] = taken.get(node.op_type, 0) + 1
        return found

    def _memory(self):
        """The most that activations took at one time, by the profile of a session of its own: profiling takes time."""
        if self._provider != "cpu" or self._sample is None:
            return {}  # the profile speaks of the CPU's arena only
        with tempfile.TemporaryDirectory() as folder:
            session, _, _ = self._opened(enable_profiling=True, profile_file_prefix=str(Path(folder) / "profile"))
            session.run(None, self._sample)
            events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
        peaks = [
            int(event["args"]["mem_in_use_peak"]) for event in events if "mem_in_use_peak" in event.get("args", {})
        ]
        return {"arena_bytes": max(peaks)} if peaks else {}


def _plugin_devices(provider):
    """The package that brings *provider*, its name in onnxruntime, and the devices that it finds here."""
    plugin = importlib.import_module(PLUGINS[provider])
    name = plugin.get_ep_name()
    if not any(device.ep_name == name for device in onnxruntime.get_ep_devices()):
        onnxruntime.register_execution_provider_library(name, plugin.get_library_path())
    return plugin, name, [device for device in onnxruntime.get_ep_devices() if device.ep_name == name]


def _free_dimensions(path):
    """Names of the free dimensions of the model's inputs."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return {length for taken in session.get_inputs() for length in taken.shape if isinstance(length, str)}
