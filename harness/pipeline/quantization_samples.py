"""Which calibration samples a quantizer sees."""

from __future__ import annotations

import numpy as np

from harness.core.recipe import Precision
from harness.core.tensors import Tensors
from harness.errors import ContractError


def chosen_samples(calibration: Tensors, precision: Precision) -> Tensors:
    """The samples that *precision* asks for: all, or some drawn by its seed, in their order.

    ``RandomState`` draws: its stream is the same with every version of numpy.

    Raises:
        ContractError: it asks for more than there are.
    """
    wanted = int(precision.parameter("samples", 0))
    if not wanted:
        return calibration
    if wanted > len(calibration):
        raise ContractError(f"{wanted} calibration samples are asked for, and the data set has {len(calibration)}")
    drawn = np.random.RandomState(int(precision.parameter("seed", 0))).permutation(len(calibration))[:wanted]
    return calibration.take(np.sort(drawn))
