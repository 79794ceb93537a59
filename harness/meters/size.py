"""Size: bytes on disk, of weights, to download; and what the audit of an artifact's content finds."""

from __future__ import annotations

from harness.core.artifact import Artifact
from harness.core.measurement import Measurement


def size_measurements(artifact: Artifact, reference: Artifact | None) -> list[Measurement]:
    """Exact figures of *artifact*, and their ratios to the *reference* artifact's when there is one.

    What can't be read, on either side, gives no figure; a missing figure is an error where it is gated.
    """
    weights = artifact.weights
    bytes_ = {
        "size_bytes": artifact.size_bytes,
        "weights_bytes": weights.total_bytes,
        "rest_bytes": artifact.size_bytes - weights.total_bytes,
        "gzip_bytes": artifact.gzip_bytes,
        "zstd_bytes": artifact.zstd_bytes,
    }
    counts = {"parameters_count": weights.parameters or None, "macs_count": artifact.macs}
    shares = {
        "int8_share_fraction": weights.share("int8", "uint8"),
        "fp16_share_fraction": weights.share("float16", "bfloat16"),
        "sparsity_fraction": weights.sparsity,
    }
    found = [Measurement(name=name, value=value, unit="bytes") for name, value in bytes_.items()]
    found += [Measurement(name=name, value=value, unit="count") for name, value in counts.items() if value is not None]
    found += [
        Measurement(name=name, value=value, unit="fraction") for name, value in shares.items() if value is not None
    ]
    if reference is not None:
        pairs = {
            "size_ratio": (artifact.size_bytes, reference.size_bytes),
            "weights_ratio": (weights.total_bytes, reference.weights.total_bytes),
            "gzip_ratio": (artifact.gzip_bytes, reference.gzip_bytes),
            "zstd_ratio": (artifact.zstd_bytes, reference.zstd_bytes),
            "parameters_ratio": (weights.parameters, reference.weights.parameters),
            "macs_ratio": (artifact.macs or 0, reference.macs or 0),
        }
        found += [Measurement(name=k, value=a / b, unit="ratio") for k, (a, b) in pairs.items() if a > 0 and b > 0]
    return found
