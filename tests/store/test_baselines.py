"""Baseline files: read or refused with a remedy, rewritten whole, and only where something changed."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.baseline import CellBaseline
from harness.errors import BaselineError
from harness.store.baselines import SCHEMA, baseline_path, read_baselines, rounded, update_baselines
from tests.core.records import environment, figure, samples
from tests.store.processes import kill_when, start

INT8, FP32 = "digits_cnn/int8_static/onnxruntime/local", "digits_cnn/fp32/onnxruntime/local"
OTHER = environment(threads=4)
HELD: dict[str, CellBaseline] = {
    INT8: {
        "size_bytes": figure(123_456_789),
        "accuracy_fraction": figure(0.975, "fraction", n=9, interval=(0.95, 0.99), samples=samples([True] * 9)),
        "latency_p50_ns_per_inference": figure(152_340, "ns", interval=(151_000, 153_000), environment=OTHER),
        "load_ns": figure(2_000_000, "ns", condition="files cold"),
    },
    FP32: {"size_bytes": figure(400_000_001, environment=None, reason="größer | schöner")},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return baseline_path(tmp_path, "digits", "digits_cnn")


@pytest.fixture
def held(path: Path) -> Path:
    update_baselines(path, "digits", "digits_cnn", HELD)
    return path


def test_one_file_per_suite_and_model(tmp_path: Path) -> None:
    assert baseline_path(tmp_path, "digits", "digits_cnn") == tmp_path / "digits" / "digits_cnn.json"


def test_a_missing_file_holds_nothing(path: Path) -> None:
    assert read_baselines(path) == {}
    assert not path.parent.exists()


def test_round_trip(held: Path) -> None:
    assert read_baselines(held) == HELD


def test_the_file(held: Path) -> None:
    text = held.read_text(encoding="utf-8")
    document = json.loads(text)

    assert text.endswith("}\n")
    assert (document["schema"], document["suite"], document["model"]) == (SCHEMA, "digits", "digits_cnn")
    assert list(document) == sorted(document)
    assert list(document["cells"]) == sorted(document["cells"])
    assert len(document["environments"]) == 2, "each environment stands once"
    assert document["cells"][FP32]["size_bytes"]["environment"] is None


def test_the_same_figures_give_the_same_bytes_in_any_order(held: Path, tmp_path: Path) -> None:
    turned = {cell: dict(reversed(list(figures.items()))) for cell, figures in reversed(HELD.items())}
    one_by_one = tmp_path / "one_by_one.json"
    for cell, figures in turned.items():
        for name, one in figures.items():
            update_baselines(one_by_one, "digits", "digits_cnn", {cell: {name: one}})

    assert one_by_one.read_bytes() == held.read_bytes()


def test_an_update_leaves_other_entries_as_they_are(held: Path) -> None:
    before = held.read_text(encoding="utf-8").splitlines()

    update_baselines(held, "digits", "digits_cnn", {INT8: {"size_bytes": figure(99, reason="pruned")}})

    assert read_baselines(held) == {
        INT8: {**HELD[INT8], "size_bytes": figure(99, reason="pruned")},
        FP32: HELD[FP32],
    }
    after = held.read_text(encoding="utf-8").splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 2, "the value and its reason"


@pytest.mark.parametrize("changed", [{}, {INT8: {}}], ids=["nothing", "a cell without figures"])
def test_an_update_of_nothing_changes_no_byte(held: Path, changed: dict[str, CellBaseline]) -> None:
    before = held.read_bytes()

    update_baselines(held, "digits", "digits_cnn", changed)

    assert held.read_bytes() == before


@pytest.mark.parametrize(
    ("value", "stored", "written"),
    [
        pytest.param(0.0, 0, "0", id="0"),
        pytest.param(-0.0, 0, "0", id="-0"),
        pytest.param(0.123456789, 0.12346, "0.12346", id="5 significant digits"),
        pytest.param(0.000123456789, 0.00012346, "0.00012346", id="of a small number"),
        pytest.param(152_343.5, 152_340, "152340", id="of a large number, whole afterwards"),
        pytest.param(99_999.6, 100_000, "100000", id="carried over"),
        pytest.param(1_234_567, 1_234_567, "1234567", id="whole numbers stay exact"),
        pytest.param(1_234_567.0, 1_234_567, "1234567", id="whole numbers that came as floats"),
        pytest.param(2**53, 2**53, "9007199254740992", id="the largest whole number of floats"),
        pytest.param(-0.5, -0.5, "-0.5", id="negative"),
        pytest.param(1e-320, 1e-320, "1e-320", id="denormal"),
    ],
)
def test_rounding(value: float, stored: float, written: str) -> None:
    assert rounded(value) == pytest.approx(stored, rel=1e-4)
    assert json.dumps(rounded(value)) == written


@settings(deadline=None, database=None, derandomize=True, max_examples=150)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_twice_is_rounding_once(value: float) -> None:
    once = rounded(value)

    assert rounded(once) == once
    assert json.dumps(rounded(json.loads(json.dumps(once)))) == json.dumps(once), "else every update rewrites the line"
    assert once == pytest.approx(value, rel=5.1e-5, abs=5e-324)


@pytest.mark.parametrize("value", [152_343.5, 0.1, 1e22, 7])
def test_a_figure_is_written_the_same_again(path: Path, value: float) -> None:
    update_baselines(path, "s", "m", {INT8: {"p50": figure(value, "ns", interval=(value, value + 1000.5))}})
    before = path.read_bytes()

    update_baselines(path, "s", "m", {FP32: {}})
    update_baselines(path, "s", "m", {INT8: dict(read_baselines(path)[INT8])})

    assert json.loads(path.read_bytes())["cells"][INT8] == json.loads(before)["cells"][INT8]
    assert [line for line in path.read_text().splitlines() if "value" in line] == [
        line for line in before.decode().splitlines() if "value" in line
    ]


def document(**changed: Any) -> str:
    return json.dumps({"schema": SCHEMA, "suite": "s", "model": "m", "environments": {}, "cells": {}, **changed})


GOOD: dict[str, Any] = {
    "value": 1,
    "unit": "bytes",
    "n": 1,
    "interval": None,
    "environment": None,
    "artifact_sha256": "",
    "commit": "",
    "date": "",
    "reason": "",
}


def with_figure(**changed: Any) -> str:
    return document(cells={INT8: {"size_bytes": {**GOOD, **changed}}})


RESTORE = "Restore it: git checkout -- "


def test_a_document_as_the_refused_ones_is_read(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(with_figure())

    assert read_baselines(path)[INT8]["size_bytes"].value == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param("", "is corrupt or truncated", id="empty file"),
        pytest.param(with_figure()[:-30], "is corrupt or truncated", id="truncated"),
        pytest.param("<<<<<<< HEAD\n" + with_figure(), "is corrupt or truncated", id="a merge conflict"),
        pytest.param("no json", "is corrupt or truncated", id="no JSON"),
        pytest.param(b"\xff\xfe\x00", "can't be read", id="no text"),
        pytest.param("[]", "has no schema number", id="a list"),
        pytest.param("null", "has no schema number", id="null"),
        pytest.param("{}", "has no schema number", id="no schema"),
        pytest.param(document(schema="1"), "has no schema number", id="schema as text"),
        pytest.param(document(schema=True), "has no schema number", id="schema true"),
        pytest.param(document(schema=1.0), "has no schema number", id="schema 1.0"),
        pytest.param(document(schema=0), "has no schema number", id="schema 0"),
        pytest.param(document(schema=-1), "has no schema number", id="schema negative"),
        pytest.param(json.dumps({"schema": SCHEMA}), "KeyError", id="nothing but a schema"),
        pytest.param(document(cells=[]), "AttributeError", id="cells a list"),
        pytest.param(document(cells={INT8: []}), "does not follow schema 1", id="figures a list"),
        pytest.param(document(cells={INT8: None}), "does not follow schema 1", id="figures null"),
        pytest.param(document(cells={INT8: {"size_bytes": "big"}}), "does not follow schema 1", id="a figure a text"),
        pytest.param(document(cells={INT8: {"size_bytes": 5}}), "does not follow schema 1", id="a figure a number"),
        pytest.param(document(cells={INT8: {"size_bytes": {}}}), "does not follow schema 1", id="a figure empty"),
        pytest.param(document(environments=[]), "does not follow schema 1", id="environments a list"),
        pytest.param(document(environments={"e": {"threads": 1}}), "does not follow", id="half an environment"),
        pytest.param(with_figure(value="1"), "Expected `float`", id="value a text"),
        pytest.param(with_figure(value=None), "Expected `float`", id="value null"),
        pytest.param(with_figure(value=math.nan), "not finite", id="value NaN"),
        pytest.param(with_figure(value=-math.inf), "not finite", id="value infinite"),
        pytest.param(with_figure().replace('"value": 1', '"value": 1e999'), "not finite", id="value beyond floats"),
        pytest.param(with_figure(value=10**400), "does not follow schema 1", id="a whole number beyond floats"),
        pytest.param(with_figure(interval=[1]), "does not follow schema 1", id="half an interval"),
        pytest.param(with_figure(interval=[0.5, math.nan]), "not finite", id="an interval with NaN"),
        pytest.param(with_figure(environment="abc"), "environment 'abc'", id="an environment that is not there"),
        pytest.param(with_figure(environment=["abc"]), "does not follow schema 1", id="an environment a list"),
        pytest.param(with_figure(samples={"n": 3}), "does not follow schema 1", id="half the samples"),
        pytest.param("[" * 100_000, "is corrupt or truncated", id="nested without end"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_and_kept(path: Path, content: str | bytes, says: str) -> None:
    path.parent.mkdir()
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(raw)

    for act in (
        lambda: read_baselines(path),
        lambda: update_baselines(path, "digits", "digits_cnn", HELD),
    ):
        with pytest.raises(BaselineError) as caught:
            act()
        assert says in str(caught.value)
        assert f"{RESTORE}{path}" in str(caught.value)
    assert path.read_bytes() == raw


def test_a_newer_schema_asks_for_an_upgrade(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(document(schema=SCHEMA + 1, cells="anything"))

    with pytest.raises(
        BaselineError, match=r"newer edge-harness \(schema 2, this one reads up to 1\). Upgrade"
    ) as caught:
        update_baselines(path, "digits", "digits_cnn", HELD)

    assert "Restore" not in str(caught.value)
    assert json.loads(path.read_text())["schema"] == SCHEMA + 1


@pytest.mark.parametrize("obstacle", ["a folder", "below a file"])
def test_what_is_no_file_is_refused(tmp_path: Path, obstacle: str) -> None:
    path = tmp_path / "m.json"
    if obstacle == "a folder":
        path.mkdir()
    else:
        path.write_text(document())
        path = path / "m.json"

    with pytest.raises(BaselineError, match="can't be read"):
        read_baselines(path)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["value", "interval"])
def test_a_figure_that_is_no_number_is_not_written(held: Path, value: float, where: str) -> None:
    before = held.read_bytes()
    spoilt = replace(figure(1.0), value=value) if where == "value" else replace(figure(1.0), interval=(0.0, value))

    with pytest.raises(BaselineError, match="The old file is unchanged"):
        update_baselines(held, "digits", "digits_cnn", {INT8: {"size_bytes": spoilt}})

    assert held.read_bytes() == before


def test_a_full_disk_keeps_the_old_file(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = held.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BaselineError, match=r"could not be written.*No space left.*The old file is unchanged"):
        update_baselines(held, "digits", "digits_cnn", {INT8: {"size_bytes": figure(1)}})
    monkeypatch.undo()

    assert held.read_bytes() == before
    assert os.listdir(held.parent) == ["digits_cnn.json"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_in_an_update_leaves_the_old_file_or_the_new_one(
    held: Path, tmp_path: Path, moment: str
) -> None:
    mark, before = tmp_path / "reached", read_baselines(held)
    copy = tmp_path / "copy.json"
    shutil.copy(held, copy)
    change = """
        import os, sys, time
        from dataclasses import replace
        from pathlib import Path
        from harness.store.baselines import read_baselines, update_baselines

        path, mark, moment, cell = sys.argv[1:]
        rename = os.replace

        def replaced(*names):
            if moment == "after":
                rename(*names)
            Path(mark).touch()
            time.sleep(60)

        os.replace = replaced
        figures = read_baselines(Path(path))[cell]
        changed = {"size_bytes": replace(figures["size_bytes"], value=77)}
        update_baselines(Path(path), "digits", "digits_cnn", {cell: changed})
        """

    kill_when(start(change, held, mark, moment, INT8), mark.exists)

    found = read_baselines(held)
    if moment == "before":
        assert held.read_bytes() == copy.read_bytes()
        assert found == before
    else:
        assert found[INT8]["size_bytes"].value == 77
        assert found[FP32] == before[FP32]
    update_baselines(held, "digits", "digits_cnn", {FP32: {"size_bytes": figure(1)}})
    assert read_baselines(held)[FP32]["size_bytes"].value == 1
