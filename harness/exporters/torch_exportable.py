"""Which torch modules ``torch.export`` takes, and in plain words why it refuses one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from harness.core.signature import Signature
from harness.core.tensors import Array
from harness.errors import ContractError

LARGEST_BATCH = 4096
LARGEST_LENGTH = 4096
"""Of a free length, unless a sample is longer."""

_USER_CALL = re.compile(
    r'The following call raised this error:\s+File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>\w+)'
)
_DATA_DEPENDENT = "GuardOnDataDependentSymNode"


def exportable(model: Any, signature: Signature, example: Mapping[str, Array]) -> Any:
    """*model* in evaluation mode, ready for ``torch.export``.

    Of a module that ``torch.compile`` wrapped it is the module inside: it computes the same. One that takes or gives
    several tensors is wrapped: it gives a tuple in the order of *signature*; so is one that gives its only tensor inside
    something else: it gives the tensor.
    """
    import torch

    inner = getattr(model, "_orig_mod", model).eval()
    if not signature.single:
        return _in_order(inner, signature)
    with torch.no_grad():
        given = inner(*arguments(example))
    return inner if isinstance(given, torch.Tensor) else _only(inner)


def arguments(batch: Mapping[str, Array]) -> tuple[Any, ...]:
    """The tensors that a module is called with, copies of *batch*, in the order of its inputs."""
    import torch

    return tuple(torch.from_numpy(np.array(values)) for values in batch.values())


def free_shapes(module: Any, signature: Signature, *, free_batch: bool) -> tuple[Any, ...] | None:
    """``dynamic_shapes`` of *module*: the free lengths of *signature*, and of the batch where it is free; None without any."""
    import torch

    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    lengths = {
        name: torch.export.Dim(identifier(name), min=1, max=max(LARGEST_LENGTH, signature.lengths[name][1]))
        for name in signature.free
    }
    shapes = tuple(
        {
            **({0: batch} if free_batch else {}),
            **{axis: lengths[name] for axis, name in enumerate(one.dimensions, 1) if isinstance(name, str)},
        }
        for one in signature.inputs
    )
    if not any(shapes):
        return None
    parameters = inspect.signature(module.forward).parameters.values()
    together = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters)
    return (shapes,) if together else shapes


def identifier(name: str) -> str:
    """*name* as a dimension may be called."""
    return re.sub(r"\W", "_", name)


def _only(inner: Any) -> Any:
    import torch

    class Only(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, taken: torch.Tensor) -> torch.Tensor:
            given = self.inner(taken)
            (only,) = given.values() if isinstance(given, Mapping) else torch.utils._pytree.tree_leaves(given)
            return only  # type: ignore[no-any-return]

    return Only().eval()


def _in_order(inner: Any, signature: Signature) -> Any:
    import torch

    class InOrder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
            given = self.inner(*inputs)
            if not isinstance(given, Mapping):
                return tuple(torch.utils._pytree.tree_leaves(given))
            return tuple(given.values()) if len(given) == 1 else tuple(given[name] for name in signature.outputs)

    return InOrder().eval()


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
