"""PyTorch, eager: what it can do, and how its artifacts are made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.core.engine_facts import EngineFacts
from harness.core.lowering import Lowered, Lowering
from harness.core.offer import CUDA, Choice, Option, Provider
from harness.core.recipe import Precision
from harness.core.source import Source
from harness.core.weights import WeightTensor
from harness.exporters.torch_to_pt2 import export_program, save_program
from harness.registering import runtime
from harness.runtimes.options import refused_precision
from harness.runtimes.torch import pt2e
from harness.runtimes.torch.conversion import halved
from harness.runtimes.torch.reading import read_tensors


@runtime
class TorchRuntime:
    """Exported programs run operator by operator. int8 is stored as int8 and computed in float: smaller, not faster."""

    name = "torch"
    source: Source
    interchanges = ("pt2",)
    providers = (Provider(name="cpu"), Provider(name="cuda", device=CUDA))
    options: tuple[Option, ...] = ()
    build_packages = ("torch", "torchao")
    run_packages = ("torch", "numpy")
    run_side = Path(__file__).with_name("run_side.py")
    facts = EngineFacts(versions={"torch": "2.14"}, modules=("torch",), idle_mb=650)

    def refusal(self, framework: str, precision: Precision, choice: Choice) -> str:
        """Why it can't do this; empty when it can."""
        return refused_precision(
            "torch",
            precision,
            LOWERINGS,
            ranges=("minmax",),
            because={
                "int8_weight_only": "torchao stores weights alone as int8 in linear layers only, not in convolutions, "
                "and its x86 quantizer has no int8 weights without int8 activations",
                "entropy": "torchao has observers of histograms (the default) and of minimum and maximum",
                "percentile": "torchao has observers of histograms (the default) and of minimum and maximum",
            },
        )

    def lower(self, source: Path, wanted: Lowering, folder: Path) -> Lowered:
        """Make the artifact from the exported float program."""
        main = folder / "model.pt2"
        LOWERINGS[wanted.precision.name](source, main, wanted)
        return Lowered(main=main)

    def weights(self, artifact: Path) -> Iterable[WeightTensor]:
        """All constant tensors, read from the archive without torch."""
        return read_tensors(artifact)


def _fp32(source: Path, main: Path, wanted: Lowering) -> None:
    import torch

    save_program(torch.export.load(str(source)), main)


def _fp16(source: Path, main: Path, wanted: Lowering) -> None:
    """Weights and arithmetic in half precision, inputs and outputs in float."""
    save_program(export_program(halved(source, wanted.signature), wanted.signature, wanted.samples.example(2)), main)


def _int8_dynamic(source: Path, main: Path, wanted: Lowering) -> None:
    _int8(source, main, wanted, _x86_config(dynamic=True))


def _int8_static(source: Path, main: Path, wanted: Lowering) -> None:
    """Ranges by torchao's histograms unless said otherwise: they are cut where the error of rounding is least."""
    import torch

    config = _x86_config(dynamic=False)
    if not wanted.precision.parameter("per_channel", True):
        weight = replace(
            config.weight,
            qscheme=torch.per_tensor_symmetric,
            ch_axis=None,
            observer_or_fake_quant_ctr=pt2e.minmax_observer(),
        )
        config = replace(config, weight=weight)
    if wanted.precision.parameter("ranges", "") == "minmax":
        config = pt2e.with_minmax_ranges(config)
    _int8(source, main, wanted, config)


def _x86_config(*, dynamic: bool) -> Any:
    from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import get_default_x86_inductor_quantization_config

    # reduce_range is set, not left to the CPU that builds: an artifact must not depend on it.
    return get_default_x86_inductor_quantization_config(is_dynamic=dynamic, reduce_range=False)


def _int8(source: Path, main: Path, wanted: Lowering, config: Any) -> None:
    """Torchao's PT2E quantization with the x86 quantizer: weights symmetric, per channel by default."""
    from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import X86InductorQuantizer

    converted = pt2e.quantized(source, X86InductorQuantizer().set_global(config), wanted.samples)
    _drop_unread(converted)
    save_program(export_program(converted, wanted.signature, wanted.samples.example(2)), main)


def _drop_unread(module: Any) -> None:
    """convert_pt2e leaves the float weights beside the folded int8 ones; the file would keep both."""
    read = {node.target for node in module.graph.nodes if node.op == "get_attr"}
    for prefix, part in module.named_modules():
        for held in (part._parameters, part._buffers):
            for name in list(held):
                if (f"{prefix}.{name}" if prefix else name) not in read:
                    del held[name]


LOWERINGS = {"fp32": _fp32, "fp16": _fp16, "int8_dynamic": _int8_dynamic, "int8_static": _int8_static}
