"""Which source files decide what a registered thing does, and one hash over them all.

The closure of a file is the file itself and every module that it imports, also inside functions, whose code is not
installed: this package, and the user's own files. Installed distributions count by their versions elsewhere.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import sys
import sysconfig
import threading
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from harness.core.source import Source

PACKAGE = Path(__file__).resolve().parents[1]
NO_PART_OF_ARTIFACTS = {
    "harness": "names only",
    "harness.cli": "commands",
    "harness.core.contracts": "types only",
    "harness.core.figure": "names of figures",
    "harness.core.finding": "judgements",
    "harness.core.limits": "what is demanded",
    "harness.core.measurement": "figures",
    "harness.core.metric": "what is demanded",
    "harness.core.contract_check": "what a user is told",
    "harness.core.source": "where things were defined",
    "harness.core.step_family": "names of steps",
    "harness.errors": "what a user is told",
    "harness.extending": "names only",
    "harness.pipeline.blame": "words for what went wrong",
    "harness.pipeline.messages": "how processes talk",
    "harness.judge": "decides after everything was built",
    "harness.meters": "measures what was built",
    "harness.pytest_plugin": "decides which cells there are",
    "harness.recipes.steps": "hands over what others define",
    "harness.registering": "hands over what others define",
    "harness.reporting": "reports",
    "harness.suite": "decides which cells there are",
    "harness.targets": "runs artifacts",
    "harness.worker": "runs artifacts",
}
"""Modules and rooms of this package that can't change an artifact, with the reason; closures stop before them."""
_PARSING = threading.RLock()
"""Python 3.11 counts the depth of a syntax tree for all threads together: two that parse at one time raise SystemError."""
REGISTRIES = ("registry", "registries")
"""Last words of modules that only hold what others registered, which counts by itself."""


def source_hash(source: Source) -> str:
    """SHA-256 over the closure of the file that *source* names; the module's name where there is no file.

    Comments, docstrings and layout don't count. Files are read once until ``forget_sources``.
    """
    return file_hash(Path(source.path)) if source.path else source.module


@functools.cache
def file_hash(path: Path) -> str:
    """SHA-256 over the closure of the file *path*, whatever folder it lies in."""
    digest = hashlib.sha256()
    with _PARSING:
        for code in sorted(_code_hash(file) for file in closure(path)):
            digest.update(code.encode())
    return digest.hexdigest()


def module_hash(name: str) -> str:
    """``file_hash`` of the module *name* of this package."""
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return file_hash(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))


@functools.cache
def closure(path: Path) -> frozenset[Path]:
    """*path* and all files of code that it imports, directly or not, outside of installed distributions."""
    closed: set[Path] = set()
    open_files = [path.resolve()]
    while open_files:
        file = open_files.pop()
        if file not in closed:
            closed.add(file)
            open_files.extend(_imported_files(file))
    return frozenset(closed)


def forget_sources() -> None:
    """Read files anew from now on: some may have been edited."""
    for cached in (file_hash, closure, _imported_files, _code_hash, _top_level):
        cached.cache_clear()


@functools.cache
def _code_hash(path: Path) -> str:
    """Hash of what *path* does: of its syntax tree without docstrings, or of its bytes where it is no Python source."""
    content = path.read_bytes()
    try:
        tree = ast.parse(content) if path.suffix == ".py" else None
    except (SyntaxError, ValueError):
        tree = None
    if tree is not None:
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                node.body = [one for one in node.body if not _is_text(one)]
        content = ast.dump(tree).encode()
    return hashlib.sha256(content).hexdigest()


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


@functools.cache
def _imported_files(path: Path) -> tuple[Path, ...]:
    """The files outside of installed distributions that *path* imports by itself."""
    if path.suffix != ".py":
        return ()
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return ()
    files: list[Path] = []
    for name in _imported_names(tree, path):
        files.extend(_files_of(name, path))
    return tuple(dict.fromkeys(files))


def _imported_names(tree: ast.AST, path: Path) -> Iterator[str]:
    """Absolute dotted names that the module imports; ``from a import b`` gives ``a.b``, whatever *b* is.

    A relative import begins with the importing file's folder, written as its path.
    """
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            folder = path.parents[node.level - 1]
            stem = f"{folder}/:{node.module}." if node.module else f"{folder}/:"
            yield from (f"{stem}{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            yield from (str(one.value) for one in node.args[:1] if isinstance(one, ast.Constant))


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker reads."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _files_of(name: str, importer: Path) -> list[Path]:
    """The files that importing *name* reads, packages' ``__init__`` included; empty for installed distributions."""
    if "/:" in name:
        folder, _, rest = name.partition("/:")
        return _walk([Path(folder)], rest.split(".")) + _existing(Path(folder) / "__init__.py")
    if name.partition(".")[0] == PACKAGE.name:
        parts = name.split(".")[1:]
        if any(".".join([PACKAGE.name, *parts[:count]]) in NO_PART_OF_ARTIFACTS for count in range(1, len(parts) + 1)):
            return []
        return [file for file in _walk([PACKAGE], parts) if file.stem not in REGISTRIES]
    top, *below = name.split(".")
    # A script or a conftest.py finds its neighbours, whatever sys.path is when the hash is made.
    beside_importer = _walk([importer.parent], [top, *below])
    if beside_importer:
        return beside_importer
    own_file, folders = _top_level(top)
    return ([own_file] if own_file is not None else []) + _walk(list(folders), below)


@functools.cache
def _top_level(name: str) -> tuple[Path | None, tuple[Path, ...]]:
    """File and folders of the top-level module *name*; nothing when it is built in, installed or not there."""
    try:
        spec = PathFinder.find_spec(name) or importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):  # a module without a spec, such as __main__
        spec = None
    if spec is None:
        return None, ()
    file = Path(spec.origin).resolve() if spec.origin and Path(spec.origin).is_file() else None
    folders = tuple(Path(folder).resolve() for folder in spec.submodule_search_locations or ())
    if any(_is_installed(place) for place in (file, *folders) if place is not None):
        return None, ()
    return file, folders


def _is_installed(path: Path) -> bool:
    """Whether *path* belongs to Python or to an installed distribution."""
    if "site-packages" in path.parts or "dist-packages" in path.parts:
        return True
    library = {Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib")}
    return any(path.is_relative_to(folder) for folder in library) or str(path).startswith(f"{sys.base_prefix}/lib/")


def _walk(folders: list[Path], names: list[str]) -> list[Path]:
    """Files of the modules ``names[0]``, ``names[0].names[1]`` ... below *folders*, as far as they are modules."""
    files: list[Path] = []
    for name in names:
        module = next((folder / f"{name}.py" for folder in folders if (folder / f"{name}.py").is_file()), None)
        package = next((folder / name for folder in folders if (folder / name).is_dir()), None)
        if package is not None and (package / "__init__.py").is_file():
            files.append((package / "__init__.py").resolve())
            folders = [package]
        elif module is not None:
            return [*files, module.resolve()]
        elif package is not None and any(package.glob("*.py")):  # a namespace package
            folders = [package]
        else:
            compiled = [file for folder in folders for file in folder.glob(f"{name}.*so")]
            return files + [file.resolve() for file in compiled]
    return files


def _existing(path: Path) -> list[Path]:
    return [path.resolve()] if path.is_file() else []
