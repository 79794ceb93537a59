"""An exception in a user's function is told with the line that raised it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.core.problem import CellProblem, Phase
from harness.errors import ContractError
from harness.pipeline.blame import FRAMES, blaming, described

CODE = """
import json


def direct():
    raise KeyError("weights")


def inside_a_library():
    json.loads("{")


def deep(levels):
    if levels:
        deep(levels - 1)
    raise ValueError("deep down")
"""


@pytest.fixture
def theirs(tmp_path: Path) -> dict[str, Any]:
    """Functions of a user's file."""
    path = tmp_path / "models.py"
    path.write_text(CODE, encoding="utf-8")
    names: dict[str, Any] = {"path": path}
    exec(compile(CODE, str(path), "exec"), names)
    return names


def raised(function: Callable[..., object], *arguments: object) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it is described
        function(*arguments)
    return caught.value


def test_the_line_that_raised_is_named(theirs: dict[str, Any]) -> None:
    place = f"{theirs['path']}:6 in direct"
    first, *_, last = described(raised(theirs["direct"])).splitlines()
    assert first == f"KeyError: 'weights' at {place}; the traceback ends:"
    assert last == f'    {place}: raise KeyError("weights")'


def test_inside_a_library_the_users_own_line_is_named_and_the_way_from_there_shown(theirs: dict[str, Any]) -> None:
    first, *rest = described(raised(theirs["inside_a_library"])).splitlines()
    assert f"at {theirs['path']}:10 in inside_a_library; " in first
    assert "json/decoder.py" in rest[-1]


def test_of_a_deep_traceback_the_end_is_told(theirs: dict[str, Any]) -> None:
    lines = described(raised(theirs["deep"], 20)).splitlines()
    assert len(lines) == 1 + FRAMES
    assert lines[-1].endswith('raise ValueError("deep down")')


def test_without_a_line_of_the_user_only_the_error_is_told() -> None:
    try:
        json.loads("{")
    except ValueError as err:
        own = err.with_traceback(err.__traceback__.tb_next if err.__traceback__ else None)
    assert described(own).startswith("JSONDecodeError: Expecting property name")
    assert "\n" not in described(own)


def test_an_error_of_ours_stands_as_it_is(theirs: dict[str, Any]) -> None:
    assert described(ContractError("say it so")) == "say it so"


def test_an_exception_in_the_block_is_an_error_in_its_phase(
    theirs: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CellProblem) as caught, blaming(Phase.DATA):
        theirs["direct"]()
    assert caught.value.status == "error(data)"
    assert "KeyError: 'weights'" in caught.value.reason
    assert "Traceback (most recent call last)" in capfd.readouterr().err


def test_an_inner_problem_keeps_its_phase() -> None:
    with pytest.raises(CellProblem) as caught, blaming(Phase.DATA):
        raise CellProblem.error(Phase.MODEL, "inner")
    assert caught.value.status == "error(model)"
