"""Every import of the package: down the list of rooms only, in no circle, and no heavy library before it is needed.

``ROOMS`` says what ARCHITECTURE.md says; one test holds the two together. And tests lie where the name of their module says.
"""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import harness.errors

PACKAGE = Path(harness.errors.__file__).parent
ROOT = PACKAGE.parent

FACADE = "__init__"
ROOMS = (
    (FACADE,),  # the public names
    ("pytest_plugin", "cli", "suite", "extending"),
    ("pipeline",),
    ("reporting",),
    ("store", "meters", "runtimes", "recipes", "targets", "worker", "zoo", "frameworks", "task_metrics"),
    ("exporters", "learning"),
    ("formats",),  # files of models
    ("registering",),  # decorators
    ("file_models",),
    ("registries",),
    ("judge",),
    ("stats",),
    ("core",),
    ("errors",),
)
"""From top to bottom; what stands on one line does not import each other."""
LEVEL = {room: level for level, line in enumerate(ROOMS) for room in line}

LIGHT = {"_pytest", "filelock", "msgspec", "numpy", "platformdirs", "pluggy", "pytest", "zstandard"}
"""What of other distributions may be imported at the top of a file; all else is heavy and imported where it is used."""
SUBCLASSES_AT_THE_TOP = {"zoo/torch_models.py"}
"""Modules of classes derived from a library's; others import them inside functions only, which is tested as well."""
KNOW_PYTEST = {"pytest_plugin", "cli", "suite"}
SENT_BY_WORKER = ("program.py", "tensor_bytes.py", "file_cache.py")
"""What is sent to a worker as text, beside the run side."""
KNOWN_CYCLES: set[frozenset[str]] = set()
"""Modules that import each other, in a circle of any length; each is to go."""
BY_BEHAVIOUR = {"benchmarks", "contract", "docs", "examples", "fakes", "plugin", "runtimes"}
"""Folders of tests that go by what is promised, across modules; all others mirror a room, file by file."""
SELF = {"test_architecture.py", "test_architecture_sizes.py"}
KNOWN_STRAY_TESTS: set[str] = set()
"""Files in the other folders that are named after no module; each is to move."""


@dataclass(frozen=True)
class Import:
    """One imported module."""

    module: str
    line: int
    at_import: bool
    """Whether it happens when the file is imported: not inside a function, not for type checkers only."""

    @property
    def root(self) -> str:
        return self.module.split(".")[0]

    @property
    def heavy(self) -> bool:
        return self.root not in sys.stdlib_module_names and self.root not in LIGHT | {PACKAGE.name}


@functools.cache
def imports(path: Path, package: Path) -> list[Import]:
    """Every import in *path*, absolute names, also those inside functions, conditions and ``import_module("...")``."""
    here = [package.name, *path.relative_to(package).with_suffix("").parts]
    parent = here[:-1]
    found: list[Import] = []

    def visit(node: ast.AST, at_import: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, at_import) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parent[: len(parent) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            whole = origin == package.name  # "from harness import core": each name may be a room
            found.extend(
                Import(f"{origin}.{alias.name}" if whole else origin, node.lineno, at_import) for alias in node.names
            )
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            named = [one.value for one in node.args[:1] if isinstance(one, ast.Constant)]
            found.extend(Import(str(name), node.lineno, at_import) for name in named)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for statement in node.body:
                visit(statement, False)
            for statement in node.orelse:
                visit(statement, at_import)
            return
        inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            visit(child, at_import and not inside)

    visit(ast.parse(path.read_text(encoding="utf-8"), str(path)), True)
    return found


def files(package: Path) -> Iterator[tuple[str, Path]]:
    """Room and path of every file of *package*."""
    for path in sorted(package.rglob("*.py")):
        first = path.relative_to(package).parts[0]
        yield first.removesuffix(".py"), path


def room_of(module: str, package: str) -> str | None:
    """The room that *module* lies in; None outside the package."""
    root, _, rest = module.partition(".")
    if root != package:
        return None
    first = rest.split(".")[0]
    if first.startswith("__"):
        return None  # harness.__version__ belongs to no room
    return first if first in LEVEL else FACADE


def upward(package: Path) -> list[str]:
    """Every import that does not point down."""
    found = []
    for room, path in files(package):
        for one in imports(path, package):
            other = room_of(one.module, package.name)
            if other is None or other == room:
                continue
            if LEVEL[other] <= LEVEL[room]:
                where = path.relative_to(package).as_posix()
                found.append(f"{where}:{one.line}: {room} imports {one.module}")
    return found


@functools.cache
def modules(package: Path) -> dict[str, Path]:
    """Every module of *package* by its absolute name; a folder's own file goes by the folder's name."""
    named = {}
    for path in package.rglob("*.py"):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def imported_modules(path: Path, package: Path) -> set[str]:
    """The modules of *package* that *path* imports, at any time and for type checkers too.

    Of ``from harness.judge import limit`` that is the module ``limit``, where there is one, and else ``harness.judge``.
    """
    known = modules(package)
    here = [package.name, *path.relative_to(package).with_suffix("").parts]
    names = {one.module for one in imports(path, package)}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.ImportFrom):
            base = here[: -node.level] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            below = {f"{origin}.{alias.name}" for alias in node.names}
            if below <= known.keys():
                names.discard(origin)
            names |= below
    return names & known.keys()


def cycles(package: Path) -> set[frozenset[str]]:
    """The groups of modules, by path, that reach each other by imports."""
    known = modules(package)
    edges = {name: imported_modules(path, package) - {name} for name, path in known.items()}
    reached: dict[str, set[str]] = {}
    for start in edges:
        seen: set[str] = set()
        waiting = list(edges[start])
        while waiting:
            if (name := waiting.pop()) not in seen:
                seen.add(name)
                waiting.extend(edges[name])
        reached[start] = seen
    return {
        frozenset(known[other].relative_to(package).as_posix() for other in reached[name] if name in reached[other])
        for name in edges
        if name in reached[name]
    }


def stray_tests(tests: Path, package: Path) -> set[str]:
    """Test files that are not named ``test_MODULE.py`` or ``test_MODULE_ASPECT.py`` in the folder of MODULE's room."""
    strays = set()
    for path in tests.rglob("test_*.py"):
        place = path.relative_to(tests)
        if place.parts[0] in BY_BEHAVIOUR or place.name in SELF:
            continue
        room = package / place.parent
        names = {one.stem for one in room.glob("*.py")} | {one.name for one in room.glob("*") if one.is_dir()}
        subject = place.stem.removeprefix("test_")
        if not any(subject == name or subject.startswith(f"{name}_") for name in names):
            strays.add(place.as_posix())
    return strays


def heavy_at_import(package: Path) -> list[str]:
    """Every heavy library that is imported with its file, outside run sides."""
    return [
        f"{path.relative_to(package).as_posix()}:{one.line}: {one.module}"
        for _, path in files(package)
        if path.name != "run_side.py" and path.relative_to(package).as_posix() not in SUBCLASSES_AT_THE_TOP
        for one in imports(path, package)
        if one.heavy and one.at_import
    ]


def of_ours_in_workers(package: Path) -> list[str]:
    """Every import of the package in what is sent to a worker or a target as text."""
    sent = [
        *package.glob("runtimes/**/run_side.py"),
        *(path for name in SENT_BY_WORKER for path in package.glob(f"worker/{name}")),
        *package.glob("targets/agent/*.py"),
    ]
    return [
        f"{path.relative_to(package).as_posix()}:{one.line}: {one.module}"
        for path in sent
        for one in imports(path, package)
        if one.root == package.name
    ]


def test_every_room_has_its_place() -> None:
    held = {room for room, _ in files(PACKAGE)}

    assert held <= set(LEVEL), "a room that stands on no line of ROOMS and ARCHITECTURE.md"
    assert set(LEVEL) <= held, "a line without a room"


def test_architecture_md_names_the_same_rooms_in_the_same_order() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = [
        line for line in text.partition("## Rooms")[2].partition("\n## ")[0].splitlines() if line.startswith("| `")
    ]
    named = [tuple(re.findall(r"`([\w]+)(?:/|\.py)`", line.split("|")[1])) for line in table]

    assert [set(line) for line in named] == [set(line) - {"suite"} for line in ROOMS[1:]]
    assert "`suite.py`" in table[0], "suite.py is told with the ways in"


def test_imports_point_down() -> None:
    assert upward(PACKAGE) == []


def test_no_module_imports_itself_in_a_circle() -> None:
    found = cycles(PACKAGE)

    assert found - KNOWN_CYCLES == set()
    assert KNOWN_CYCLES - found == set(), "gone: take it off the list"


def test_tests_lie_where_the_name_of_their_module_says() -> None:
    found = stray_tests(ROOT / "tests", PACKAGE)

    assert found - KNOWN_STRAY_TESTS == set()
    assert KNOWN_STRAY_TESTS - found == set(), "named rightly, or gone: take it off the list"


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    assert heavy_at_import(PACKAGE) == []


@pytest.mark.parametrize("name", sorted(SUBCLASSES_AT_THE_TOP))
def test_modules_that_load_a_heavy_library_are_loaded_inside_functions(name: str) -> None:
    module = f"{PACKAGE.name}.{name.removesuffix('.py').replace('/', '.')}"
    users = [(path, one) for _, path in files(PACKAGE) for one in imports(path, PACKAGE) if one.module == module]

    assert users, "nobody needs this exception any more"
    assert [path.name for path, one in users if one.at_import] == []


def test_what_is_sent_to_a_worker_stands_alone() -> None:
    assert of_ours_in_workers(PACKAGE) == []
    assert list(PACKAGE.glob("runtimes/**/run_side.py")), "the pattern finds run sides"
    allowed = {*sys.stdlib_module_names, "numpy"}
    for name in SENT_BY_WORKER:
        assert {one.root for one in imports(PACKAGE / "worker" / name, PACKAGE)} <= allowed
    agent = {one.root for path in PACKAGE.glob("targets/agent/*.py") for one in imports(path, PACKAGE)}
    assert "subprocess" in agent
    assert agent <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("room", ["core", "errors"])
def test_the_lowest_rooms_need_numpy_at_most(room: str) -> None:
    allowed = {*sys.stdlib_module_names, "numpy", PACKAGE.name}
    found = {one.root for held, path in files(PACKAGE) if held == room for one in imports(path, PACKAGE)}

    assert found <= allowed


def test_only_the_ways_in_know_pytest() -> None:
    knowing = {
        room for room, path in files(PACKAGE) for one in imports(path, PACKAGE) if one.root in ("pytest", "_pytest")
    }

    assert knowing <= KNOW_PYTEST


def test_starting_pytest_loads_no_heavy_library() -> None:
    probe = (
        "import sys, harness, harness.pytest_plugin\n"
        "from harness.pipeline.catalog import load_catalog\n"
        "load_catalog()\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )

    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)

    loaded = set(done.stdout.split())
    assert "harness" in loaded
    heavy = {one.root for _, path in files(PACKAGE) for one in imports(path, PACKAGE) if one.heavy}
    assert {"torch", "onnxruntime", "ai_edge_litert", "scipy"} <= heavy
    assert loaded & heavy == set()


@pytest.mark.parametrize(
    ("path", "content", "caught"),
    [
        pytest.param("core/x.py", "import harness.judge.limit", "core imports harness.judge.limit", id="absolute"),
        pytest.param("core/x.py", "from harness.judge import limit", "core imports harness.judge", id="from"),
        pytest.param("core/x.py", "from harness.judge.limit import a as b", "core imports harness", id="renamed"),
        pytest.param("core/x.py", "from harness import judge", "core imports harness.judge", id="from the package"),
        pytest.param("core/x.py", "from harness import matrix", "core imports harness.matrix", id="from the facade"),
        pytest.param("core/x.py", "import harness", "core imports harness", id="the facade"),
        pytest.param("core/x.py", "from ..judge import limit", "core imports harness.judge", id="relative"),
        pytest.param("core/x.py", "from .. import judge", "core imports harness.judge", id="relative, the package"),
        pytest.param("core/a/x.py", "from ...judge import limit", "core imports harness.judge", id="relative, deeper"),
        pytest.param("errors.py", "from .core import names", "errors imports harness.core", id="from a file"),
        pytest.param("core/x.py", "def f():\n    import harness.judge", "core/x.py:2", id="inside a function"),
        pytest.param(
            "core/x.py", "class C:\n    def f(self):\n        from harness import cli", "core/x.py:3", id="method"
        ),
        pytest.param("core/x.py", "async def f():\n    import harness.judge", "core/x.py:2", id="inside async"),
        pytest.param("core/x.py", "try:\n    import harness.judge\nexcept E: ...", "core/x.py:2", id="inside try"),
        pytest.param("core/x.py", "if TYPE_CHECKING:\n    import harness.judge", "core/x.py:2", id="for types only"),
        pytest.param("core/x.py", "import os, harness.judge", "core imports harness.judge", id="second of a line"),
        pytest.param("core/x.py", "import_module('harness.judge')", "core imports harness.judge", id="by its name"),
        pytest.param("store/x.py", "import harness.zoo.digits", "store imports harness.zoo.digits", id="of one line"),
        pytest.param("suite.py", "import harness.cli", "suite imports harness.cli", id="of one line, files"),
        pytest.param("exporters/x.py", "import harness.runtimes", "exporters imports", id="one line up"),
        pytest.param("pytest_plugin/x.py", "import harness", "pytest_plugin imports harness", id="the top"),
        pytest.param("core/__init__.py", "from ..judge import limit", "core/__init__.py:1", id="in a package file"),
    ],
)
def test_a_planted_upward_import_is_caught(tmp_path: Path, path: str, content: str, caught: str) -> None:
    package = planted(tmp_path, path, content)

    [found] = upward(package)

    assert caught in found


@pytest.mark.parametrize(
    ("path", "content"),
    [
        pytest.param("judge/x.py", "import harness.core.names\nfrom harness.stats import median", id="down"),
        pytest.param(
            "judge/x.py", "from . import limit\nfrom .limit import a\nfrom harness.judge import b", id="beside"
        ),
        pytest.param("judge/a/x.py", "from .. import limit\nfrom ...core import names", id="relative, down"),
        pytest.param("judge/__init__.py", "from .limit import a", id="a package's own file"),
        pytest.param("__init__.py", "from harness.suite import matrix\nfrom .core import names", id="the facade"),
        pytest.param("cli.py", "from harness import __version__", id="the version"),
        pytest.param("core/x.py", "import harness_other\nfrom harnesses import judge", id="another package"),
        pytest.param("core/x.py", "text = 'import harness.judge'  # import harness.judge", id="a text"),
    ],
)
def test_a_downward_import_is_let_through(tmp_path: Path, path: str, content: str) -> None:
    assert upward(planted(tmp_path, path, content)) == []


@pytest.mark.parametrize(
    ("path", "content", "caught"),
    [
        pytest.param("zoo/x.py", "import torch", True, id="at the top"),
        pytest.param("zoo/x.py", "from ai_edge_litert.interpreter import I", True, id="from"),
        pytest.param("zoo/x.py", "try:\n    import scipy.stats\nexcept ImportError: ...", True, id="inside try"),
        pytest.param("zoo/x.py", "class C:\n    import pandas", True, id="in a class body"),
        pytest.param("zoo/x.py", "if X:\n    import onnx", True, id="under a condition"),
        pytest.param("zoo/x.py", "if TYPE_CHECKING: ...\nelse:\n    import onnx", True, id="at run time only"),
        pytest.param("zoo/x.py", "with c:\n    import execnet", True, id="inside with"),
        pytest.param("zoo/x.py", "import an_engine_of_tomorrow", True, id="not known here"),
        pytest.param("zoo/x.py", "def f():\n    import torch", False, id="inside a function"),
        pytest.param("zoo/x.py", "class C:\n    def f(self):\n        import torch", False, id="inside a method"),
        pytest.param("zoo/x.py", "if TYPE_CHECKING:\n    import torch", False, id="for types only"),
        pytest.param("runtimes/r/run_side.py", "import torch", False, id="a run side"),
        pytest.param("zoo/x.py", "import numpy, os, harness.errors", False, id="light ones"),
    ],
)
def test_a_planted_heavy_import_is_caught(tmp_path: Path, path: str, content: str, caught: bool) -> None:
    assert bool(heavy_at_import(planted(tmp_path, path, content))) is caught


@pytest.mark.parametrize(
    "path", ["runtimes/r/run_side.py", "worker/program.py", "worker/tensor_bytes.py", "targets/agent/children.py"]
)
@pytest.mark.parametrize(
    "content",
    ["import harness", "from harness.core import names", "from . import x", "def f():\n    from ... import x"],
)
def test_a_planted_import_of_ours_in_a_worker_is_caught(tmp_path: Path, path: str, content: str) -> None:
    content = content if path.startswith("runtimes") else content.replace("...", "..")

    assert of_ours_in_workers(planted(tmp_path, path, content))


def planted(folder: Path, path: str, content: str) -> Path:
    """A package of one file below *folder*."""
    package = folder / PACKAGE.name
    (package / path).parent.mkdir(parents=True)
    (package / path).write_text(content, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    ("contents", "circle"),
    [
        pytest.param(
            {"a.py": "from harness.core import b", "b.py": "import harness.core.a"}, {"a.py", "b.py"}, id="two"
        ),
        pytest.param(
            {"a.py": "from . import b", "b.py": "from .c import x", "c.py": "from harness.core.a import y"},
            {"a.py", "b.py", "c.py"},
            id="three, relative",
        ),
        pytest.param(
            {"a.py": "if TYPE_CHECKING:\n    from .b import x", "b.py": "from .a import y"},
            {"a.py", "b.py"},
            id="for types only",
        ),
        pytest.param(
            {"a.py": "def f():\n    from .b import x", "b.py": "from .a import y"},
            {"a.py", "b.py"},
            id="inside a function",
        ),
        pytest.param(
            {"__init__.py": "from .a import x", "a.py": "from . import y"},
            {"__init__.py", "a.py"},
            id="with the package",
        ),
        pytest.param({"a.py": "from . import b, c", "b.py": "from .c import x", "c.py": ""}, None, id="none"),
        pytest.param(
            {"__init__.py": "from .a import x", "a.py": "", "b.py": "from . import a"}, None, id="none, package"
        ),
    ],
)
def test_a_planted_circle_is_caught(tmp_path: Path, contents: dict[str, str], circle: set[str] | None) -> None:
    for name, content in {"__init__.py": "", **contents}.items():
        path = tmp_path / PACKAGE.name / "core" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    found = cycles(tmp_path / PACKAGE.name)

    assert found == (set() if circle is None else {frozenset(f"core/{name}" for name in circle)})


@pytest.mark.parametrize(
    ("path", "stray"),
    [
        ("judge/test_limit.py", False),
        ("judge/test_limit_edges.py", False),
        ("judge/test_limits.py", True),
        ("judge/test_edges.py", True),
        ("core/test_limit.py", True),
        ("judge/test_rules.py", False),
        ("judge/rules/test_drop.py", False),
        ("judge/rules/test_limit.py", True),
        ("test_errors.py", False),
        ("test_limit.py", True),
        ("plugin/test_anything.py", False),
        ("judge/records.py", False),
    ],
)
def test_a_planted_stray_test_is_caught(tmp_path: Path, path: str, stray: bool) -> None:
    for name in ("harness/errors.py", "harness/judge/limit.py", "harness/judge/rules/drop.py", f"tests/{path}"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert stray_tests(tmp_path / "tests", tmp_path / "harness") == ({path} if stray else set())
