"""Real processes that run a piece of Python with the package on their path."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import harness.errors

ROOT = Path(harness.errors.__file__).parents[1]


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that runs *code* with *arguments* in ``sys.argv[1:]``."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """What it printed, once it has ended well."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def kill_when(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    """Kill it with SIGKILL as soon as it *reached* its point."""
    deadline = time.monotonic() + 60
    while not reached():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -9
