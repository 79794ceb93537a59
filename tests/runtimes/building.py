"""Builds artifacts of a small network for one runtime, in a process of its own: tools of two engines in one crash.

``python -m tests.runtimes.building RUNTIME FOLDER`` leaves, beside the artifacts, ``outputs.npz`` and ``facts.json``.
"""

import importlib
import json
import sys
from pathlib import Path

import numpy as np

from harness.core.lowering import Lowering
from harness.core.names import RuntimeName
from harness.core.recipe import Precision
from harness.pipeline.catalog import load_catalog
from harness.registries import exporters, runtimes
from harness.runtimes.options import choice_of
from tests.fakes.named import one, signature

SHAPE = (3, 12, 12)
SIGNATURE = signature(SHAPE)
NAMES = {"inputs": SIGNATURE.input_names, "outputs": SIGNATURE.outputs}
"""What a worker is told of the model's tensors."""
SAMPLES = 70  # not a multiple of a calibration batch


def static(**parameters):
    return Precision(name="int8_static", parameters=tuple(parameters.items()), needs_calibration=True)


PRECISIONS = {
    "fp32": Precision(name="fp32"),
    "fp16": Precision(name="fp16"),
    "int8_dynamic": Precision(name="int8_dynamic"),
    "int8_weight_only": Precision(name="int8_weight_only"),
    "int8_static": static(per_channel=True),
    "int8_static_per_tensor": static(per_channel=False),
    "int8_static_minmax": static(per_channel=True, ranges="minmax"),
    "int8_static_entropy": static(per_channel=True, ranges="entropy"),
    "int8_static_percentile": static(per_channel=True, ranges="percentile"),
}


def lowering(precision, inputs, taken=SIGNATURE, **named):
    """What a runtime is asked for of a model that takes *taken* alone; *precision* may be a name of ``PRECISIONS``."""
    precision = PRECISIONS[precision] if isinstance(precision, str) else precision
    (only,) = taken.input_names
    return Lowering(precision=precision, samples=one(inputs, only), signature=taken, **named)


def predicted(session, inputs, name="image"):
    """The only output of each of *inputs*, by a run side's *session*, one sample at a time."""
    return np.concatenate([only_output(session.predict({name: inputs[i : i + 1]})) for i in range(len(inputs))])


def only_output(given):
    """The array in what a run side gave: itself, or the only one of a list or a dict."""
    if isinstance(given, np.ndarray):
        return given
    (found,) = given.values() if isinstance(given, dict) else given
    return found


def network():
    """Convolutions that fold their normalization, half of whose kernels is exactly zero, one whole channel too."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6()),
        *(nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        *(nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 10)),
    )
    with torch.no_grad():
        for module in net:
            if isinstance(module, nn.BatchNorm2d):
                # Not the initial ones and zeros: exporters store equal tensors once.
                for values in (module.weight, module.bias, module.running_mean, module.running_var):
                    values.uniform_(0.5, 1.5)
            elif hasattr(module, "weight"):
                flat = module.weight.view(-1)
                flat *= 3
                flat[torch.randperm(len(flat))[: len(flat) // 2]] = 0
        net[6].weight[0] = 0
    return net.eval()


def build(name: str, folder: Path) -> None:
    import torch

    load_catalog()
    runtime = runtimes.get(name)
    exporter = exporters.find("torch", runtime.interchanges)
    choice = choice_of(RuntimeName(runtime=name), runtime)
    run_side = importlib.import_module(f"harness.runtimes.{name}.run_side")

    net = network()
    inputs = np.random.default_rng(0).standard_normal((SAMPLES, *SHAPE)).astype(np.float32)
    source = folder / f"source.{exporter.format}"
    exporter.export(net, SIGNATURE, {"image": inputs[:2]}, source)
    with torch.no_grad():
        outputs = {"reference": net(torch.from_numpy(inputs)).numpy()}
    for precision_name, precision in PRECISIONS.items():
        if runtime.refusal("torch", precision, choice):
            continue
        place = folder / precision_name
        place.mkdir()
        main = runtime.lower(source, lowering(precision, inputs), place).main
        options = {**choice.options, **NAMES, "threads": 1, "provider": choice.provider.name}
        outputs[precision_name] = predicted(run_side.open_session(str(main), options), inputs)
    np.savez(folder / "outputs.npz", **outputs)
    kernels = [p for p in net.parameters() if p.ndim >= 2]
    normalized = [m for m in net if isinstance(m, torch.nn.BatchNorm2d)]
    facts = {
        "parameters": sum(p.numel() for p in net.parameters()),
        # Folded, scale and shift of each channel are one bias.
        "folded": sum(p.numel() for p in net.parameters()) - sum(m.num_features for m in normalized),
        "kernels": sum(p.numel() for p in kernels),
        "zeros": sum(int((p == 0).sum()) for p in kernels),
    }
    (folder / "facts.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    build(sys.argv[1], Path(sys.argv[2]))
