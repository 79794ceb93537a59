"""Models on Fashion-MNIST and of torchvision; importing this registers them all and imports no engine."""

from examples.zoo import fashion_architectures, fashion_mnist, models, random_images, torchvision_models

__all__ = ["fashion_architectures", "fashion_mnist", "models", "random_images", "torchvision_models"]
