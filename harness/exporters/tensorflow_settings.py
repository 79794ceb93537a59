"""What all build sides that use TensorFlow agree on; its run side is sent as text and says the same by itself."""

from __future__ import annotations

import os

SIGNATURE = "serving_default"
"""The one signature that a SavedModel is exported with."""


def quiet_tensorflow() -> None:
    """Let TensorFlow print warnings and errors only, unless the user says otherwise; it reads this when it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
