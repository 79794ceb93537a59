"""PyTorch, compiled by Inductor: what it can do. Artifacts and run side are those of the runtime ``torch``."""

from __future__ import annotations

from harness.core.offer import COMPILER, CUDA, Option, Provider
from harness.core.source import Source
from harness.registering import runtime
from harness.runtimes.torch.runtime import TorchRuntime


@runtime
class TorchInductor(TorchRuntime):
    """Exported programs compiled by ``torch.compile`` where they run, weights frozen; int8 gets int8 kernels on x86."""

    name = "torch_inductor"
    source: Source
    providers = (Provider(name="cpu", device=COMPILER), Provider(name="cuda", device=CUDA))
    options = (Option(name="compile", values=("inductor",), default="inductor"),)
