"""In a child process: an artifact that somebody else made, taken into the cache as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.core.adaptation import Adaptations
from harness.core.artifact import Provenance
from harness.core.contracts import ReadingRuntime
from harness.core.file_tensors import FileTensors
from harness.core.given import GivenFile
from harness.core.pairing import adapted_inputs, adapted_outputs
from harness.core.signature import Signature
from harness.errors import ContractError
from harness.store.model_files import copy_files, files_sha256


def copy_given(
    given: GivenFile, runtime: ReadingRuntime, signature: Signature, folder: Path, sha256: str
) -> tuple[Path, Adaptations]:
    """Copy the files of *given* into *folder*; returns the main one, and how the model's tensors become its.

    *sha256* is what their hash was when the artifact got its key: another content under it would be found by later runs.

    Raises:
        ContractError: they were replaced, are no artifact of *runtime*, or their tensors are not the model's as was declared.
    """
    main = copy_files(given.file, folder)
    if files_sha256(main) != sha256:
        raise ContractError(f"{given.file} was replaced while it was measured: run again")
    tensors = _tensors(given, runtime, main)
    try:
        return main, Adaptations(
            inputs=adapted_inputs(signature, tensors.inputs, given.inputs),
            outputs=adapted_outputs(signature, tensors.outputs, given.outputs),
        )
    except ContractError as err:
        raise ContractError(f"{given.file}: {err}") from err


def _tensors(given: GivenFile, runtime: ReadingRuntime, main: Path) -> FileTensors:
    """What *main*, the copy of *given*, takes and gives; errors name the file as its owner knows it."""
    try:
        return runtime.tensors(main)
    except ContractError as err:
        said = str(err)
        own = said.replace(str(main), str(given.file)) if str(main) in said else f"{given.file}: {said}"
        raise ContractError(own) from err


def provenance_of(given: GivenFile, base: Provenance, adaptations: Adaptations, sha256: str) -> Provenance:
    """How the artifact came to be: *base*, which holds for all of the model, and the file that it is, of weights that nobody knows."""
    return replace(
        base,
        weights_sha256="",
        recipe=given.recipe,
        runtime=given.runtime,
        adaptations=adaptations,
        file_sha256=sha256,
    )
