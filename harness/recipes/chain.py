"""The recipe grammar: ``a+b`` runs step a, then step b."""

from __future__ import annotations

from itertools import pairwise

from harness.core.names import REFERENCE_RECIPE
from harness.core.recipe import Recipe
from harness.errors import InvalidRecipe
from harness.recipes.registry import steps


def parse_recipe(text: str) -> Recipe:
    """The recipe that *text* names.

    Raises:
        InvalidRecipe: the chain is empty, repeats a step, or its order can't be run.
        UnknownName: a step does not exist; near matches are offered.
    """
    names = text.split("+")
    if not all(names):
        raise InvalidRecipe(f"recipe {text!r}: an empty step. Write step names joined by '+', such as 'int8_static'.")
    if len(set(names)) != len(names):
        raise InvalidRecipe(f"recipe {text!r} runs a step twice.")
    chain = tuple(steps.get(name) for name in names)
    if len(chain) > 1 and any(step.name == REFERENCE_RECIPE for step in chain):
        raise InvalidRecipe(f"recipe {text!r}: {REFERENCE_RECIPE!r} is the uncompressed reference and stands alone.")
    for earlier, later in pairwise(chain):
        if earlier.precision is not None:
            raise InvalidRecipe(
                f"recipe {text!r}: {later.name!r} can't follow {earlier.name!r}, which lowers the model for a runtime; "
                f"a step that names a number format comes last, and only one can."
            )
    return Recipe(name=text, steps=chain)
