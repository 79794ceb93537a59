"""Number formats that a runtime's own quantizer produces after training."""

from __future__ import annotations

from harness.core.names import REFERENCE_RECIPE
from harness.core.recipe import Precision, Step
from harness.core.source import Source
from harness.recipes.registry import steps

FP32 = Precision(name="fp32")
FP16 = Precision(name="fp16")
INT8_DYNAMIC = Precision(name="int8_dynamic")
INT8_STATIC = Precision(name="int8_static", parameters=(("per_channel", True),), needs_calibration=True)


def _here() -> None:
    """Marks this file as the source of the steps below."""


for _precision in (FP16, INT8_DYNAMIC, INT8_STATIC):
    steps.add(Step(name=_precision.name, method="quantization", precision=_precision, source=Source.of(_here)))
steps.add(Step(name=REFERENCE_RECIPE, method="reference", precision=FP32, source=Source.of(_here)))
