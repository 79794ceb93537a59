"""Whether what somebody registers has the members that its contract names."""

from __future__ import annotations

import inspect
from typing import Any

from harness.errors import ContractError

_ABSENT = object()


def check_contract(entry: Any, contract: type) -> None:
    """Check that *entry* has every member of the protocol *contract*, and that its methods can be called as theirs are.

    Properties are looked up and not computed.

    Raises:
        ContractError: naming everything that is missing, can't be called, or takes other arguments.
    """
    wrong = [
        sentence for name, member in _members(contract).items() if (sentence := _what_is_wrong(entry, name, member))
    ]
    if wrong:
        name = getattr(entry, "name", type(entry).__name__)
        source = getattr(entry, "source", type(entry).__module__)
        raise ContractError(
            f"{contract.__name__.lower()} {name!r} ({source}) does not keep its contract: {'; '.join(wrong)}. "
            f"The contract is {contract.__module__}.{contract.__name__}."
        )


def _members(contract: type) -> dict[str, Any]:
    """The protocol's members by name: a function for a method, anything else for what is only read."""
    members: dict[str, Any] = {}
    for part in reversed([part for part in contract.__mro__ if getattr(part, "_is_protocol", False)]):
        members |= dict.fromkeys(inspect.get_annotations(part))
        members |= {name: value for name, value in vars(part).items() if callable(value) or isinstance(value, property)}
    return {name: member for name, member in members.items() if not name.startswith("_")}


def _what_is_wrong(entry: Any, name: str, member: Any) -> str:
    """What *entry*'s member *name* lacks of the protocol's *member*; empty when nothing."""
    value = inspect.getattr_static(entry, name, _ABSENT)
    if value is _ABSENT and not hasattr(entry, name):  # a delegate answers by __getattr__
        return f"it has no {name!r}"
    if not inspect.isfunction(member):
        return ""
    method = getattr(entry, name)
    if not callable(method):
        return f"{name!r} is {type(method).__name__}, not a method"
    names = list(inspect.signature(member).parameters)[1:]
    try:
        inspect.signature(method).bind(*names)
    except TypeError:
        return f"{name!r} takes {inspect.signature(method)}, it is called with ({', '.join(names)})"
    except ValueError:
        pass  # no signature to be had, as of a builtin
    return ""
