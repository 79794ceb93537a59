"""Where a registered thing was defined, so that errors can say so and a build process can repeat the registration."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The module and file of a registered function or class."""

    module: str
    path: str
    line: int

    @classmethod
    def of(cls, defined: Callable[..., Any] | type) -> Source:
        """Where *defined* was written; the path is empty when Python does not know (an interactive session)."""
        try:
            path = inspect.getsourcefile(defined) or ""
            line = inspect.getsourcelines(defined)[1] if path else 0
        except (OSError, TypeError):
            path, line = "", 0
        return cls(module=defined.__module__, path=path, line=line)

    @classmethod
    def of_caller(cls, above: int = 1) -> Source:
        """Where the function that asks was called; *above* counts further callers."""
        frame = sys._getframe(1 + above)
        path = frame.f_code.co_filename
        if path.startswith("<"):  # an interactive session has no file
            path = ""
        return cls(module=str(frame.f_globals["__name__"]), path=path, line=frame.f_lineno)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.path else self.module
