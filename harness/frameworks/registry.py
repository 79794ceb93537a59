"""The registry of model frameworks."""

from __future__ import annotations

from harness.core.contracts import Framework
from harness.core.registry import Registry

frameworks: Registry[Framework] = Registry("model framework")
