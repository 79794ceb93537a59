"""The update of a suite's baseline files: one file per model, refused figures apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.finding import BASELINE, Finding, Verdict
from harness.errors import BaselineError
from harness.store.baselines import read_baselines
from harness.store.update import Update, UpdatePolicy, update_suite
from tests.core.records import cell, finding, measurement, result, run_record

ONE = result(measurement("size_bytes", 1000, "bytes"))
OTHER = result(measurement("size_bytes", 2000, "bytes"), of=cell(model="another"))
CELLS = {one.cell.id: one for one in (ONE, OTHER)}
RUN = run_record().run


def judged(of: str, budget: Verdict = Verdict.PASS) -> list[Finding]:
    return [finding(budget, cell=of), finding(Verdict.NO_BASELINE, against=BASELINE, cell=of)]


def updated(folder: Path, findings: list[Finding]) -> list[Update]:
    return list(update_suite(folder, "digits", findings, CELLS, RUN, UpdatePolicy()))


def test_each_model_has_its_file(tmp_path: Path) -> None:
    another, digits = updated(tmp_path, [*judged(ONE.cell.id), *judged(OTHER.cell.id)])

    assert another.files == (f"baselines: {tmp_path / 'digits/another.json'}: 1 figures recorded",)
    assert digits.recorded == (f"recorded {ONE.cell.id} size_bytes: none -> 1000",)
    assert digits.judged == {(ONE.cell.id, "size")}
    assert read_baselines(tmp_path / "digits/digits_cnn.json")[ONE.cell.id]["size_bytes"].value == 1000


def test_what_is_refused_is_told_apart_and_written_nowhere(tmp_path: Path) -> None:
    (update,) = updated(tmp_path, judged(ONE.cell.id, Verdict.OVER_BUDGET))

    assert (update.recorded, update.judged) == ((), frozenset())
    assert update.refused == (f"refused  {ONE.cell.id} size_bytes: none -> 1000 (size over_budget)",)
    assert not (tmp_path / "digits").exists()


def test_what_was_written_before_an_error_is_known(tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits/digits_cnn.json").write_text("{")
    updates = iter(
        update_suite(tmp_path, "digits", [*judged(ONE.cell.id), *judged(OTHER.cell.id)], CELLS, RUN, UpdatePolicy())
    )

    assert next(updates).judged == {(OTHER.cell.id, "size")}
    with pytest.raises(BaselineError, match=r"digits_cnn\.json"):
        next(updates)


def test_updates_add_up(tmp_path: Path) -> None:
    one, other = updated(tmp_path, [*judged(ONE.cell.id), *judged(OTHER.cell.id, Verdict.OVER_BUDGET)])
    both = one + other

    assert (len(both.recorded), len(both.refused), len(both.files)) == (1, 1, 2)
