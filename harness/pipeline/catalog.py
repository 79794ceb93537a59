"""Everything that ships, registered by one call; no engine is imported."""

from __future__ import annotations

from importlib import import_module

SHIPPED = (
    "harness.zoo.task_metrics",
    "harness.zoo.digits",
    "harness.zoo.fashion_mnist",
    "harness.zoo.models",
    "harness.zoo.fashion_architectures",
    "harness.zoo.random_images",
    "harness.zoo.torchvision_models",
    "harness.recipes.quantization",
    "harness.recipes.qat",
    "harness.recipes.pruning",
    "harness.recipes.channel_pruning",
    "harness.recipes.distillation",
    "harness.recipes.low_rank",
    "harness.recipes.clustering",
    "harness.recipes.finetuning",
    "harness.frameworks.torch",
    "harness.frameworks.keras",
    "harness.exporters.torch_to_pt2",
    "harness.exporters.torch_to_onnx",
    "harness.exporters.torch_to_tflite",
    "harness.exporters.keras_to_savedmodel",
    "harness.exporters.keras_to_onnx",
    "harness.runtimes.torch.runtime",
    "harness.runtimes.torch_inductor.runtime",
    "harness.runtimes.onnxruntime.runtime",
    "harness.runtimes.litert.runtime",
    "harness.runtimes.executorch.runtime",
    "harness.runtimes.tensorflow.runtime",
    "harness.runtimes.openvino.runtime",
    "harness.runtimes.tensorrt.runtime",
    "harness.targets.registry",
    "harness.meters.shipped",
)


def load_catalog() -> None:
    """Fill the registries with what ships; safe to call again."""
    for module in SHIPPED:
        import_module(module)
