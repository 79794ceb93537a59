"""Which provider and options hold for a cell, and which precisions a runtime takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.core.contracts import Runtime
from harness.core.names import RuntimeName
from harness.core.offer import CALLED, Choice
from harness.core.recipe import Precision

THREADS = "threads"


def refused_name(name: RuntimeName, runtime: Runtime) -> str:
    """Why *name* chooses something that *runtime* does not offer; empty when all is known."""
    providers = {one.name for one in runtime.providers}
    if name.provider and name.provider not in providers:
        return f"{name.runtime} has no provider {name.provider!r} (known: {', '.join(sorted(providers))})"
    offered = {one.name: one for one in runtime.options}
    for option, value in name.options:
        if option == THREADS:
            if not value.isdigit() or int(value) < 1:
                return f"threads={value} is not a positive number"
        elif option not in offered:
            known = ", ".join([THREADS, *sorted(offered)])
            return f"{name.runtime} takes no option {option!r} (known: {known})"
        elif value not in offered[option].values:
            return f"{name.runtime} knows no {option}={value} (known: {', '.join(offered[option].values)})"
    return ""


def choice_of(name: RuntimeName, runtime: Runtime) -> Choice:
    """What holds for a cell whose runtime is *name*, which is one that ``refused_name`` let through."""
    provider = next((one for one in runtime.providers if one.name == name.provider), runtime.providers[0])
    given = dict(name.options)
    options = {one.name: given.get(one.name, one.default) for one in runtime.options}
    deciding = {one.name: options[one.name] for one in runtime.options if one.builds}
    return Choice(
        provider=provider,
        options=options,
        built_with={**deciding, **({"provider": provider.name} if provider.builds else {})},
    )


def devices_to_build(choice: Choice, runtime: Runtime) -> dict[str, str]:
    """What must be there to build that way: devices by the option that asks for each, written as a cell has it."""
    return {
        f"{one.name}={value}": device
        for one in runtime.options
        for value, device in one.needs
        if value == choice.options[one.name]
    }


def missing_to_build(choice: Choice, runtime: Runtime, devices: Collection[str]) -> str:
    """Which device is not there that building needs; empty when nothing is missing."""
    for option, device in devices_to_build(choice, runtime).items():
        if device not in devices:
            name = option.partition("=")[0]
            others = next(one for one in runtime.options if one.name == name)
            known = ", ".join(value for value in others.values if value not in dict(others.needs))
            return f"no {CALLED.get(device, device)} to build {option} for; name another: {known}"
    return ""


def refused_precision(
    engine: str,
    precision: Precision,
    lowerings: Collection[str],
    ranges: Collection[str],
    because: Mapping[str, str] | None = None,
) -> str:
    """Why *engine* can't lower to *precision*; empty when it can.

    Args:
        engine: as messages call it.
        precision: what is asked for.
        lowerings: names of the precisions that it has.
        ranges: ways to find activations' ranges that it has, beside its own choice.
        because: the reason, by the name of what it lacks.
    """
    because = because or {}
    if precision.name not in lowerings:
        reason = because.get(precision.name, "")
        return f"{engine} has no lowering to {precision.name}{reason and f': {reason}'} (known: {', '.join(lowerings)})"
    wanted = str(precision.parameter("ranges", ""))
    if wanted and wanted not in ranges:
        reason = because.get(wanted, "")
        return f"{engine} has no {wanted} ranges for {precision.name}{reason and f': {reason}'} (known: {', '.join(ranges)})"
    return ""
