"""The recipe grammar: ``a+b`` runs step a, then step b."""

from __future__ import annotations

from itertools import pairwise

from harness.core.names import REFERENCE_RECIPE
from harness.core.recipe import Recipe
from harness.errors import InvalidRecipe
from harness.registries import steps


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
    chain = tuple(steps.step(name) for name in names)
    if len(chain) > 1 and any(step.name == REFERENCE_RECIPE for step in chain):
        raise InvalidRecipe(f"recipe {text!r}: {REFERENCE_RECIPE!r} is the uncompressed reference and stands alone.")
    given = next((step for step in chain if step.claims), None)
    if given is not None and len(chain) > 1:
        raise InvalidRecipe(f"recipe {text!r}: {given.name!r} is a file that somebody else made and stands alone.")
    for earlier, later in pairwise(chain):
        if earlier.precision is not None:
            raise InvalidRecipe(
                f"recipe {text!r}: {later.name!r} can't follow {earlier.name!r}, which lowers the model for a runtime; "
                f"a step that names a number format comes last, and only one can."
            )
    for place, one in enumerate(chain):
        if one.replaces and place:
            raise InvalidRecipe(
                f"recipe {text!r}: {one.name!r} makes a new model and throws away what {chain[place - 1].name!r} did; put it first."
            )
        for earlier in chain[:place]:
            undone = sorted(earlier.leaves & one.undoes)
            if undone:
                does = "trains the weights" if one.trains else "makes new weights"
                remedy = f"put {earlier.name!r} after it" if one.precision is None else "the two exclude each other"
                raise InvalidRecipe(
                    f"recipe {text!r}: {one.name!r} {does}, which undoes the {' and '.join(undone)} of "
                    f"{earlier.name!r}; {remedy}."
                )
    return Recipe(name=text, steps=chain)


def control_of(text: str) -> str:
    """The recipe that lacks what the last step with a control is about; empty when no step has one."""
    chain = parse_recipe(text).steps
    for place in range(len(chain) - 1, -1, -1):
        if chain[place].control:
            names = [step.name for step in chain]
            names[place] = chain[place].control
            return parse_recipe("+".join(names)).name
    return ""
