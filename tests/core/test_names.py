"""Names that can stand in a cell's id, and the grammar of runtime names."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.names import Cell, RuntimeName, checked_name
from harness.errors import InvalidName


@pytest.mark.parametrize("name", ["a", "A", "0", "digits_cnn", "mobilenet-v2", "w4.1", "int8_static", "a..b"])
def test_a_name_that_can_stand_in_an_id_is_returned(name: str) -> None:
    assert checked_name("model", name) == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("", "''", id="empty"),
        pytest.param("a/b", "'a_b' would do", id="slash"),
        pytest.param("a b", "'a_b' would do", id="space"),
        pytest.param(" a", "'a' would do", id="leading space"),
        pytest.param("a\n", "'a' would do", id="trailing newline"),
        pytest.param("a+b", "'a_b' would do", id="plus chains steps"),
        pytest.param("a|b", "'a_b' would do", id="pipe"),
        pytest.param("a:b", "'a_b' would do", id="colon"),
        pytest.param("a*", "'a' would do", id="wildcard"),
        pytest.param("..", r"begin with a letter or digit", id="parent folder"),
        pytest.param("-a", "'a' would do", id="dash first"),
        pytest.param("_a", "'a' would do", id="underscore first"),
        pytest.param("größe", "'gr_e' would do", id="letters beyond ASCII"),
        pytest.param("٣", "letters, digits", id="digits beyond ASCII"),
        pytest.param(None, "None", id="no text"),
        pytest.param(8, "8", id="a number"),
    ],
)
def test_any_other_name_is_refused_with_one_that_would_do(name: object, says: str) -> None:
    with pytest.raises(InvalidName, match=says) as caught:
        checked_name("model", name)

    assert repr(name) in str(caught.value)
    assert "model name" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "runtime", "provider", "options", "canonical"),
    [
        pytest.param("litert", "litert", "", (), "litert", id="runtime"),
        pytest.param("onnxruntime:cuda", "onnxruntime", "cuda", (), "onnxruntime:cuda", id="provider"),
        pytest.param("torch,threads=2", "torch", "", (("threads", "2"),), "torch,threads=2", id="option"),
        pytest.param(
            "ort:cuda,threads=2,arena=off",
            "ort",
            "cuda",
            (("arena", "off"), ("threads", "2")),
            "ort:cuda,arena=off,threads=2",
            id="options sorted by name",
        ),
    ],
)
def test_runtime_name(
    text: str, runtime: str, provider: str, options: tuple[tuple[str, str], ...], canonical: str
) -> None:
    parsed = RuntimeName.parse(text)

    assert (parsed.runtime, parsed.provider, parsed.options) == (runtime, provider, options)
    assert str(parsed) == canonical
    assert RuntimeName.parse(canonical) == parsed


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("Torch", id="capital"),
        pytest.param("2torch", id="digit first"),
        pytest.param("ort:", id="colon without provider"),
        pytest.param(":cuda", id="provider without runtime"),
        pytest.param("ort:cuda:trt", id="two providers"),
        pytest.param("ort,", id="comma without option"),
        pytest.param("ort,threads", id="option without value"),
        pytest.param("ort,threads=", id="option with empty value"),
        pytest.param("ort,=2", id="value without option"),
        pytest.param("ort, threads=2", id="space"),
        pytest.param("ort,threads=2\n", id="newline"),
        pytest.param("ort,path=a/b", id="slash in a value"),
        pytest.param("ort,threads=2:cuda", id="provider after options"),
        pytest.param(None, id="no text"),
        pytest.param(("ort",), id="a tuple"),
    ],
)
def test_runtime_names_outside_the_grammar_are_refused(text: Any) -> None:
    with pytest.raises(InvalidName, match=r"runtime\[:provider\]\[,option=value\]"):
        RuntimeName.parse(text)


@pytest.mark.parametrize("text", ["ort,threads=1,threads=2", "ort,threads=2,threads=2", "ort,a=1,b=2,a=1"])
def test_an_option_can_be_set_once(text: str) -> None:
    with pytest.raises(InvalidName, match="sets an option twice"):
        RuntimeName.parse(text)


def test_cell() -> None:
    cell = Cell(model="m", recipe="prune50+int8", runtime="ort,threads=2", target="rpi5")

    assert cell.id == "m/prune50+int8/ort,threads=2/rpi5"
    assert not cell.is_reference
    assert cell.reference.id == "m/fp32/ort,threads=2/rpi5"
    assert cell.reference.is_reference
    assert cell.reference.reference == cell.reference
