"""Names and the cell: model x recipe x runtime x target, and its id."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.errors import InvalidName

REFERENCE_RECIPE = "fp32"
"""The recipe whose artifact is the reference for size, latency and memory on the same runtime."""

LOCAL = "local"
"""The target that is this machine; artifacts are built on it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_RUNTIME = re.compile(
    r"(?P<runtime>[a-z][a-z0-9_]*)(?::(?P<provider>[a-z][a-z0-9_]*))?(?P<options>(?:,[a-z][a-z0-9_]*=[A-Za-z0-9_.-]+)*)"
)


def checked_name(kind: str, name: object) -> str:
    """Return *name* when it can stand in a cell's id.

    Raises:
        InvalidName: it is empty or holds anything but letters, digits, ``_``, ``.`` and ``-``.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_.-") if isinstance(name, str) else ""
    hint = f"; {slug!r} would do" if slug else ""
    raise InvalidName(
        f"{kind} name {name!r} can't stand in a cell's id: use letters, digits, '_', '.' and '-' and begin with a letter or digit{hint}."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeName:
    """A runtime as a suite names it: ``runtime[:provider][,option=value...]``, such as ``onnxruntime:cuda,threads=2``."""

    runtime: str
    provider: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """Engine options, sorted by name; they are part of the cell."""

    @classmethod
    def parse(cls, text: str) -> RuntimeName:
        """Read a runtime name.

        Raises:
            InvalidName: the text does not follow the grammar, or names an option twice.
        """
        match = _RUNTIME.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InvalidName(
                f"runtime name {text!r} is not of the form runtime[:provider][,option=value]; for example 'onnxruntime' or 'onnxruntime,threads=2'."
            )
        pairs = [part.split("=", 1) for part in match["options"].split(",") if part]
        options = dict(pairs)
        if len(options) != len(pairs):
            raise InvalidName(f"runtime name {text!r} sets an option twice.")
        return cls(runtime=match["runtime"], provider=match["provider"] or "", options=tuple(sorted(options.items())))

    def __str__(self) -> str:
        provider = f":{self.provider}" if self.provider else ""
        return self.runtime + provider + "".join(f",{key}={value}" for key, value in self.options)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cell:
    """Model x recipe x runtime x target; its id is the pytest id, the baseline key and the report row."""

    model: str
    recipe: str
    runtime: str
    """Canonical text of a ``RuntimeName``."""
    target: str = LOCAL

    @property
    def id(self) -> str:
        return f"{self.model}/{self.recipe}/{self.runtime}/{self.target}"

    @property
    def is_reference(self) -> bool:
        return self.recipe == REFERENCE_RECIPE

    @property
    def reference(self) -> Cell:
        """The cell whose artifact this cell's size, latency and memory are divided by."""
        return Cell(model=self.model, recipe=REFERENCE_RECIPE, runtime=self.runtime, target=self.target)
