"""From an ONNX file to a TensorRT engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from harness.errors import ContractError
from harness.runtimes.tensorrt.layers import read_layers, read_memory

RTX = "tensorrt_rtx"
"""The module of TensorRT-RTX."""
LARGEST_BATCH = 8
"""An engine takes 1 to so many samples and is tuned for one, which is what is measured; scratch memory grows with it."""
CURRENT = "current"
"""In place of a compute capability: that of the GPU that is here."""


Lengths = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What the builder made."""

    plan: bytes
    """As it is written to the file that is shipped."""
    details: Mapping[str, Any]
    """``network``: layers as parsed, counted; ``layers`` and ``memory`` of the engine, see ``layers.py``."""


def build_engine(
    model: bytes, *, module: str, sm: str, lengths: Mapping[str, Sequence[Lengths]] | None = None
) -> Engine:
    """Build the engine of the ONNX file *model*, with arithmetic in the types that it names.

    Args:
        model: content of the file; its first axis may be free.
        module: ``tensorrt_rtx``, or ``tensorrt``, which builds for the GPU that is here only.
        sm: the compute capability without its point, ``86``, or ``current``.
        lengths: by input, of each dimension of a sample, its least and its greatest; needed where one is free.

    Raises:
        ContractError: TensorRT can't parse the model or refuses to build it; the error names the nodes.
    """
    trt = import_module(module)
    messages: list[str] = []
    log = _log(trt, messages)
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(model):
        raise ContractError(f"TensorRT can't parse the model: {_parser_errors(parser)}")
    plan = builder.build_serialized_network(network, _config(trt, builder, network, sm, lengths or {}))
    if plan is None:
        said = [message.removeprefix(ERROR) for message in messages if message.startswith(ERROR)]
        raise ContractError(f"TensorRT built no engine: {'; '.join(said) or 'it gave no reason'}")
    counts = Counter(_typed(network.get_layer(number)) for number in range(network.num_layers))
    details = {
        "network": dict(sorted(counts.items())),
        "layers": read_layers(messages),
        "memory": read_memory(messages),
    }
    return Engine(plan=bytes(plan), details=details)


def _config(trt: Any, builder: Any, network: Any, sm: str, lengths: Mapping[str, Sequence[Lengths]]) -> Any:
    config = builder.create_builder_config()
    # Else float is rounded to ten bits where tensor cores multiply it, and fp32 is no reference.
    config.clear_flag(trt.BuilderFlag.TF32)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    if trt.__name__ == RTX:
        # Left alone, it builds for every GPU since Ampere; TensorRT builds for the one that is here and knows no other.
        config.num_compute_capabilities = 1
        config.set_compute_capability(getattr(trt.ComputeCapability, sm.upper() if sm == CURRENT else f"SM{sm}"), 0)
    free = {name: shape for name, shape in _inputs(network) if -1 in shape}
    if free:
        profile = builder.create_optimization_profile()
        for name, (_, *sample) in free.items():
            bounds = lengths.get(name) or [(length, length) for length in sample]
            least, greatest = ([one[side] for one in bounds] for side in (0, 1))
            profile.set_shape(name, (1, *least), (1, *greatest), (LARGEST_BATCH, *greatest))
        config.add_optimization_profile(profile)
    return config


def _inputs(network: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    for number in range(network.num_inputs):
        taken = network.get_input(number)
        yield taken.name, tuple(taken.shape)


def _typed(layer: Any) -> str:
    inputs = [layer.get_input(number) for number in range(layer.num_inputs)]
    # An optional input that is left out is None.
    reads = sorted({one.dtype.name for one in inputs if one is not None})
    writes = sorted({layer.get_output(number).dtype.name for number in range(layer.num_outputs)})
    return f"{layer.type.name} {'+'.join(reads)}->{'+'.join(writes)}".lower()


def _parser_errors(parser: Any) -> str:
    errors = [parser.get_error(number) for number in range(parser.num_errors)]
    return "; ".join(f"node {one.node_name()!r} ({one.node_operator()}): {one.desc()}" for one in errors)


ERROR = "error: "


def _log(trt: Any, messages: list[str]) -> Any:
    """A logger that keeps everything: the builder tells the engine's layers nowhere else."""
    wrong = (trt.ILogger.Severity.INTERNAL_ERROR, trt.ILogger.Severity.ERROR)

    class Log(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: Any, text: str) -> None:
            messages.append(f"{ERROR}{text}" if severity in wrong else text)

    return Log()
