"""Digits: a small CNN must survive compression on every runtime we ship."""

import harness

pytestmark = harness.matrix(
    models=["digits_cnn"],
    recipes=["fp32", "fp16", "int8_dynamic", "int8_static"],
    runtimes=["torch", "onnxruntime", "litert"],
    budgets=harness.budgets(
        ("*", dict(accuracy_drop="2 pp", size_ratio="1 x", latency_ratio="report", memory="300 MB")),
        ("*/fp16/*", dict(size_ratio="0.75 x")),
        ("*/int8_*/onnxruntime", dict(size_ratio="0.45 x")),
        ("*/int8_*/litert", dict(size_ratio="0.45 x")),
        ("*/int8_static/litert", dict(latency_ratio="1.25 x")),
    ),
)


@harness.gate("accuracy_drop")
def test_accuracy(case):
    case.check()


@harness.gate("size_ratio")
def test_size(case):
    case.check()


@harness.gate("memory")
def test_memory(case):
    case.check()


@harness.gate("latency_ratio")
def test_latency(case):
    case.check()
