"""``python -m tests.runtimes.executorch_building FOLDER`` builds what ``test_executorch.py`` looks at."""

import json
import sys
from pathlib import Path

import numpy as np

from harness.runtimes.executorch.runtime import ExecuTorch
from tests.fakes.named import signature

from .building import NAMES, PRECISIONS, SAMPLES, SHAPE, lowering, network

WIDE = (3, 56, 56)
ON_PORTABLE = ("fp32", "fp16", "int8_static")


def build(folder):
    import torch
    from torch import nn

    from harness.exporters.torch_to_pt2 import TorchToPt2

    runtime = ExecuTorch()
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((SAMPLES, *SHAPE)).astype(np.float32)
    facts = {"placement": {}}

    class Odd(nn.Module):
        """A normalization before any convolution, slopes, a factor per channel, and an operator for no delegate."""

        def __init__(self):
            super().__init__()
            self.norm, self.conv, self.slopes = nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3), nn.PReLU(4)
            self.factor = nn.Parameter(torch.rand(1, 4, 1, 1) + 0.5)
            self.head = nn.Linear(4 * 10 * 10, 5)

        def forward(self, x):
            x = self.slopes(self.conv(self.norm(x))) * self.factor
            return self.head(torch.cumsum(x, dim=2).flatten(1))

    def lower(net, name, precision, provider, samples):
        place = folder / name
        place.mkdir()
        source = place / "source.pt2"
        taken = signature(samples.shape[1:])
        TorchToPt2().export(net, taken, {"image": samples[:2]}, source)
        made = runtime.lower(source, lowering(precision, samples, taken, provider=provider), place)
        facts["placement"][name] = made.placement

    torch.manual_seed(0)
    odd = Odd()
    nn.init.uniform_(odd.norm.weight)
    nn.init.uniform_(odd.norm.bias)
    odd.eval()
    lower(odd, "odd", PRECISIONS["fp32"], "xnnpack", inputs)
    lower(odd, "odd_portable", PRECISIONS["fp32"], "portable", inputs)
    facts["odd_parameters"] = sum(p.numel() for p in odd.parameters())
    facts["odd_kernels"] = odd.conv.weight.numel() + odd.head.weight.numel()
    convolutions = [nn.Conv2d(3 if not i else 64, 64, 3, padding=1) for i in range(8)]
    lower(nn.Sequential(*convolutions).eval(), "wide", PRECISIONS["fp32"], "xnnpack", np.zeros((2, *WIDE), np.float32))
    net = network()
    for name in ON_PORTABLE:
        lower(net, name, PRECISIONS[name], "portable", inputs)
    for name in ("fp32", "int8_static"):
        lower(net, f"again_{name}", PRECISIONS[name], "xnnpack", inputs)
    try:
        lower(net, "constant", PRECISIONS["int8_static"], "xnnpack", np.zeros_like(inputs))
    except Exception as err:
        facts["constant"] = f"{type(err).__name__}: {err}"
    with torch.no_grad():
        np.savez(
            folder / "outputs.npz", inputs=inputs, odd=odd(torch.from_numpy(inputs)), net=net(torch.from_numpy(inputs))
        )
    # Last: it imports what a build has no use for.
    from harness.runtimes.executorch import run_side

    options = {**NAMES, "threads": 1, "provider": "xnnpack"}
    session = run_side.open_session(str(folder / "again_fp32" / "model.pte"), options)
    (first,) = session.prepare({"image": inputs[:1]})()
    before = first.copy()
    (second,) = session.prepare({"image": inputs[1:2]})()
    facts["kept"] = bool(np.array_equal(first, before) and not np.array_equal(first, second))
    (folder / "facts.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    build(Path(sys.argv[1]))
