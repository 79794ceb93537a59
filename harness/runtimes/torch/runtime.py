"""PyTorch, eager: what it can do, and how its artifacts are made."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.core.data import Array
from harness.core.names import RuntimeName
from harness.core.recipe import Precision
from harness.core.source import Source
from harness.exporters.torch_to_pt2 import export_program, save_program
from harness.runtimes.options import refused_name
from harness.runtimes.registry import runtimes

CALIBRATION_BATCH = 32
# Values of torch._export.serde.schema.ScalarType, which stand as numbers in a .pt2 file.
DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    12: "bool",
    13: "bfloat16",
}


class TorchRuntime:
    """Exported programs run operator by operator. int8 is stored as int8 and computed in float: smaller, not faster."""

    name = "torch"
    interchange = "pt2"
    build_packages = ("torch", "torchao")
    run_packages = ("torch", "numpy")
    run_side = Path(__file__).with_name("run_side.py")

    def __init__(self) -> None:
        self.source = Source.of(TorchRuntime)

    def refusal(self, runtime: RuntimeName, precision: Precision) -> str:
        """Why it can't do this; empty when it can."""
        return refused_name(runtime, providers=("cpu",)) or (
            "" if precision.name in LOWERINGS else f"torch has no lowering to {precision.name}"
        )

    def lower(self, source: Path, precision: Precision, calibration: Array, folder: Path) -> Path:
        """Make the artifact from the exported float program."""
        main = folder / "model.pt2"
        LOWERINGS[precision.name](source, main, calibration)
        return main

    def weights(self, artifact: Path) -> Mapping[str, int]:
        """Bytes of all constant tensors by dtype, read from the archive without torch."""
        found: Counter[str] = Counter()
        with zipfile.ZipFile(artifact) as archive:
            configs = [n for n in archive.namelist() if n.endswith(("_weights_config.json", "_constants_config.json"))]
            for config in configs:
                members: set[str] = set()
                for entry in json.loads(archive.read(config))["config"].values():
                    member = f"{config.rsplit('/', 1)[0]}/{entry['path_name']}"
                    if member not in members:
                        members.add(member)
                        found[DTYPES[entry["tensor_meta"]["dtype"]]] += archive.getinfo(member).file_size
        return dict(found)


def _fp32(source: Path, main: Path, calibration: Array) -> None:
    import torch

    save_program(torch.export.load(str(source)), main)


def _fp16(source: Path, main: Path, calibration: Array) -> None:
    """Weights and arithmetic in half precision, inputs and outputs in float."""
    import torch

    inner = torch.export.load(str(source)).module().half()

    class FloatInOut(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x.half()).float()  # type: ignore[no-any-return]

    save_program(export_program(FloatInOut(), calibration[:2]), main)


def _int8_dynamic(source: Path, main: Path, calibration: Array) -> None:
    _int8(source, main, calibration, dynamic=True)


def _int8_static(source: Path, main: Path, calibration: Array) -> None:
    _int8(source, main, calibration, dynamic=False)


def _int8(source: Path, main: Path, calibration: Array, *, dynamic: bool) -> None:
    """Torchao's PT2E quantization with the x86 quantizer: weights per channel."""
    import torch
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
    from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import (
        X86InductorQuantizer,
        get_default_x86_inductor_quantization_config,
    )

    # reduce_range is set, not left to the CPU that builds: an artifact must not depend on it.
    config = get_default_x86_inductor_quantization_config(is_dynamic=dynamic, reduce_range=False)
    prepared = prepare_pt2e(torch.export.load(str(source)).module(), X86InductorQuantizer().set_global(config))
    with torch.no_grad():
        for start in range(0, len(calibration), CALIBRATION_BATCH):
            prepared(torch.from_numpy(calibration[start : start + CALIBRATION_BATCH].copy()))
        converted = convert_pt2e(prepared, fold_quantize=True)
    _drop_unread(converted)
    save_program(export_program(converted, calibration[:2]), main)


def _drop_unread(module: Any) -> None:
    """convert_pt2e leaves the float weights beside the folded int8 ones; the file would keep both."""
    read = {node.target for node in module.graph.nodes if node.op == "get_attr"}
    for prefix, part in module.named_modules():
        for held in (part._parameters, part._buffers):
            for name in list(held):
                if (f"{prefix}.{name}" if prefix else name) not in read:
                    del held[name]


LOWERINGS = {"fp32": _fp32, "fp16": _fp16, "int8_dynamic": _int8_dynamic, "int8_static": _int8_static}

runtimes.add(TorchRuntime())
