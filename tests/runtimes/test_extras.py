"""Every shipped runtime has an extra of its name that brings what it needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.pipeline.catalog import load_catalog
from harness.registries import runtimes

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
