"""PyTorch inside a worker: exported programs, operator by operator or compiled. Sent as text; torch and numpy only."""

import io
import json
import os
import time
import zipfile

import numpy as np
import torch
import torch.ao.quantization.fx._decomposed

NAMED_TENSORS = True


def versions():
    return {"torch": torch.__version__}


def open_session(path, options):
    return Compiled(path, options) if options.get("compile") == "inductor" else Session(path, options)


def refuse_pickles(path):
    """torch.export.load unpickles what an archive asks it to; ours hold plain tensors, anything else is refused."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if "custom_obj" in name or (
                name.endswith("_config.json")
                and any(entry.get("use_pickle") for entry in json.loads(archive.read(name))["config"].values())
            ):
                raise ValueError(f"{path}: {name} asks for unpickling")
            if "/sample_inputs/" in name:
                torch.load(io.BytesIO(archive.read(name)), weights_only=True)


class Session:
    def __init__(self, path, options):
        torch.set_num_threads(int(options["threads"]))
        self._device = torch.device(options["provider"])
        self._on_cpu = self._device.type == "cpu"
        refuse_pickles(path)
        program = torch.export.load(path)
        if self._device.type != "cpu":
            program = torch.export.passes.move_to_device_pass(program, self._device)
        self._taken = [
            node.meta["val"]
            for node in program.graph.nodes
            if node.op == "placeholder" and node.name in program.graph_signature.user_inputs
        ]
        self._program = program.module(check_guards=False)

    def predict(self, batch):
        self._check(batch)
        with torch.inference_mode():
            return self._infer([one if one.flags.writeable else one.copy() for one in batch.values()])

    def prepare(self, sample):
        self._check(sample)
        infer, sample = self._infer, [np.array(one) for one in sample.values()]

        def step():
            with torch.inference_mode():
                return infer(sample)

        return step

    def describe(self):
        return {
            "provider": self._device.type,
            "threads": torch.get_num_threads(),
            "placement": {self._device.type: self._operators()},
        }

    def close(self):
        self._program = None

    def _infer(self, batch):
        # Numpy in and numpy out, of CUDA too: that is what an inference costs.
        if self._on_cpu:
            # Not by comprehensions: before Python 3.12 each is a function, and this is timed.
            given = self._program(*map(torch.from_numpy, batch))
            return given.numpy() if isinstance(given, torch.Tensor) else list(map(torch.Tensor.numpy, given))
        given = self._program(*[torch.from_numpy(one).to(self._device) for one in batch])
        return given.cpu().numpy() if isinstance(given, torch.Tensor) else [one.cpu().numpy() for one in given]

    def _check(self, batch):
        for (name, given), taken in zip(batch.items(), self._taken, strict=True):
            wanted = tuple(taken.shape[1:])
            fits = len(wanted) == len(given.shape) - 1 and all(
                not isinstance(length, int) or length == own
                for length, own in zip(wanted, given.shape[1:], strict=True)
            )
            if not fits or str(taken.dtype) != f"torch.{given.dtype}":
                raise TypeError(
                    f"the model takes {taken.dtype} (n, {wanted}) for {name}, not {given.dtype} {given.shape}"
                )

    def _operators(self):
        found = {}
        for node in self._program.graph.nodes:
            if node.op == "call_function" and isinstance(node.target, torch._ops.OpOverload):
                name = node.target.overloadpacket.__name__
                found[name] = found.get(name, 0) + 1
        return found


class Compiled(Session):
    def __init__(self, path, options):
        if options.get("cache"):
            # Its own key leaves out the instruction set: code of one, run as another's, gave NaN.
            capability = torch.backends.cpu.get_cpu_capability().lower().replace(" ", "-")
            os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.join(options["cache"], capability)
        import torch._inductor.config as inductor

        super().__init__(path, options)
        # Weights are folded into the code: without it those in int8 would be made float in every inference.
        inductor.freezing = True
        self._eager = self._program
        self._program = torch.compile(self._program, dynamic=False)
        self._compile_ns = 0

    def predict(self, batch):
        # Compiled for a batch of one; another length would be compiled again.
        count = len(next(iter(batch.values())))
        parts = [
            super(Compiled, self).predict({name: values[i : i + 1] for name, values in batch.items()})
            for i in range(count)
        ]
        if isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        return [np.concatenate(values) for values in zip(*parts, strict=True)]

    def prepare(self, sample):
        step = super().prepare(sample)
        before = time.perf_counter_ns()
        step()  # compiles: told apart from the first inference
        self._compile_ns = time.perf_counter_ns() - before
        return step

    def describe(self):
        from torch._dynamo.utils import counters

        told = super().describe()
        if self._compile_ns:
            told["figures"] = {"compile_ns": self._compile_ns}
        return {**told, "compiled_before": bool(counters["inductor"]["fxgraph_cache_hit"])}

    def close(self):
        super().close()
        self._eager = None
        torch._dynamo.reset()

    def _operators(self):
        compiled, self._program = self._program, self._eager
        try:
            return super()._operators()
        finally:
            self._program = compiled
