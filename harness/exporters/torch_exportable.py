"""Which torch modules ``torch.export`` takes, and in plain words why it refuses one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import ContractError

_USER_CALL = re.compile(
    r'The following call raised this error:\s+File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>\w+)'
)
_DATA_DEPENDENT = "GuardOnDataDependentSymNode"


def exportable(model: Any) -> Any:
    """*model* in evaluation mode; of a module that ``torch.compile`` wrapped, the module inside: it computes the same."""
    return getattr(model, "_orig_mod", model).eval()


@contextmanager
def refusals_explained(model: Any) -> Iterator[None]:
    """Say what to return instead where ``torch.export`` refuses *model* inside the block.

    Raises:
        ContractError: *model* is a TorchScript module, or branches on the values of its inputs. Other errors pass as they are.
    """
    import torch

    try:
        yield
    except Exception as err:  # judged by its type's name: torch has no public name for it
        if isinstance(model, torch.jit.ScriptModule):
            raise ContractError(
                "torch.export takes no TorchScript: return the torch.nn.Module that was scripted or traced"
            ) from err
        sentence = explained(causes(err))
        if sentence:
            raise ContractError(sentence) from err
        raise


def causes(err: BaseException) -> list[tuple[str, str]]:
    """Type name and text of *err* and of what caused it, the last one first."""
    chain: list[tuple[str, str]] = []
    current: BaseException | None = err
    while current is not None:
        chain.append((type(current).__name__, str(current)))
        current = current.__cause__ or current.__context__
    return chain


def explained(errors: list[tuple[str, str]]) -> str:
    """One sentence for *errors*, pairs of type name and text, where the model's own code is the cause; else empty."""
    for name, text in errors:
        if name == _DATA_DEPENDENT:
            call = _USER_CALL.search(text)
            place = f" ({call['file']}:{call['line']}, in {call['name']})" if call else ""
            return (
                f"the model branches on the values of its inputs{place}, which an exported graph can't hold: "
                "compute both sides and choose with torch.where, or decide outside of the model"
            )
    return ""
