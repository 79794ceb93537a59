"""Quantization-aware training: float weights that lose less when a runtime rounds them to int8."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.core.work import Work
from harness.errors import ContractError
from harness.recipes.finetuning import finetune
from harness.recipes.quantization import INT8_STATIC
from harness.recipes.steps import step

if TYPE_CHECKING:
    from torch import Tensor

STEPS = 400
"""Half as many as other fine-tuning has: rounding makes each 1.4 (fashion_cnn) to 1.9 times (fashion_mobilenet) as long."""
AVERAGING = 0.01
"""The share of the newest batch in the range of a layer's inputs."""
LARGEST_WEIGHT, LARGEST_INPUT = 127, 255
"""Largest values of int8 as symmetric quantizers use it (without -128), and of uint8."""


@step(
    "int8_qat",
    method="quantization",
    promise={"int8_share": "95 %"},
    framework="torch",
    trains=True,
    control="int8_static",
    precision=INT8_STATIC,
)
def int8_qat(model: Any, work: Work) -> Any:
    """Fine-tune *model* while its weights and the inputs of its layers are rounded as int8 would round them.

    Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018:
    the forward pass rounds, the backward pass takes rounding for the identity inside the range (the straight-through
    estimator of Bengio et al., 2013). What comes back is the float model with new weights; the runtime's own quantizer
    then makes ``int8_static`` of it, weights per channel. It helps where rounding hurts: where ``int8_static`` loses less
    than the test can tell, as on the example models, there is nothing to win back.

    Raises:
        ContractError: there is no convolution or linear layer, or labels or outputs are not those of a classifier.
        ValueError: training diverged.
    """
    with fake_quantized(model) as layers:
        if not layers:
            raise ContractError(
                f"step {work.step!r}: model {work.model!r} has no convolution or linear layer to quantize."
            )
        return finetune(model, work, steps=STEPS)


# Not torchao's prepare_qat_pt2e (0.18): its fused convolution and batch norm computes with eps 1e-5 and momentum 0.1
# whatever the layer has (torchvision's MobileNetV3: 1e-3 and 0.01), divides by batch norm weights, which pruned channels
# have zero, and on fashion_mobilenet makes a step 2.5 times as long, this 1.8 times.
@contextmanager
def fake_quantized(model: Any) -> Iterator[list[str]]:
    """Round weights and inputs of convolutions and linear layers inside the context; yields the layers' names.

    Batch norms need no handling: the runtime folds it by multiplying all weights of an output
    channel by one number, and with a scale per channel that multiplies the scale and leaves the rounded integers alone.
    """
    from torch import nn
    from torch.nn.modules.conv import _ConvNd

    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, (nn.Linear, _ConvNd))}
    hooks: list[Any] = []
    try:
        for layer in layers.values():
            hooks.append(layer.register_forward_pre_hook(InputRange()))
            hooks.append(layer.register_forward_pre_hook(_shadow_weight))
            hooks.append(layer.register_forward_hook(_uncover_weight))
        yield list(layers)
    finally:
        for hook in hooks:
            hook.remove()
        for layer in layers.values():
            _uncover_weight(layer)


def _shadow_weight(layer: Any, inputs: Any) -> None:
    # An attribute of the instance shadows the parameter, which stays registered: the optimizer, other
    # layers that share it and the order of names see no change.
    axis = 1 if getattr(layer, "transposed", False) else 0
    layer.__dict__["weight"] = rounded_weight(layer._parameters["weight"], axis)


def _uncover_weight(layer: Any, *_: Any) -> None:
    layer.__dict__.pop("weight", None)


class InputRange:
    """A hook before one layer: follows the range of its inputs while it trains, and rounds them in it."""

    def __init__(self) -> None:
        self.low = self.high = 0.0
        self._seen = False

    def __call__(self, layer: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """*inputs* with the first one rounded."""
        taken = inputs[0]
        if layer.training:
            self._follow(taken)
        if not self._seen:
            return inputs
        return (rounded_input(taken, self.low, self.high), *inputs[1:])

    def _follow(self, taken: Tensor) -> None:
        # Zero is always in the range, so that padding and ReLU are exact.
        low, high = (float(value) for value in taken.detach().aminmax())
        share = AVERAGING if self._seen else 1.0
        self.low += share * (min(low, 0.0) - self.low)
        self.high += share * (max(high, 0.0) - self.high)
        self._seen = True


def rounded_weight(weight: Tensor, axis: int) -> Tensor:
    """*weight* on the grid of int8 with one scale per channel along *axis*: largest magnitude / 127."""
    import torch

    others = [one for one in range(weight.ndim) if one != axis]
    largest = weight.detach().abs().amax(dim=others)
    scale = (largest / LARGEST_WEIGHT).clamp_min(torch.finfo(weight.dtype).tiny)
    zero = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero, axis, -LARGEST_WEIGHT, LARGEST_WEIGHT)


def rounded_input(taken: Tensor, low: float, high: float) -> Tensor:
    """*taken* on the grid of 256 equal steps from *low* to *high*, one of which is zero."""
    import torch

    scale = max((high - low) / LARGEST_INPUT, torch.finfo(torch.float32).tiny)
    zero = min(max(round(-low / scale), 0), LARGEST_INPUT)
    return torch.fake_quantize_per_tensor_affine(taken, scale, zero, 0, LARGEST_INPUT)
