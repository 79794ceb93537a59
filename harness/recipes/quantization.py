"""Number formats that a runtime's own quantizer produces after training."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.core.names import REFERENCE_RECIPE
from harness.core.recipe import Precision, Step
from harness.core.source import Source
from harness.core.step_family import LARGEST, StepFamily
from harness.errors import InvalidRecipe
from harness.recipes.steps import Limits, add_step, promises_of
from harness.registries import steps

FP32 = Precision(name="fp32")
FP16 = Precision(name="fp16")
INT8_DYNAMIC = Precision(name="int8_dynamic")
INT8_WEIGHT_ONLY = Precision(name="int8_weight_only")
INT8_STATIC = Precision(name="int8_static", parameters=(("per_channel", True),), needs_calibration=True)

STATIC_NAME = "int8_static[_per_tensor][_minmax|_entropy|_percentile][_n{samples}][_seed{seed}]"
"""Weights per channel unless said otherwise; without a way to choose ranges, the runtime's own; all calibration samples."""

SPREAD_SEEDS = (1, 2, 3)
"""Seeds of the draws whose accuracies ``calibration_spread`` compares."""
SPREAD_SAMPLES = 100
"""Calibration samples in each draw, unless the recipe says how many."""

_PROMISES: Mapping[str, Limits] = {
    "fp16": {"fp16_share": "95 %"},
    "int8_dynamic": {"int8_share": "95 %"},
    "int8_weight_only": {"int8_share": "95 %"},
    "int8_static": {"int8_share": "95 %"},
}


def static_precision(text: str, numbers: Mapping[str, int]) -> Precision:
    """What the step name *text* asks of the quantizer.

    Raises:
        InvalidRecipe: a seed without a number of samples: with all of them there is nothing to draw.
    """
    if "seed" in numbers and "samples" not in numbers:
        raise InvalidRecipe(
            f"step {text!r}: a seed chooses calibration samples, and all of them are used. Say how many, such as "
            f"{text.replace('_seed', '_n100_seed')!r}."
        )
    parameters: list[tuple[str, str | int | bool]] = [("per_channel", "_per_tensor" not in text)]
    ranges = re.search(r"_(minmax|entropy|percentile)", text)
    if ranges:
        parameters.append(("ranges", ranges[1]))
    parameters += sorted(numbers.items())
    return Precision(name=INT8_STATIC.name, parameters=tuple(parameters), needs_calibration=True)


def with_other_samples(recipe: str) -> list[str]:
    """*recipe* with calibration samples drawn by each of ``SPREAD_SEEDS``; empty when it calibrates nothing or has a seed."""
    *before, last = recipe.split("+")
    if not last.startswith(INT8_STATIC.name) or "_seed" in last or not steps.names_step(last):
        return []
    if steps.step(last).claims:  # of a given file nothing is drawn
        return []
    drawn = last if re.search(r"_n[0-9]+", last) else f"{last}_n{SPREAD_SAMPLES}"
    return ["+".join([*before, f"{drawn}_seed{seed}"]) for seed in SPREAD_SEEDS]


def _static(text: str, numbers: Mapping[str, int]) -> Step:
    return _step(text, static_precision(text, numbers))


def _step(name: str, precision: Precision) -> Step:
    return Step(
        name=name,
        method="quantization",
        precision=precision,
        promises=promises_of(name, _PROMISES[precision.name]),
        source=Source.of(_step),
    )


for _precision in (FP16, INT8_DYNAMIC, INT8_WEIGHT_ONLY):
    add_step(_step(_precision.name, _precision))
steps.add(
    StepFamily(
        name=STATIC_NAME,
        source=Source.of(_step),
        ranges={"samples": (1, LARGEST), "seed": (0, LARGEST)},
        make=_static,
    )
)
add_step(Step(name=REFERENCE_RECIPE, method="reference", precision=FP32, source=Source.of(_step)))
