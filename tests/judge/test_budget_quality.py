"""Means and scores against limits: by which interval, in which direction, and what can't be judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fakes.registries import only_shipped

from harness.core.figure import Better
from harness.core.finding import Finding, Verdict
from harness.core.limits import parse_limit
from harness.core.metrics import CHANGES, METRICS
from harness.core.quality import add_quality
from harness.core.samples import Samples
from harness.core.source import Source
from harness.core.task_metric import Kind, TaskMetric
from harness.judge.budget import judge_budget
from harness.judge.drift import judge_drift
from tests.core.records import DATA, case, figure, measurement, result

PASS, OVER, OPEN, REPORTED, ERROR = (
    *(Verdict.PASS, Verdict.OVER_BUDGET, Verdict.INCONCLUSIVE),
    *(Verdict.REPORTED, Verdict.ERROR),
)


@pytest.fixture(autouse=True)
def task_metrics() -> Iterator[None]:
    """A rising ``wer``, a falling ``iou`` in percent, and ``mae`` in millimetres."""
    with only_shipped():
        for name, title, better, unit in (
            ("wer", "WER", Better.LOWER, "fraction"),
            ("iou", "IoU", Better.HIGHER, "fraction"),
            ("mae", "MAE", Better.LOWER, "mm"),
        ):
            add_quality(
                TaskMetric(
                    name=name,
                    title=title,
                    kind=Kind.VALUE,
                    better=better,
                    unit=unit,
                    compute=lambda outputs, labels: outputs,
                    source=Source.of(task_metrics),
                )
            )
        yield


def lost(name: str, limit: str | None, loss: Any, factor: Any = (1.0, (1.0, 1.0)), level: float = 0.2) -> Finding:
    """The finding of a loss ``(value, interval)``, and of the same as a factor."""
    worse = METRICS[name]
    assert worse.change is not None
    assert worse.factor is not None
    unit = worse.figure.unit
    measured = [
        measurement(worse.change.figure.name, level, unit, 500, (level - 0.01, level + 0.01)),
        measurement(worse.figure.name, loss[0], unit, 500, loss[1]),
    ]
    if factor is not None:
        measured.append(measurement(worse.factor.name, factor[0], "ratio", 500, factor[1]))
    return judge_budget(case(name, limit), result(*measured))


@pytest.mark.parametrize(
    ("name", "limit", "loss", "factor", "verdict"),
    [
        pytest.param("wer_rise", "1 pp", (0.005, (0.0, 0.01)), None, PASS, id="up to the limit"),
        pytest.param("wer_rise", "1 pp", (0.005, (0.0, 0.0101)), None, OPEN, id="a hair beyond"),
        pytest.param("wer_rise", "1 pp", (0.02, (0.01, 0.03)), None, OPEN, id="from the limit on"),
        pytest.param("wer_rise", "1 pp", (0.02, (0.0101, 0.03)), None, OVER, id="wholly beyond"),
        pytest.param("wer_rise", "1 pp", (-0.05, (-0.06, -0.04)), None, PASS, id="better"),
        pytest.param("wer_rise", None, (0.5, (0.4, 0.6)), None, REPORTED, id="nothing demanded"),
        pytest.param("wer_rise", "1 pp", (0.0, None), None, ERROR, id="no interval"),
        pytest.param("wer_rise", "1.05 x", (0.0, (0, 0)), (1.04, (1.03, 1.05)), PASS, id="a factor at most"),
        pytest.param("wer_rise", "1.05 x", (0.0, (0, 0)), (1.06, (1.051, 1.07)), OVER, id="a factor beyond"),
        pytest.param("wer_rise", "1.05 x", (0.0, (0, 0)), (1.05, (1.04, 1.06)), OPEN, id="a factor around"),
        pytest.param("wer_rise", "1.05 x", (0.0, (0, 0)), None, ERROR, id="no factor of zero"),
        pytest.param("iou_drop", "0.95 x", (0.0, (0, 0)), (0.96, (0.95, 0.97)), PASS, id="a factor at least"),
        pytest.param("iou_drop", "0.95 x", (0.0, (0, 0)), (0.93, (0.92, 0.949)), OVER, id="a factor below"),
        pytest.param("iou_drop", "2 pp", (0.01, (0.0, 0.02)), None, PASS, id="a drop"),
        pytest.param("mae_rise", "0.5 mm", (0.4, (0.3, 0.5)), None, PASS, id="in its own unit"),
        pytest.param("mae_rise", "0.5 mm", (0.7, (0.6, 0.8)), None, OVER, id="in its own unit, beyond"),
    ],
)
def test_losses(name: str, limit: str | None, loss: Any, factor: Any, verdict: Verdict) -> None:
    assert lost(name, limit, loss, factor).verdict is verdict


@pytest.mark.parametrize(
    ("name", "limit", "sentence"),
    [
        pytest.param(
            "wer_rise",
            "1 pp",
            "WER over budget: int8_static on onnxruntime has 20.00 %, the float model 18.00 %: rise 2.00 pp [1.50 pp, 2.50 pp] "
            "(n = 500, paired bootstrap), limit 1 pp",
            id="a rise",
        ),
        pytest.param(
            "iou_drop",
            "1 pp",
            "IoU over budget: int8_static on onnxruntime has 20.00 %, the float model 22.00 %: drop 2.00 pp [1.50 pp, 2.50 pp] "
            "(n = 500, paired bootstrap), limit 1 pp",
            id="a drop",
        ),
        pytest.param(
            "mae_rise",
            "0.01 mm",
            "MAE over budget: int8_static on onnxruntime has 0.2 mm, the float model 0.18 mm: rise 0.02 mm [0.015 mm, 0.025 mm] "
            "(n = 500, paired bootstrap), limit 0.01 mm",
            id="no percent of what is no share",
        ),
    ],
)
def test_sentences(name: str, limit: str, sentence: str) -> None:
    found = lost(name, limit, (0.02, (0.015, 0.025)))
    assert found.reason == sentence
    assert found.reference == pytest.approx(0.18 if name.endswith("rise") else 0.22)


@pytest.mark.parametrize(
    ("name", "limit", "interval", "verdict"),
    [
        pytest.param("wer", "10 %", (0.08, 0.1), PASS, id="at most"),
        pytest.param("wer", "10 %", (0.08, 0.101), OPEN, id="around"),
        pytest.param("wer", "10 %", (0.101, 0.12), OVER, id="beyond"),
        pytest.param("iou", "60 %", (0.6, 0.7), PASS, id="at least"),
        pytest.param("iou", "60 %", (0.5, 0.59), OVER, id="below"),
        pytest.param("mae", "3 mm", (2.5, 3.0), PASS, id="in its own unit"),
        pytest.param("mae", None, (2.5, 3.0), REPORTED, id="nothing demanded"),
        pytest.param("mae", "3 mm", None, ERROR, id="no interval"),
    ],
)
def test_levels(name: str, limit: str | None, interval: Any, verdict: Verdict) -> None:
    level = METRICS[name].figure
    value = sum(interval) / 2 if interval else 1.0
    found = judge_budget(case(name, limit), result(measurement(level.name, value, level.unit, 500, interval)))
    assert found.verdict is verdict


def moved(name: str, before: Any, now: Any, *, paired: bool = True, allowed: str = "0.1 mm") -> Finding:
    """Numbers of the same samples, before and now, held against a baseline."""
    worse = METRICS[name]
    assert worse.change is not None
    level, (then, today) = worse.change.figure, (np.asarray(side, np.float64) for side in (before, now))
    packed = [Samples.scored(len(side), None, DATA) for side in (then, today)]
    if paired:
        packed = [one.with_values(side) for one, side in zip(packed, (then, today), strict=True)]
    intervals = [(side.mean() - 0.5, side.mean() + 0.5) for side in (then, today)]
    asked = case(name, None)
    change = CHANGES[worse.change.name]
    stored = figure(float(then.mean()), level.unit, samples=packed[0], interval=intervals[0])
    found = judge_drift(
        replace(asked, change_limit=parse_limit(change.name, allowed, change.units)),
        result(measurement(level.name, float(today.mean()), level.unit, len(today), intervals[1]), samples=packed[1]),
        {level.name: stored},
    )
    assert found is not None
    return found


NUMBERS = np.random.default_rng(0).gamma(2, 2, 400)


@pytest.mark.parametrize(
    ("now", "paired", "verdict", "notes"),
    [
        pytest.param(NUMBERS, True, PASS, (), id="the same"),
        pytest.param(NUMBERS, False, PASS, (), id="the same mean"),
        pytest.param(NUMBERS + 0.05, True, PASS, ("changed",), id="a little worse, seen in pairs"),
        pytest.param(NUMBERS + 0.05, False, OPEN, ("changed",), id="a little worse, by intervals"),
        pytest.param(NUMBERS + 0.2, True, Verdict.REGRESSED, ("changed",), id="worse, seen in pairs"),
        pytest.param(NUMBERS + 0.2, False, OPEN, ("changed",), id="worse, by intervals"),
        pytest.param(NUMBERS + 2, False, Verdict.REGRESSED, ("changed",), id="far worse, by intervals"),
        pytest.param(NUMBERS - 0.2, True, PASS, ("changed", "improved"), id="better"),
    ],
)
def test_changes(now: Any, paired: bool, verdict: Verdict, notes: tuple[str, ...]) -> None:
    found = moved("mae_rise", NUMBERS, now, paired=paired)
    assert (found.verdict, found.notes) == (verdict, notes), found.reason


def test_stored_numbers_that_can_t_be_read_are_an_error() -> None:
    worse = METRICS["mae_rise"]
    assert worse.change is not None
    level, today = worse.change.figure, Samples.scored(400, None, DATA).with_values(NUMBERS)
    stored = figure(1.0, "mm", samples=replace(today, values="#"), interval=(0.5, 1.5))
    asked = replace(case("mae_rise", None), change_limit=parse_limit("mae_change", "1 mm", {"mm": 1.0}))
    found = judge_drift(
        asked, result(measurement(level.name, 1.0, "mm", 400, (0.5, 1.5)), samples=today), {level.name: stored}
    )
    assert found is not None
    assert found.verdict is ERROR
    assert "the baseline's samples can't be read" in found.reason
