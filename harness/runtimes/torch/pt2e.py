"""int8 by torchao's PT2E quantization, for every runtime that has a quantizer of that kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.core.tensors import Tensors
from harness.exporters.torch_exportable import arguments
from harness.runtimes.scales import check_scales

CALIBRATION_BATCH = 32
LEAST_SCALE = {"eps": 2**-12}
"""Of the observers that the quantizers for x86 and for XNNPACK choose by themselves."""


def quantized(source: Path, quantizer: Any, samples: Tensors) -> Any:
    """The exported program in *source* as a module in int8, as *quantizer* annotates it.

    Raises:
        ContractError: an activation was constant in calibration, so that its scale can hold nothing.
    """
    import torch
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    prepared = prepare_pt2e(torch.export.load(str(source)).module(), quantizer)
    with torch.no_grad():
        for batch in samples.batches(CALIBRATION_BATCH):
            prepared(*arguments(batch))
        check_scales(activation_scales(prepared))
        return convert_pt2e(prepared)


def minmax_observer() -> Any:
    """The observer of minimum and maximum, in place of one of histograms."""
    from torchao.quantization.pt2e.observer import MinMaxObserver

    return MinMaxObserver.with_args(**LEAST_SCALE)


def with_minmax_ranges(config: Any) -> Any:
    """*config*, a quantization configuration, with activations' ranges from minimum to maximum."""
    activation = replace(config.input_activation, observer_or_fake_quant_ctr=minmax_observer())
    return replace(config, input_activation=activation, output_activation=activation)


def activation_scales(prepared: Any) -> Iterator[tuple[str, float]]:
    """The scale that each range asks for that *prepared*, a module of PT2E quantization, saw in calibration.

    Read from the ranges: the scales that observers make of them are never finer than their least one, which hides it.
    """
    for node in prepared.graph.nodes:
        if node.op == "call_module" and node.args[0].op != "get_attr":
            seen = prepared.get_submodule(node.target)
            if hasattr(seen, "max_val") and seen.max_val.numel() == 1:
                width = max(float(seen.max_val), 0.0) - min(float(seen.min_val), 0.0)
                yield node.args[0].name, width / (seen.quant_max - seen.quant_min)
