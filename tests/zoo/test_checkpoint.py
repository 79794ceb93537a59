"""Checkpoints: what was saved comes back; a damaged, foreign or half-written one is refused before use."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from examples.checkpoint import save
from harness.errors import WeightsError
from harness.zoo.checkpoint import Card, arrays, load

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")

CARD = Card(
    model="tiny",
    dataset="digits",
    metric="top1",
    value=0.5,
    samples=800,
    parameters=8,
    epochs=1,
    seed=0,
    command="python -m examples.zoo.training tiny",
    torch="2.0.0",
    date="2026-01-02",
)


def tiny(outputs: int = 2) -> Any:
    return torch.nn.Sequential(torch.nn.Linear(3, outputs))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with a sound checkpoint."""
    save(tiny(), CARD, tmp_path)
    return tmp_path


def rewrite(folder: Path, state: dict[str, Any]) -> None:
    """Other weights under a card that has their hash."""
    from safetensors.torch import save as to_bytes

    weights = to_bytes(state)
    (folder / "tiny.safetensors").write_bytes(weights)
    (folder / "tiny.json").write_text(replace(CARD, sha256=hashlib.sha256(weights).hexdigest()).text())


def edit(folder: Path, **changes: object) -> None:
    held = json.loads((folder / "tiny.json").read_text())
    (folder / "tiny.json").write_text(
        json.dumps({key: value for key, value in (held | changes).items() if value != ...})
    )


def test_what_was_saved_comes_back_in_evaluation_mode(tmp_path: Path) -> None:
    model = tiny()
    card = save(model, CARD, tmp_path)

    loaded = load("tiny", tiny(), tmp_path)

    assert not loaded.training
    assert all(torch.equal(value, loaded.state_dict()[key]) for key, value in model.state_dict().items())
    assert Card.read(tmp_path / "tiny.json") == card
    assert card.sha256 == hashlib.sha256((tmp_path / "tiny.safetensors").read_bytes()).hexdigest()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.json", "tiny.safetensors"]


def test_arrays_are_the_verified_weights_without_a_framework(saved: Path) -> None:
    found = arrays("tiny", saved, "my.training")

    state = load("tiny", tiny(), saved).state_dict()
    assert {name: value.tolist() for name, value in found.items()} == {key: one.tolist() for key, one in state.items()}
    path = saved / "tiny.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(WeightsError, match=r"expected sha256 .*python -m my\.training tiny"):
        arrays("tiny", saved, "my.training")


def test_the_command_that_trains_it_again_is_the_callers(saved: Path) -> None:
    (saved / "tiny.json").unlink()

    with pytest.raises(WeightsError, match=r"no card .*python -m my\.training tiny"):
        load("tiny", tiny(), saved, training="my.training")


def test_the_card_is_written_the_same_way_every_time(saved: Path) -> None:
    text = (saved / "tiny.json").read_text()

    assert list(json.loads(text)) == sorted(json.loads(text))
    assert text == Card.read(saved / "tiny.json").text()


def test_changed_weights_are_refused_with_expected_found_and_remedy(saved: Path) -> None:
    path = saved / "tiny.safetensors"
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    found = hashlib.sha256(path.read_bytes()).hexdigest()

    with pytest.raises(WeightsError) as caught:
        load("tiny", tiny(), saved)

    for said in (str(path), expected, found, f"git checkout -- {path}", "python -m examples.zoo.training tiny"):
        assert said in str(caught.value)


@pytest.mark.parametrize("suffix", ["safetensors", "json"])
def test_a_missing_file_is_named_with_the_remedy(saved: Path, suffix: str) -> None:
    (saved / f"tiny.{suffix}").unlink()

    with pytest.raises(WeightsError, match=rf"no .*tiny\.{suffix}.*python -m examples.zoo.training tiny"):
        load("tiny", tiny(), saved)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_finite_are_refused(saved: Path, value: float) -> None:
    state = tiny().state_dict()
    state["0.bias"][1] = value
    rewrite(saved, state)

    with pytest.raises(WeightsError, match=r"NaN or infinity in 0\.bias"):
        load("tiny", tiny(), saved)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: {"0.weight": state["0.weight"]}, r"0\.bias is missing"),
        (lambda state: state | {"1.bias": torch.zeros(2)}, r"1\.bias is unknown"),
        (lambda state: tiny(4).state_dict(), r"0\.bias is torch\.float32 \(4,\), not torch\.float32 \(2,\)"),
        (lambda state: state | {"0.bias": torch.zeros(2).half()}, r"0\.bias is torch\.float16 \(2,\), not"),
    ],
    ids=["missing", "unknown", "shape", "dtype"],
)
def test_weights_of_another_architecture_are_refused(
    saved: Path, change: Callable[[dict[str, Any]], dict[str, Any]], says: str
) -> None:
    rewrite(saved, change(dict(tiny().state_dict())))

    with pytest.raises(WeightsError, match=rf"do not fit the architecture 'tiny': .*{says}"):
        load("tiny", tiny(), saved)


def test_weights_of_another_format_are_refused(saved: Path) -> None:
    (saved / "tiny.safetensors").write_bytes(b"PK\x03\x04 a pickle")
    edit(saved, sha256=hashlib.sha256(b"PK\x03\x04 a pickle").hexdigest())

    with pytest.raises(WeightsError, match="not a safetensors file"):
        load("tiny", tiny(), saved)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema": 1}, "has schema 1; this version reads 2"),
        ({"schema": ...}, "has schema None"),
        ({"seed": ...}, "missing, unknown or mistyped: seed"),
        ({"colour": "red"}, "missing, unknown or mistyped: colour"),
        ({"value": "high"}, "missing, unknown or mistyped: value"),
        ({"sha256": None}, "missing, unknown or mistyped: sha256"),
    ],
)
def test_another_card_is_refused(saved: Path, changes: dict[str, object], says: str) -> None:
    edit(saved, **changes)

    with pytest.raises(WeightsError, match=says):
        load("tiny", tiny(), saved)


def test_a_checkpoint_under_another_name_is_refused(saved: Path) -> None:
    for path in list(saved.iterdir()):
        path.rename(path.with_stem("other"))

    with pytest.raises(WeightsError, match=r"other\.json is of model 'tiny'"):
        load("other", tiny(), saved)


@pytest.mark.parametrize("text", ["", "{", "[]", "\udcff"])
def test_a_card_that_is_not_json_is_refused(saved: Path, text: str) -> None:
    (saved / "tiny.json").write_text(text, errors="surrogateescape")

    with pytest.raises(WeightsError, match=r"card .*tiny\.json (can't be read|has schema None)"):
        load("tiny", tiny(), saved)


def test_a_diverged_model_is_not_saved(saved: Path) -> None:
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    model = tiny()
    with torch.no_grad():
        model[0].weight[0, 0] = math.nan

    with pytest.raises(WeightsError, match=r"trained model 'tiny': NaN or infinity in 0\.weight"):
        save(model, CARD, saved)

    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


def test_a_crash_between_the_files_leaves_a_pair_that_is_refused(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(source: Path, target: Path) -> None:
        if target.suffix == ".json":
            raise OSError("no space left")
        os.rename(source, target)

    monkeypatch.setattr("examples.checkpoint.os.replace", crash)
    with pytest.raises(OSError, match="no space left"):
        save(tiny(), CARD, saved)

    with pytest.raises(WeightsError, match="expected sha256"):
        load("tiny", tiny(), saved)
    assert sorted(path.name for path in saved.iterdir()) == ["tiny.json", "tiny.safetensors"]
