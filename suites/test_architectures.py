"""Lightweight architectures side by side: full-size ones by cost alone, narrow ones on Fashion-MNIST by accuracy too."""

import pytest

import harness
from examples.zoo.torchvision_models import architectures

pytestmark = pytest.mark.nightly

test_full_size = harness.suite(
    # "resnet18" where torchvision's pretrained weights lie on this machine, else "resnet18-random". Either way the images
    # are random: what accuracy the report shows means nothing, so that only costs are held.
    models=architectures(),
    recipes=["fp32", "int8_static"],
    runtimes=["onnxruntime", "litert"],
    budgets=[
        ("*", dict(size="report", size_ratio="0.30 x", parameters_ratio="1.02 x", macs_ratio="1 x")),
        ("*", dict(sqnr="report", latency="report", latency_ratio="report")),
        # Float weights take four bytes each, their graph up to 0.4 MB.
        ("vgg11*/fp32", dict(size="532 MB")),
        ("resnet18*/fp32", dict(size="47.2 MB")),
        ("mobilenet_v2*/fp32", dict(size="14.4 MB")),
        ("mobilenet_v3_small*/fp32", dict(size="10.6 MB")),
        ("mobilenet_v3_large*/fp32", dict(size="22.3 MB")),
        ("squeezenet1_1*/fp32", dict(size="5.3 MB")),
        ("shufflenet_v2_x1_0*/fp32", dict(size="9.5 MB")),
    ],
    baseline=False,  # the weights are the machine's
)
"""Sizes, operations and times of what torchvision offers for 224 x 224 photographs."""

test_narrow = harness.suite(
    models=[
        "fashion_cnn",
        "fashion_vgg",
        "fashion_resnet",
        "fashion_mobilenet",
        "fashion_mobilenet_v3",
        "fashion_squeezenet",
        "fashion_shufflenet",
    ],
    recipes=["fp32", "int8_static"],
    runtimes=["onnxruntime", "litert"],
    budgets=[
        ("*", dict(accuracy="90 %", accuracy_drop="1 pp", negative_flips="3 %")),
        ("*", dict(size="2 MB", size_ratio="0.50 x", parameters_ratio="1.02 x", macs_ratio="1 x")),
        ("*", dict(latency="report", latency_ratio="report")),
    ],
    baseline=False,
)
"""What the same ideas are worth at 28 x 28 and a few hundred thousand parameters, trained alike."""
