"""In a child process: an artifact that somebody else made, taken into the cache as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.core.adaptation import Adaptations, adapted_inputs, adapted_outputs
from harness.core.artifact import Provenance
from harness.core.contracts import ReadingRuntime
from harness.core.given import GivenFile
from harness.core.signature import Signature
from harness.errors import ContractError
from harness.store.model_files import copy_files, files_sha256


def copy_given(
    given: GivenFile, runtime: ReadingRuntime, signature: Signature, folder: Path
) -> tuple[Path, Adaptations]:
    """Copy the files of *given* into *folder*; returns the main one, and how the model's tensors become its.

    Raises:
        ContractError: it is no artifact of *runtime*, or its tensors are not the model's as was declared.
    """
    main = copy_files(given.file, folder)
    tensors = runtime.tensors(main)
    try:
        return main, Adaptations(
            inputs=adapted_inputs(signature, tensors.inputs, given.inputs),
            outputs=adapted_outputs(signature, tensors.outputs, given.outputs),
        )
    except ContractError as err:
        raise ContractError(f"{given.file}: {err}") from err


def provenance_of(given: GivenFile, base: Provenance, adaptations: Adaptations) -> Provenance:
    """How the artifact came to be: *base*, which holds for all of the model, and the file that it is, made of weights that nobody knows."""
    return replace(
        base,
        weights_sha256="",
        recipe=given.recipe,
        runtime=given.runtime,
        adaptations=adaptations,
        file_sha256=files_sha256(given.file),
    )
