"""Where projects written before ``@harness.runtime`` find the registry of runtimes."""

from harness.registries import runtimes

__all__ = ["runtimes"]
