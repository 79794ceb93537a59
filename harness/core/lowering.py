"""What a runtime is asked to build from an interchange file, and what it built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.core.artifact import Operators
from harness.core.recipe import Precision
from harness.core.signature import Signature
from harness.core.tensors import Array, Ragged, Tensors
from harness.errors import ContractError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """What the artifact is to be."""

    precision: Precision
    samples: Tensors
    """To choose quantization ranges with; at least two, whatever the precision."""
    signature: Signature
    """Of the model."""
    provider: str = ""
    """Name of the provider; matters only for providers with ``builds=True``."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Values of the options with ``builds=True``, by name."""

    @property
    def calibration(self) -> Array:
        """The samples of a model that takes one tensor of one shape: an array (n, ...).

        Raises:
            ContractError: it takes several, or samples differ in length; what can lower them reads ``samples``.
        """
        if len(self.samples.names) != 1 or isinstance(self.samples.only, Ragged):
            raise ContractError("this runtime takes models with one input, all samples of one shape")
        return self.samples.only


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """The files that ``lower`` wrote into the folder it was given."""

    main: Path
    """The file that is loaded; the others beside it belong to it."""
    placement: Operators = field(default_factory=dict)
    """Where only the tools of the build can tell it."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain values for the provenance."""
    unshipped: tuple[str, ...] = ()
    """Files that are not shipped: the audit reads them, and they count for no size."""
