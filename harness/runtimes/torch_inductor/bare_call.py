"""PyTorch's compiler's own call as its documentation writes it: benchmarks/adapter_overhead.py compares the run side's time with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def bare_call(path: str, sample: Any) -> Callable[[], Any]:
    """One inference of *sample* by the artifact at *path*, on one thread, from numpy to numpy."""
    import torch
    import torch._inductor.config

    torch.set_num_threads(1)
    torch._inductor.config.freezing = True
    compiled = torch.compile(torch.export.load(path).module(check_guards=False), dynamic=False)

    def bare() -> Any:
        with torch.inference_mode():
            return compiled(torch.from_numpy(sample)).numpy()

    return bare
