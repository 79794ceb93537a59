"""Size: bytes on disk, bytes of weights, bytes to download."""

from __future__ import annotations

from harness.core.artifact import Artifact
from harness.core.measurement import Measurement


def size_measurements(artifact: Artifact, reference: Artifact | None) -> list[Measurement]:
    """Exact sizes of *artifact*, and its ratios to the *reference* artifact when there is one."""
    figures = {
        "size_bytes": artifact.size_bytes,
        "weights_bytes": artifact.weights_bytes,
        "gzip_bytes": artifact.gzip_bytes,
    }
    found = [Measurement(name=name, value=value, unit="bytes") for name, value in figures.items()]
    if reference is not None:
        pairs = {
            "size_ratio": (artifact.size_bytes, reference.size_bytes),
            "weights_ratio": (artifact.weights_bytes, reference.weights_bytes),
            "gzip_ratio": (artifact.gzip_bytes, reference.gzip_bytes),
        }
        # Weights that can't be read, on either side, give no ratio; a missing figure is an error where it is gated.
        found += [Measurement(name=k, value=a / b, unit="ratio") for k, (a, b) in pairs.items() if a > 0 and b > 0]
    return found
