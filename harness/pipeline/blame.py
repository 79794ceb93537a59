"""What an exception in somebody's function says: the error, where it was raised, how one came there."""

from __future__ import annotations

import site
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.core.problem import CellProblem, Phase
from harness.errors import HarnessError

FRAMES = 4
"""Of a traceback, the innermost."""
_PACKAGE = Path(__file__).resolve().parents[1]


@contextmanager
def blaming(phase: Phase) -> Iterator[None]:
    """Turn an exception inside the block into ``error(phase)``; the whole traceback goes to the log.

    Raises:
        CellProblem: the block raised.
    """
    try:
        yield
    except CellProblem:
        raise
    except Exception as err:  # the boundary of a user's function: its cells get the reason
        traceback.print_exc()
        raise CellProblem.error(phase, described(err)) from err


def described(err: Exception) -> str:
    """The error of *err* in words: an error of ours as it is, any other with file and line of the user's code.

    Where no line of the user's code took part, only type and message are known to mean something.
    """
    if isinstance(err, HarnessError):
        return str(err)
    said = f"{type(err).__name__}: {err}"
    frames = traceback.extract_tb(err.__traceback__)
    theirs = [index for index, frame in enumerate(frames) if _is_users(frame.filename)]
    if not theirs:
        return said
    nearest = frames[theirs[-1]]
    tail = [f"    {_place(frame)}: {frame.line}" for frame in frames[theirs[0] :][-FRAMES:]]
    return "\n".join([f"{said} at {_place(nearest)}; the traceback ends:", *tail])


def _place(frame: traceback.FrameSummary) -> str:
    return f"{frame.filename}:{frame.lineno} in {frame.name}"


def _is_users(filename: str) -> bool:
    """Whether *filename* is neither of this package nor installed."""
    if filename.startswith("<"):
        return False
    path = Path(filename).resolve()
    return not any(path.is_relative_to(folder) for folder in _installed_folders())


def _installed_folders() -> list[Path]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = [sysconfig.get_path(name) for name in names] + site.getsitepackages() + [site.getusersitepackages()]
    return [_PACKAGE, *(Path(folder).resolve() for folder in folders)]
