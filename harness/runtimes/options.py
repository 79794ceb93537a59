"""Which providers and options a runtime takes."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.names import RuntimeName


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
