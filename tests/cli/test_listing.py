"""``edge-harness list``: every name that a suite can write, within the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.registries import only_shipped

from harness import cli
from harness.cli.listing import KINDS
from harness.core.metrics import METRICS
from harness.registries import datasets, models, runtimes, steps


@pytest.mark.parametrize("kind", KINDS)
def test_it_fits_the_terminal(kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")

    assert cli.main(["list", kind]) == 0

    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


def test_every_registered_name_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    entries = {
        "models": models,
        "recipes": steps,
        "runtimes": runtimes,
        "metrics": METRICS.values(),
        "datasets": datasets,
    }
    for kind, (_, rows_of) in KINDS.items():
        cli.main(["list", kind])
        assert [row[0] for row in rows_of()] == [one.name for one in entries[kind]]
    assert "int8_weight_only" in capsys.readouterr().out


def test_what_a_conftest_registers_is_listed_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "conftest.py"
    path.write_text('import harness\n\n\n@harness.dataset("mine")\ndef mine():\n    raise NotImplementedError\n')

    with only_shipped():
        assert cli.main(["list", "datasets", "--conftest", str(path)]) == 0
    assert "mine" in capsys.readouterr().out


def test_a_conftest_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "conftest.py"
    path.write_text("1 / 0")

    assert cli.main(["list", "models", "--conftest", str(path)]) == 2
    assert f"{path} can't be read: ZeroDivisionError" in capsys.readouterr().err
