"""What a figure depends on: the hardware class and the software that made it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

INT8_FEATURES = ("avx512_vnni", "avx_vnni", "amx_int8", "i8mm", "asimddp")
"""Instruction sets that change how int8 kernels saturate, and with it int8 accuracy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """The hardware class that latency and memory belong to; never host name, clock or temperature."""

    machine: str
    """x86_64, aarch64, ..."""
    cpu: str
    cores: int
    """Usable by this process."""
    quota_cores: float | None = None
    """What the container allows; None without a limit."""
    features: tuple[str, ...] = ()
    """Vector instruction sets, sorted."""
    accelerator: str = ""
    cluster: str = ""
    """Where there are CPUs of several kinds: those that measurements use."""

    @property
    def code_class(self) -> str:
        """A short name of the CPUs that code compiled here runs on: the same model with the same instruction sets."""
        text = "\n".join([self.machine, self.cpu, *self.features])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def isa(self) -> str:
        """The class in which int8 kernels compute alike."""
        return "+".join([self.machine, *(f for f in self.features if f in INT8_FEATURES)])

    @property
    def name(self) -> str:
        """One line that says all of it."""
        quota = "" if self.quota_cores is None else f" (quota {self.quota_cores:g})"
        rest = "".join(f", {more}" for more in (self.cluster, self.isa, self.accelerator) if more)
        return f"{self.cpu}, {self.cores} cores{quota}{rest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The hardware and software that one cell was measured with."""

    hardware: Hardware
    runtime_versions: tuple[tuple[str, str], ...]
    """Versions of the runtime's distributions, as the worker reports them."""
    provider: str
    threads: int
    options: tuple[tuple[str, str], ...] = ()
    python: str = ""
