"""How Keras models are called with tensors by name, and what they give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.core.signature import Input, Signature
from harness.errors import ContractError


def as_called(model: Any, inputs: Mapping[str, Any]) -> Any:
    """What *model* is called with: one tensor, a dict where its inputs have these names, else a list in their order."""
    if len(inputs) == 1:
        return next(iter(inputs.values()))
    own = [one.name for one in getattr(model, "inputs", None) or []]
    return dict(inputs) if set(own) == set(inputs) else list(inputs.values())


def named_tensors(given: Any, signature: Signature) -> dict[str, Any]:
    """What a model gave, symbolic or not, by the names of *signature*.

    Raises:
        ContractError: it gave others, or another number of them.
    """
    if isinstance(given, Mapping) and len(given) == len(signature.outputs) > 1:
        found = {str(name): one for name, one in given.items()}
    else:
        import tensorflow as tf

        leaves = tf.nest.flatten(given)
        if len(leaves) != len(signature.outputs):
            raise ContractError(f"the model gives {len(leaves)} outputs, {len(signature.outputs)} are declared")
        found = dict(zip(signature.outputs, leaves, strict=True))
    if set(found) != set(signature.outputs):
        raise ContractError(f"the model gives outputs {sorted(found)}, {sorted(signature.outputs)} are declared")
    return {name: found[name] for name in signature.outputs}


def sizes(one: Input) -> list[int | None]:
    """The shape of one sample as TensorFlow writes it: None where it is free."""
    return [length if isinstance(length, int) else None for length in one.shape]
