"""Size: bytes on disk, of weights, to download; and what the audit of an artifact's content finds."""

from __future__ import annotations

from harness.core import figures
from harness.core.artifact import Artifact
from harness.core.measurement import Measurement


def size_measurements(artifact: Artifact) -> list[Measurement]:
    """Exact figures of *artifact*.

    What can't be read gives no figure; a missing figure is an error where it is gated.
    """
    weights = artifact.weights
    values = {
        figures.SIZE: artifact.size_bytes,
        figures.WEIGHTS: weights.total_bytes,
        figures.REST: artifact.size_bytes - weights.total_bytes,
        figures.GZIP: artifact.gzip_bytes,
        figures.ZSTD: artifact.zstd_bytes,
        figures.PARAMETERS: weights.parameters or None,
        figures.MACS: artifact.provenance.macs,
        figures.INT8_SHARE: weights.share("int8", "uint8"),
        figures.FP16_SHARE: weights.share("float16", "bfloat16"),
        figures.FP32_SHARE: weights.share("float32"),
        figures.SPARSITY: weights.sparsity,
    }
    return [figure.measured(value) for figure, value in values.items() if value is not None]
