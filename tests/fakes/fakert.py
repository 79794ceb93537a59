"""The runtime ``fakert``: lowers ``.npz`` files as real quantizers do, and can be told to do it badly.

Sabotage at run time reaches the worker inside the artifact itself, under the name ``switches``.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.lowering import Lowered, Lowering
from harness.core.offer import CUDA, Choice, Option, Provider
from harness.core.recipe import Precision
from harness.core.source import Source
from harness.core.tensors import Array
from harness.core.weights import WeightTensor

Arrays = dict[str, Array]
TOP = 127
RUN_SIDE = Path(__file__).with_name("run_side.py")


def _fp32(arrays: Arrays, calibration: Array) -> Arrays:
    return arrays


def _fp16(arrays: Arrays, calibration: Array) -> Arrays:
    return {name: values.astype(np.float16) for name, values in arrays.items()}


def _int8_dynamic(arrays: Arrays, calibration: Array) -> Arrays:
    scale = (np.abs(arrays["weights"]).max(axis=0) / TOP).astype(np.float32)
    quantized = np.clip(np.rint(arrays["weights"] / scale), -TOP, TOP).astype(np.int8)
    return {"weights": quantized, "weight_scale": scale, "bias": arrays["bias"]}


def _int8_static(arrays: Arrays, calibration: Array) -> Arrays:
    scale = np.float32(np.abs(calibration).max() / TOP)
    return {**_int8_dynamic(arrays, calibration), "input_scale": np.asarray(scale)}


LOWERINGS = {"fp32": _fp32, "fp16": _fp16, "int8_dynamic": _int8_dynamic, "int8_static": _int8_static}


class FakeRuntime:
    """An engine that a test can break.

    Args:
        name: as suites call it. One name must always stand for the same sabotage: artifacts are cached by it.
        only: the precisions that are sabotaged; all when empty.
        refuses: precisions that it can't do by design.
        needs: distributions that must be installed.
        build: ``raise``, ``hang``, ``hoard`` or a signal's name: what happens to the build process.
        padding_bytes: incompressible bytes put beside the weights.
        stays_float: quantization is asked for and ignored.
        fills_zeros: weights that were pruned come back.
        base_us: what an inference takes at least, of every precision: an engine whose speed a test can rely on.
        base_start_ms: likewise what loading takes at least, and the first inference.
        run_side: another program for the worker.
        switches: what the worker is to suffer, see ``run_side.py``.
    """

    interchanges = ("npz",)
    providers = (
        Provider(name="cpu"),
        Provider(name="npu", untimed="it is a simulator's"),
        Provider(name="cuda", device=CUDA),
    )
    options = (Option(name="rounding", values=("even", "up"), default="even", builds=True),)
    build_packages: tuple[str, ...] = ("numpy",)

    def __init__(
        self,
        name: str = "fakert",
        *,
        only: Collection[str] = (),
        refuses: Collection[str] = (),
        needs: Collection[str] = (),
        build: str = "",
        padding_bytes: int = 0,
        stays_float: bool = False,
        fills_zeros: bool = False,
        base_us: int = 0,
        base_start_ms: int = 0,
        run_side: Path = RUN_SIDE,
        **switches: Any,
    ) -> None:
        self.name = name
        self.source = Source.of(FakeRuntime)
        self.run_packages = ("numpy", *needs)
        self.run_side = run_side
        self._only = only
        self._refuses = refuses
        self._build = build
        self._padding_bytes = padding_bytes
        self._stays_float = stays_float
        self._fills_zeros = fills_zeros
        self._base = {name: least for name, least in (("base_us", base_us), ("base_start_ms", base_start_ms)) if least}
        self._switches = switches

    def refusal(self, framework: str, precision: Precision, choice: Choice) -> str:
        if precision.name not in LOWERINGS or precision.name in self._refuses:
            return f"{self.name} has no lowering to {precision.name}"
        return ""

    def lower(self, source: Path, wanted: Lowering, folder: Path) -> Lowered:
        precision, calibration = wanted.precision, wanted.calibration
        sabotaged = not self._only or precision.name in self._only
        if sabotaged:
            _break_build(self._build)
        with np.load(source, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        if self._fills_zeros:
            arrays["weights"] = np.where(arrays["weights"] == 0, np.float32(1e-6), arrays["weights"])
        if not (sabotaged and self._stays_float):
            arrays = LOWERINGS[precision.name](arrays, calibration)
        switches = {**self._base, **(self._switches if sabotaged else {})}
        if switches:
            arrays["switches"] = np.asarray(json.dumps(switches, sort_keys=True))
        if sabotaged and self._padding_bytes:
            arrays["padding"] = np.random.default_rng(0).integers(0, 256, self._padding_bytes, dtype=np.uint8)
        main = folder / "model.npz"
        np.savez(main, **arrays)  # type: ignore[arg-type]  # its stub takes allow_pickle for one of the names
        return Lowered(main=main)

    def weights(self, artifact: Path) -> Iterable[WeightTensor]:
        with np.load(artifact, allow_pickle=False) as held:
            return [
                WeightTensor.of(name, held[name], parameter=not name.endswith("_scale"))
                for name in held.files
                if name not in ("switches", "padding")
            ]


def _break_build(how: str) -> None:
    if how == "raise":
        raise RuntimeError("the quantizer was sabotaged")
    if how == "hoard":
        np.ones(2**27)  # a gigabyte
        return
    if how == "hang":
        time.sleep(3600)
    if how:
        os.kill(os.getpid(), signal.Signals[how])
        time.sleep(3600)
