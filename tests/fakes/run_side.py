"""The fake engine inside a worker. Sent as text; the standard library and numpy only.

Switches, read from the artifact: ``load``, ``predict`` and ``timed`` say what happens there (``raise``, ``hang``,
``exit``, or a signal's name), ``nan`` and ``shape`` spoil the outputs, ``lost_class`` is never predicted, of four operators
``hoard_mb`` are held from then on, ``left`` are left to another provider (``tells_placement`` false: nothing is told), ``base_us`` is
what a timed call takes at least, and ``spin_percent`` makes it slower by that. Loading sleeps ``base_start_ms`` and
``load_ms``, the first call ``base_start_ms`` and ``first_ms``.
"""

import json
import os
import signal
import time

import numpy

TIMED_AFTER = 50
"""Calls of the prepared step that still go well: a probe makes a dozen, a timing thousands."""


def versions():
    return {"numpy": numpy.__version__}


def open_session(path, options):
    return Session(path, options)


def suffer(what):
    if not what:
        return
    print(f"sabotage: {what}", flush=True)  # noqa: T201 - an engine's last words
    if what == "raise":
        raise RuntimeError("the engine was sabotaged")
    if what == "exit":
        os._exit(7)
    if what != "hang":
        os.kill(os.getpid(), signal.Signals[what])
    time.sleep(3600)


class Session:
    def __init__(self, path, options):
        with numpy.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        self._switches = json.loads(str(arrays.pop("switches", "{}")))
        suffer(self._switches.get("load"))
        time.sleep((self._switches.get("base_start_ms", 0) + self._switches.get("load_ms", 0)) / 1000)
        self._hoard = numpy.ones(self._switches.get("hoard_mb", 0) * 2**17)
        self._weights = arrays["weights"].astype(numpy.float32)
        self._bias = arrays["bias"].astype(numpy.float32)
        self._weight_scale = arrays.get("weight_scale")
        self._input_scale = arrays.get("input_scale")
        self._threads = int(options["threads"])
        self._provider = options["provider"]
        self._rounding = options["rounding"]

    def _infer(self, batch):
        if self._weight_scale is None:
            return batch @ self._weights + self._bias
        scale = numpy.abs(batch).max() / 127 if self._input_scale is None else self._input_scale
        quantized = numpy.clip(numpy.rint(batch / scale), -127, 127)
        return (quantized @ self._weights) * (scale * self._weight_scale) + self._bias

    def predict(self, batch):
        suffer(self._switches.get("predict"))
        outputs = self._infer(batch)
        if "lost_class" in self._switches:
            outputs[:, self._switches["lost_class"]] = -1e9
        if self._switches.get("nan"):
            outputs = outputs * numpy.float32("nan")
        return outputs[:, :3] if self._switches.get("shape") else outputs

    def prepare(self, sample):
        calls = 0

        def step():
            nonlocal calls
            calls += 1
            if calls == 1:
                time.sleep((self._switches.get("base_start_ms", 0) + self._switches.get("first_ms", 0)) / 1000)
            if calls > TIMED_AFTER:
                suffer(self._switches.get("timed"))
            return self._infer(sample)

        percent = self._switches.get("spin_percent", 0)
        if self._switches.get("base_us"):
            return lasting(step, self._switches["base_us"] * 10 * (100 + percent))
        return slowed(step, percent) if percent else step

    def describe(self):
        left = self._switches.get("left", 0)
        operators = {self._provider: {"MATMUL": 4 - left}, **({"reference": {"MATMUL": left}} if left else {})}
        return {
            "provider": self._provider,
            "threads": self._threads,
            "rounding": self._rounding,
            "placement": operators if self._switches.get("tells_placement", True) else {},
            "figures": {"arena_bytes": 4096},
        }

    def close(self):
        self._weights = None


def lasting(step, ns):
    """*step* that takes *ns*: the busy machine's noise is a small part of it."""
    clock = time.perf_counter_ns

    def spinning():
        end = clock() + ns
        outputs = step()
        while clock() < end:
            pass
        return outputs

    return spinning


def slowed(step, percent):
    clock = time.perf_counter_ns

    def spinning():
        start = clock()
        outputs = step()
        end = clock()
        end += (end - start) * percent // 100
        while clock() < end:
            pass
        return outputs

    return spinning
