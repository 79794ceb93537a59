"""What ships is found by its place; nothing else is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.pipeline.catalog import NAMED, PACKAGE, load_catalog, shipped_modules
from harness.registries import runtimes


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("runtimes/mine/runtime.py", "package.runtimes.mine.runtime"),
        ("recipes/mine.py", "package.recipes.mine"),
        ("frameworks/mine.py", "package.frameworks.mine"),
        ("exporters/mine_to_onnx.py", "package.exporters.mine_to_onnx"),
        ("runtimes/mine/run_side.py", None),
        ("runtimes/mine/__init__.py", None),
        ("runtimes/runtime.py", None),
        ("runtimes/mine/deeper/runtime.py", None),
        ("recipes/__init__.py", None),
        ("zoo/training.py", None),
    ],
)
def test_a_new_file_takes_part_by_its_place(tmp_path: Path, path: str, module: str | None) -> None:
    file = tmp_path / "package" / path
    file.parent.mkdir(parents=True)
    file.touch()

    found = shipped_modules(tmp_path / "package")

    assert [name for name in found if name not in NAMED] == ([] if module is None else [module])


def test_the_order_does_not_depend_on_the_file_system() -> None:
    found = [name for name in shipped_modules() if name.endswith(".runtime")]

    assert found == sorted(found)


def test_a_runtime_goes_by_the_name_of_its_folder() -> None:
    load_catalog()
    shipped = {runtime.name: runtime.source.module for runtime in runtimes}

    folders = {file.parent.name for file in (PACKAGE / "runtimes").glob("*/runtime.py")}
    assert {name for name, module in shipped.items() if module == f"harness.runtimes.{name}.runtime"} == folders
