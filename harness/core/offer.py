"""What a runtime offers beside its precisions: providers and engine options, as a cell's runtime name chooses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CUDA = "cuda"
"""An NVIDIA GPU with its driver."""
COMPILER = "compiler"
"""For engines that generate code where they run."""
CALLED = {CUDA: "CUDA device", COMPILER: "C++ compiler"}
"""Display names of required devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A kernel set inside a runtime, as suites name it behind the colon: ``onnxruntime:cuda``."""

    name: str
    packages: tuple[str, ...] = ()
    """Distributions that running needs in addition to the runtime's own."""
    device: str = ""
    """Device that running needs: ``CUDA`` or ``COMPILER``; empty when a CPU is enough."""
    asks_engine: bool = False
    """Whether only the engine can tell if the machine has a device for it: the run side then has ``missing_device``."""
    builds: bool = False
    """Whether this provider needs artifacts of its own."""
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
    """Pairs of a value and the device that building for it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The provider and the options that hold for a cell, defaults filled in."""

    provider: Provider
    options: Mapping[str, str] = field(default_factory=dict)
    """All but ``threads``, which every engine has."""
    built_with: Mapping[str, str] = field(default_factory=dict)
    """Those of them, and the provider, that decide what an artifact holds."""
