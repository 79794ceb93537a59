"""Folders that a slow process fills once for all test files, xdist's processes and later runs.

They lie in pytest's cache folder by everything that can decide their content: all code of the package, the program that
fills them with its arguments, and every installed distribution. So no edit meets an old one.
"""

import functools
import hashlib
import shutil
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import harness.errors

ROOT = Path(__file__).parents[2]
PACKAGE = Path(harness.errors.__file__).parent
STALE_SECONDS = 24 * 3600
WHOLE = ".whole"
"""The file that is written last."""


@functools.cache
def surroundings():
    """One hash over the package's code, the programs beside this file, what they import and what is installed."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted([*PACKAGE.rglob("*.py"), *Path(__file__).parent.glob("*.py"), ROOT / "tests/fakes/named.py"]):
        digest.update(path.name.encode() + path.read_bytes())
    for line in sorted(f"{one.name} {one.version}" for one in metadata.distributions()):
        digest.update(line.encode())
    return digest.hexdigest()


def filled(root, name, command):
    """A folder below *root* that ``python *command* FOLDER`` filled, now or earlier; read it only.

    Args:
        root: where such folders are kept.
        name: what a folder of this kind is called; old ones of it are removed.
        command: arguments of the interpreter; the folder's path is put behind them.
    """
    from filelock import FileLock

    key = hashlib.sha256(f"{surroundings()} {name} {command}".encode()).hexdigest()[:16]
    folder = root / f"{name}-{key}"
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(str(root / f"{name}.lock")):
        if not (folder / WHOLE).exists():
            _remove_old(root, name)
            shutil.rmtree(folder, ignore_errors=True)  # a process was killed while it filled it
            folder.mkdir()
            run(*command, str(folder))  # in place: a path that got into an artifact is then this one
            (folder / WHOLE).touch()
    return folder


def _remove_old(root, name):
    for path in root.glob(f"{name}-????????????????"):
        if time.time() - path.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def run(*arguments):
    """Run the interpreter with *arguments* in the repository's root; what it printed."""
    ended = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout
