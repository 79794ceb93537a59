"""PyTorch, compiled by Inductor: what it can do. Artifacts and run side are those of the runtime ``torch``."""

from __future__ import annotations

from harness.core.offer import COMPILER, CUDA, Option, Provider
from harness.core.source import Source
from harness.runtimes.registry import runtimes
from harness.runtimes.torch.runtime import TorchRuntime


class TorchInductor(TorchRuntime):
    """Exported programs compiled by ``torch.compile`` where they run, weights frozen; int8 gets int8 kernels on x86."""

    name = "torch_inductor"
    providers = (Provider(name="cpu", device=COMPILER), Provider(name="cuda", device=CUDA))
    options = (Option(name="compile", values=("inductor",), default="inductor"),)

    def __init__(self) -> None:
        super().__init__()
        self.source = Source.of(TorchInductor)


runtimes.add(TorchInductor())
