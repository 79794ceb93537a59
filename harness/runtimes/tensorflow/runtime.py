"""TensorFlow: what it can do, and how its artifacts are made."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from harness.core.engine_facts import EngineFacts
from harness.core.lowering import Lowered, Lowering
from harness.core.offer import CUDA, Choice, Option, Provider
from harness.core.recipe import Precision
from harness.core.source import Source
from harness.core.weights import WeightTensor
from harness.registering import runtime
from harness.runtimes.options import refused_precision
from harness.runtimes.tensorflow.reading import read_tensors

_NO_QUANTIZER = "TensorFlow has no quantizer for a SavedModel after training outside of TFLite"
BECAUSE = {
    "fp16": "half precision is a dtype policy that a model is built with, a SavedModel can't be brought to it",
    **dict.fromkeys(("int8_dynamic", "int8_weight_only", "int8_static"), _NO_QUANTIZER),
}


@runtime
class TensorFlow:
    """SavedModels as they are exported, run by their concrete function."""

    name = "tensorflow"
    source: Source
    interchanges = ("savedmodel",)
    providers = (Provider(name="cpu"), Provider(name="cuda", device=CUDA))
    options: tuple[Option, ...] = ()
    build_packages = ("tensorflow",)
    run_packages = ("tensorflow", "numpy")
    run_side = Path(__file__).with_name("run_side.py")
    facts = EngineFacts(
        versions={"tensorflow": "2.21"}, modules=("tensorflow", "keras", "jax", "pandas", "scipy"), idle_mb=900
    )

    def refusal(self, framework: str, precision: Precision, choice: Choice) -> str:
        """Why it can't do this; empty when it can."""
        return refused_precision("tensorflow", precision, ("fp32",), ranges=(), because=BECAUSE)

    def lower(self, source: Path, wanted: Lowering, folder: Path) -> Lowered:
        """Copy the SavedModel that *source* is the main file of."""
        place = folder / "model.savedmodel"
        shutil.copytree(source.parent, place)
        return Lowered(main=place / source.name)

    def weights(self, artifact: Path) -> Iterable[WeightTensor]:
        """All variables, read from the checkpoint beside *artifact*."""
        return read_tensors(artifact.parent)
