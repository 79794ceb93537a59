"""Which providers, options and precisions a runtime takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.core.names import RuntimeName
from harness.core.recipe import Precision


def refused_name(runtime: RuntimeName, providers: Sequence[str], options: Sequence[str] = ("threads",)) -> str:
    """Why *runtime* names something its engine does not take; empty when all is known.

    An empty provider is the engine's CPU kernels.
    """
    if runtime.provider and runtime.provider not in providers:
        known = ", ".join(providers) or "only the default"
        return f"{runtime.engine} has no provider {runtime.provider!r} here (known: {known})"
    unknown = [name for name, _ in runtime.options if name not in options]
    if unknown:
        return f"{runtime.engine} takes no option {unknown[0]!r} (known: {', '.join(options)})"
    threads = dict(runtime.options).get("threads", "1")
    if not threads.isdigit() or int(threads) < 1:
        return f"threads={threads} is not a positive number"
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
