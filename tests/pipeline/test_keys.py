"""What decides an artifact's address beside weights and recipe: how its runtime was made."""

from __future__ import annotations

import pytest
from fakes.fakert import FakeRuntime

from harness.pipeline.keys import arguments


def test_the_same_arguments_give_the_same_text() -> None:
    assert arguments(FakeRuntime("a", only={"fp16", "fp32", "int8_static"})) == arguments(
        FakeRuntime("a", only={"int8_static", "fp32", "fp16"})
    )


@pytest.mark.parametrize("changed", [{"padding_bytes": 1}, {"stays_float": True}, {"only": ["fp16"]}, {"nan": True}])
def test_another_argument_gives_another(changed: dict[str, object]) -> None:
    assert arguments(FakeRuntime("a")) != arguments(FakeRuntime("a", **changed))  # type: ignore[arg-type]


def test_what_has_no_stable_text_counts_by_its_type() -> None:
    class Odd:
        def __init__(self) -> None:
            self.handle = object()

    assert arguments(Odd()) == arguments(Odd()) == '{"handle": "object"}'
