"""Every shipped runtime has an extra of its name that brings what it needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.pipeline.catalog import load_catalog
from harness.registries import exporters, frameworks, runtimes

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]

load_catalog()
SHIPPED = [runtime for runtime in runtimes if runtime.source.module.startswith("harness.")]


def brought_by(extra: str) -> set[str]:
    """Distributions that *extra* asks for, by itself and by other extras."""
    names: set[str] = set()
    for requirement in EXTRAS[extra.replace("_", "-")]:  # pip takes either
        name = re.split(r"[\[<>=!~; ]", requirement)[0]
        inner = re.search(r"\[(.*)\]", requirement)
        if name == PROJECT["name"] and inner is not None:
            names = names.union(*(brought_by(other) for other in inner.group(1).split(",")))
        else:
            names.add(name)
    return names


@pytest.mark.parametrize("runtime", SHIPPED, ids=lambda runtime: runtime.name)
def test_the_extra_that_a_user_is_told_to_install_brings_all_packages(runtime: Any) -> None:
    always = {re.split(r"[<>=]", requirement)[0] for requirement in PROJECT["dependencies"]}
    there = always | brought_by(runtime.name)

    for package in {*runtime.build_packages, *runtime.run_packages}:
        assert there & set(package.split("|")), f"edge-harness[{runtime.name}] lacks {package}"


TOOLS = [one for registry in (frameworks, exporters) for one in registry if one.source.module.startswith("harness.")]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_so_does_that_of_a_framework_and_an_exporter(tool: Any) -> None:
    always = {re.split(r"[<>=]", requirement)[0] for requirement in PROJECT["dependencies"]}
    there = always | brought_by(tool.extra)
    there |= {"keras"} if "tensorflow" in there else set()  # requires it itself

    for package in tool.packages:
        assert there & set(package.split("|")), f"edge-harness[{tool.extra}] lacks {package}"


@pytest.mark.parametrize("extra", ["onnxruntime", "litert"])
def test_whoever_judges_files_installs_no_training_framework(extra: str) -> None:
    assert not brought_by(extra) & {"torch", "torchvision", "tensorflow", "keras", "litert-torch", "onnxscript"}


@pytest.mark.parametrize(
    ("runtime", "provider", "packages"),
    [
        pytest.param(runtime.name, provider.name, provider.packages, id=f"{runtime.name}:{provider.name}")
        for runtime in SHIPPED
        for provider in runtime.providers
        if provider.packages
    ],
)
def test_so_does_that_of_a_provider(runtime: str, provider: str, packages: tuple[str, ...]) -> None:
    assert set(packages) <= brought_by(f"{runtime}-{provider}")
