"""The registry of targets."""

from __future__ import annotations

from harness.core.contracts import Target
from harness.core.registry import Registry
from harness.targets.local import Local

targets: Registry[Target] = Registry("target", "Only this machine, 'local', is known so far.")
targets.add(Local())
