"""What decides an artifact's address beside weights and recipe: how its runtime was made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fakes.fakert import FakeRuntime
from fakes.lab import cases, lab

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


USER_FILES = {
    "clamping": "TOP = 4.0\n",
    "shrinking": "def smaller(weights):\n    return weights * 0.9\n",
    "unrelated": "VALUE = 1\n",
}
USES_THEM = """
import numpy as np

from clamping import TOP
from shrinking import smaller


class Clamped(Linear):
    def forward(self, inputs):
        return super().forward(np.clip(inputs, -TOP, TOP))


@harness.model("clamped", dataset="blobs", framework="fake", input=INPUT)
def clamped():
    return Clamped(trained())


@harness.step("shrink", method="pruning")
def shrink(model):
    return Linear(model | {"weights": smaller(model["weights"])})
"""


@pytest.mark.parametrize(
    ("edited", "text", "again"),
    [
        pytest.param("clamping", "TOP = 5.0\n", True, id="a helper of the model"),
        pytest.param("shrinking", "def smaller(weights):\n    return weights * 0.8\n", True, id="a helper of the step"),
        pytest.param("clamping", "TOP = 4.0  # said\n", False, id="a comment"),
        pytest.param("unrelated", "VALUE = 2\n", False, id="a file that nobody imports"),
    ],
)
def test_an_edit_of_a_users_helper_module_is_another_artifact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edited: str, text: str, again: bool
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    with lab(tmp_path) as prepared:
        for name, content in USER_FILES.items():
            prepared.write(f"{name}.py", content)
            monkeypatch.delitem(sys.modules, name, raising=False)
        prepared.register(USES_THEM)
        wanted = cases("size", models=["clamped"], recipes=["shrink"])
        prepared.run().prepare(wanted)
        prepared.write(f"{edited}.py", text)
        prepared.run().prepare(wanted)
        assert prepared.built() == (["clamped/shrink/fakert"] if again else [])
        for name in USER_FILES:
            monkeypatch.delitem(sys.modules, name, raising=False)
