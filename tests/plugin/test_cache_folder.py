"""A cache that can't be written is said before anything is measured."""

from __future__ import annotations

import pytest
from fakes.project import suite

from tests.plugin.conftest import Project


def test_a_file_in_place_of_the_cache_is_told(project: Project) -> None:
    project.write("taken", "a file, not a folder")
    project.write("test_s.py", suite(metrics=["size"], more="baseline=False"))
    result = project.run_apart("--harness-cache", "taken")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "artifact cache" in result.stderr.str() + result.stdout.str()
    assert "--harness-cache DIR" in result.stderr.str() + result.stdout.str()
