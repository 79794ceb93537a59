"""What an engine's run side defines: the contract of the Python files that are sent to workers as text.

They need no class of these names: functions and methods that fit are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from harness.core.tensors import Array


class RunSide(Protocol):
    """The functions of such a file, which imports numpy, the engine and the standard library alone."""

    NAMED_TENSORS: bool
    """True: inputs come by name, as written below. Left out: the session takes an array, of models with one input alone."""

    def versions(self) -> dict[str, str]:
        """Of the engine's distributions."""
        ...

    def open_session(self, path: str, options: dict[str, Any]) -> Session:
        """The artifact at *path*, ready to infer.

        *options* holds ``threads``, ``provider``, the cell's engine options, ``inputs`` and ``outputs``, the model's names of
        them in its order, and ``cache``, a folder for what an engine compiles.
        """
        ...

    def missing_device(self, provider: str) -> str:
        """Why *provider* can't run on this machine; empty when it can. Only for providers with ``asks_engine``."""
        ...


class Session(Protocol):
    """An open artifact."""

    def predict(self, batch: Mapping[str, Array]) -> Any:
        """Outputs for *batch*, each input (n, ...).

        A mapping by the model's names of them, a sequence in its order, or of one output an array; each (n, ...), and what
        stands for numbers of the float model as floats.
        """
        ...

    def prepare(self, sample: Mapping[str, Array]) -> Callable[[], Any]:
        """A callable without arguments that does one complete inference on *sample*, each input (1, ...)."""
        ...

    def describe(self) -> dict[str, Any]:
        """What the engine tells of the artifact, as plain values; asked for after the first inferences.

        ``provider`` is the kernel set in use; ``placement`` the model's operators by provider and name,
        ``{"xnnpack": {"CONV_2D": 5}, "cpu": {"SOFTMAX": 1}}``; ``figures`` numbers by name with the unit last, such as
        ``arena_bytes`` or ``compile_ns``. Whatever else is there is kept.
        """
        ...

    def close(self) -> None:
        """Give it back."""
        ...
