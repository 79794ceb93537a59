"""How far an output is from the float model's: in its largest error, in decibels and as a correlation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.core.tensors import Array, Ragged, Tensors, Values

BLOCK = 2**20
"""Elements that are looked at together in double precision."""
TOP_DB = 200.0
"""Of equal outputs, which have no noise to speak of: beyond what float32 can show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """Between one output of an artifact and the float model's."""

    error: float
    """The largest absolute difference."""
    sqnr_db: float
    correlation: float | None
    """Pearson's r; 0 where only one side is constant, None where both are."""


def distance(values: Values, exact: Values, name: str) -> Distance:
    """The distance of *values* from *exact*; *name* is the output's, empty of the only one.

    Raises:
        ValueError: their shapes differ.
    """
    ours, theirs = _flat_pair(values, exact, name)
    count = max(len(ours), 1)
    error = signal = noise = 0.0
    means = [0.0, 0.0]
    for one, other in _blocks(ours, theirs):
        difference = one - other
        error = max(error, float(np.abs(difference).max()))
        signal += float(other @ other)
        noise += float(difference @ difference)
        means = [means[0] + float(one.sum()) / count, means[1] + float(other.sum()) / count]
    return Distance(
        error=error, sqnr_db=_sqnr_db(signal, noise), correlation=_correlation(ours, theirs, means[0], means[1])
    )


def check_alike(outputs: Tensors, reference: Tensors) -> None:
    """Check that *outputs* have the names and shapes of the *reference*'s.

    Raises:
        ValueError: they have others.
    """
    if outputs.names != reference.names:
        raise ValueError(f"outputs are {', '.join(outputs.names)}, the reference's {', '.join(reference.names)}")
    for name in outputs.names:
        _flat_pair(outputs[name], reference[name], name if len(outputs.names) > 1 else "")


def _flat_pair(values: Values, exact: Values, name: str) -> tuple[Array, Array]:
    which = f"output {name!r} has" if name else "outputs have"
    shapes = [one.shapes.tolist() if isinstance(one, Ragged) else one.shape for one in (values, exact)]
    if shapes[0] != shapes[1]:
        said = [
            f"{len(one.shapes)} shapes" if isinstance(one, Ragged) else f"shape {one.shape}" for one in (values, exact)
        ]
        raise ValueError(f"{which} {said[0]}, the reference's have {said[1]}")
    ours, theirs = (one.values if isinstance(one, Ragged) else one.reshape(-1) for one in (values, exact))
    return ours, theirs


def _blocks(ours: Array, theirs: Array) -> Iterator[tuple[Array, Array]]:
    for start in range(0, len(ours), BLOCK):
        part = slice(start, start + BLOCK)
        yield ours[part].astype(np.float64), theirs[part].astype(np.float64)


def _sqnr_db(signal: float, noise: float) -> float:
    if noise == 0:
        return TOP_DB
    return min(10 * math.log10(signal / noise), TOP_DB) if signal > 0 else -TOP_DB


def _correlation(ours: Array, theirs: Array, our_mean: float, their_mean: float) -> float | None:
    common = our_spread = their_spread = 0.0
    for one, other in _blocks(ours, theirs):
        ours_centred, theirs_centred = one - our_mean, other - their_mean
        common += float(ours_centred @ theirs_centred)
        our_spread += float(ours_centred @ ours_centred)
        their_spread += float(theirs_centred @ theirs_centred)
    if not our_spread or not their_spread:
        return 0.0 if our_spread or their_spread else None
    return float(np.clip(common / math.sqrt(our_spread * their_spread), -1.0, 1.0))
