"""ExecuTorch: what it can do, and how its artifacts are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.core.engine_facts import EngineFacts
from harness.core.lowering import Lowered, Lowering
from harness.core.offer import Choice, Option, Provider
from harness.core.recipe import Precision
from harness.core.source import Source
from harness.core.weights import WeightTensor
from harness.exporters.torch_exportable import arguments, free_shapes
from harness.registering import runtime
from harness.runtimes.executorch.reading import read_tensors
from harness.runtimes.options import refused_precision
from harness.runtimes.torch import pt2e
from harness.runtimes.torch.conversion import halved

XNNPACK = Provider(name="xnnpack", builds=True)
PORTABLE = Provider(name="portable", builds=True)
BACKENDS = {"XnnpackBackend": XNNPACK.name}
"""Providers by the name of their delegate."""
HOW_INT8_IS_WRITTEN = ("quantize_per_tensor", "dequantize_per_tensor", "dequantize_per_channel")
"""Around an operator that a delegate takes, these only say that it computes in int8; left behind, they are computed."""


@runtime
class ExecuTorch:
    """Programs that are lowered ahead of time: to XNNPACK's delegate, or whole to the portable kernels."""

    name = "executorch"
    source: Source
    interchanges = ("pt2",)
    providers = (XNNPACK, PORTABLE)
    options: tuple[Option, ...] = ()
    build_packages = ("executorch", "torch", "torchao")
    run_packages = ("executorch", "torch", "numpy")
    run_side = Path(__file__).with_name("run_side.py")
    facts = EngineFacts(versions={"executorch": "1.5"}, modules=("executorch", "torch", "torchao"), idle_mb=1100)

    def refusal(self, framework: str, precision: Precision, choice: Choice) -> str:
        """Why it can't do this; empty when it can."""
        known = [one for one in LOWERINGS if one != "fp16" or choice.provider == PORTABLE]
        observers = "torchao has observers of histograms (the default) and of minimum and maximum"
        return refused_precision(
            "executorch" if choice.provider == XNNPACK else f"executorch:{choice.provider.name}",
            precision,
            known,
            ranges=("minmax",),
            because={
                "fp16": "XNNPACK's lowering stores the kernels of convolutions in float32, executorch:portable has float16",
                "int8_dynamic": "XNNPACKQuantizer leaves depthwise convolutions and those before a ReLU in float, which in a "
                "CNN is most of its kernels",
                "int8_weight_only": "XNNPACKQuantizer has no int8 weights without int8 activations",
                "entropy": observers,
                "percentile": observers,
            },
        )

    def lower(self, source: Path, wanted: Lowering, folder: Path) -> Lowered:
        """Make the artifact from the exported float program; it takes one sample at a time."""
        import torch
        from executorch.exir import to_edge_transform_and_lower

        module = _contiguous(LOWERINGS[wanted.precision.name](source, wanted))
        free = free_shapes(module, wanted.signature, free_batch=False)
        with torch.no_grad():
            program = torch.export.export(module, arguments(wanted.samples.example(1)), dynamic_shapes=free)
        lowered = to_edge_transform_and_lower(program, partitioner=_partitioners(wanted.provider))
        # Before the next step, which puts memory planning's own operators between the model's.
        placement = _placement(lowered.exported_program().graph_module)
        main = folder / "model.pte"
        main.write_bytes(lowered.to_executorch().buffer)
        return Lowered(main=main, placement=placement)

    def weights(self, artifact: Path) -> Iterable[WeightTensor]:
        """All constant tensors, those of delegated parts too; data that tensors share counts once."""
        return read_tensors(artifact.read_bytes())


def _contiguous(module: Any) -> Any:
    """*module* with weights in memory as their shapes say: XNNPACK's passes refuse channels-last ones."""
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data = tensor.data.contiguous()
    return module


def _partitioners(provider: str) -> list[Any]:
    if provider == PORTABLE.name:
        return []
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner

    return [XnnpackPartitioner()]


def _fp32(source: Path, wanted: Lowering) -> Any:
    import torch

    return torch.export.load(str(source)).module()


def _fp16(source: Path, wanted: Lowering) -> Any:
    """Weights and arithmetic in half precision, inputs and outputs in float."""
    return halved(source, wanted.signature)


def _int8_static(source: Path, wanted: Lowering) -> Any:
    """Torchao's PT2E quantization as XNNPACK wants it: weights symmetric, ranges by histograms unless said otherwise."""
    # It registers the quantizers' operators, with the form that writes into a given tensor.
    import executorch.kernels.quantized  # noqa: F401
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )

    config = get_symmetric_quantization_config(is_per_channel=bool(wanted.precision.parameter("per_channel", True)))
    if wanted.precision.parameter("ranges", "") == "minmax":
        config = pt2e.with_minmax_ranges(config)
    return pt2e.quantized(source, XNNPACKQuantizer().set_global(config), wanted.samples)


def _placement(module: Any) -> dict[str, dict[str, int]]:
    """Operators by provider and name: what the delegates took, and what was left behind."""
    found: dict[str, Counter[str]] = {}
    for node in module.graph.nodes:
        if node.op == "call_function":
            found.setdefault(PORTABLE.name, Counter()).update(_names([node]))
        elif node.op == "get_attr":
            delegated = getattr(module, node.target)
            taken = found.setdefault(BACKENDS[delegated.backend_id], Counter())
            taken.update(
                name for name in _names(delegated.original_module.graph.nodes) if name not in HOW_INT8_IS_WRITTEN
            )
    return {provider: dict(sorted(names.items())) for provider, names in sorted(found.items()) if names}


def _names(nodes: Iterable[Any]) -> Iterator[str]:
    """``convolution`` of ``aten::convolution``; calls of delegates and picks from a tuple are no operators."""
    for node in nodes:
        schema = getattr(node.target, "_schema", None)
        if node.op == "call_function" and schema is not None:
            yield schema.name.split("::")[-1].lstrip("_")


LOWERINGS = {"fp32": _fp32, "fp16": _fp16, "int8_static": _int8_static}
