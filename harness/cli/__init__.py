"""The console script ``edge-harness``."""

from harness.cli.main import main

__all__ = ["main"]
