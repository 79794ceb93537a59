"""What a runtime offers beside its precisions: providers and engine options, as a cell's runtime name chooses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CUDA = "cuda"
"""An NVIDIA GPU with its driver."""
COMPILER = "compiler"
"""For engines that generate code where they run."""
CALLED = {CUDA: "CUDA device", COMPILER: "C++ compiler"}
"""What reports call that which must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A kernel set inside a runtime, as suites name it behind the colon: ``onnxruntime:cuda``."""

    name: str
    packages: tuple[str, ...] = ()
    """Distributions that running needs beside the engine's own."""
    device: str = ""
    """What must be there to run it: ``CUDA`` or ``COMPILER``; empty: a CPU is enough."""
    builds: bool = False
    """Whether an artifact is made for it: other providers of the runtime then have others."""
    untimed: str = ""
    """Why its latency means nothing; empty when it means something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An engine option, as suites write it behind a comma: ``onnxruntime,threads=2``."""

    name: str
    values: tuple[str, ...]
    default: str
    """What holds when a cell names none."""
    builds: bool = False
    """Whether it decides what an artifact holds, not only how it is run."""
    needs: tuple[tuple[str, str], ...] = ()
    """Values with the device that must be there to build for each, such as the GPU that an engine is built for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The provider and the options that hold for a cell, defaults filled in."""

    provider: Provider
    named: bool
    """Whether the cell names the provider: then it must take the cell's operators."""
    options: Mapping[str, str] = field(default_factory=dict)
    """All but ``threads``, which every engine has."""
    built_with: Mapping[str, str] = field(default_factory=dict)
    """Those of them, and the provider, that decide what an artifact holds."""
