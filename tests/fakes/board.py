"""A second machine, played by another Python on this one: it has folders, hardware and packages of its own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.targets.remote import Remote

SITE = """
import os
import platform
import sys
from importlib import metadata

HIDDEN, MISSING = {hidden!r}, {missing!r}


def hide(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], (str, os.PathLike)):
        if os.path.abspath(arguments[0]).startswith(HIDDEN):
            raise FileNotFoundError(2, "not on this machine", os.fspath(arguments[0]))


def version(name, version_here=metadata.version):
    if name in MISSING:
        raise metadata.PackageNotFoundError(name)
    return version_here(name)


sys.addaudithook(hide)
metadata.version = version
platform.machine = lambda: "boardarch"
os.sched_getaffinity = lambda pid: set(range({cores}))
"""
"""Python reads it as it starts, in the agent and in its workers."""


class Board(Remote):
    """A target that can't see the files below *hidden* and lacks the distributions *missing*.

    Its files lie in *folder*: ``home`` is where it works, ``tmp`` its temporary folder, ``cache`` its cache.
    """

    def __init__(
        self, folder: Path, *, hidden: Path, missing: Sequence[str] = (), cores: int = 3, name: str = "board"
    ) -> None:
        for part in ("home", "tmp", "cache", "site"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        site = SITE.format(hidden=str(hidden), missing=tuple(missing), cores=cores)
        (folder / "site/sitecustomize.py").write_text(site, encoding="utf-8")
        variables = {"PYTHONPATH": "site", "TMPDIR": "tmp", "EDGE_HARNESS_CACHE": "cache"}
        environment = [f"{variable}={folder / part}" for variable, part in variables.items()]
        python = shlex.join(["env", *environment, sys.executable])
        super().__init__(name, f"popen//python={python}//chdir={folder / 'home'}")
