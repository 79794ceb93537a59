"""In a child process: models that are files, and whether a file is still the one that was opened first."""

from __future__ import annotations

from harness.core.contracts import FileFramework
from harness.core.model import Model
from harness.core.signature import Signature
from harness.errors import ContractError
from harness.registries import frameworks
from harness.store.model_files import files_sha256


def file_sha256(model: Model) -> str:
    """SHA-256 of the file of *model* and of what belongs to it; empty of a model that a function makes.

    Raises:
        ContractError: the file is missing, not whole, or can't be read.
    """
    return files_sha256(model.file) if model.file is not None else ""


def signature_of(model: Model) -> Signature:
    """What *model* takes and gives, as it was declared or as its file says.

    Raises:
        ContractError: the file can't be opened, or names no usable tensors.
    """
    if model.signature is not None:
        return model.signature
    framework = frameworks.get(model.framework)
    assert isinstance(framework, FileFramework), "only such frameworks have models without a declared signature"
    opened = framework.open(model.file) if model.file is not None else framework.build(model.build, seed=0)
    try:
        return framework.signature(opened)
    except ContractError as err:
        raise ContractError(f"{model.file}: {err}") from err


def check_unchanged(model: Model, sha256: str) -> None:
    """Check that the file of *model* is still the one whose hash is *sha256*.

    Raises:
        ContractError: it is another one now, or can't be read any more.
    """
    if file_sha256(model) != sha256:
        raise ContractError(f"{model.file} was replaced while it was measured: run again")
