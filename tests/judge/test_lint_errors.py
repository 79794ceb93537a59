"""Multiples of the errors that an evaluation set can't decide, and times that nothing can keep."""

from __future__ import annotations

import pytest

from harness.judge.facts import Facts
from harness.judge.lint import lint
from tests.core.records import case


@pytest.mark.parametrize(
    ("limit", "samples", "accuracy", "refused"),
    [
        pytest.param("2 x error", 1000, 0.95, False, id="twice the errors of 50"),
        pytest.param("1.2 x error", 1000, 0.95, True, id="a fifth more than 50 errors"),
        pytest.param("1.2 x error", 10_000, 0.95, False, id="a fifth more than 500 errors"),
        pytest.param("2 x error", 863, 0.9888, False, id="twice the errors of 1.1 %, just enough samples"),
        pytest.param("2 x error", 862, 0.9888, True, id="twice the errors of 1.1 %, one sample less"),
        pytest.param("1.2 x error", 800, 0.9888, True, id="a fifth more than 9 errors"),
        pytest.param("1.2 x error", None, 0.95, False, id="size unknown"),
        pytest.param("1.2 x error", 1000, None, False, id="accuracy unknown"),
        pytest.param("1.2 x error", 1000, 1.0, False, id="no error at all: the test says so itself"),
    ],
)
def test_multiples_of_errors(limit: str, samples: int | None, accuracy: float | None, refused: bool) -> None:
    found = lint(case("accuracy_drop", limit), Facts(samples=samples, reference_accuracy=accuracy), None)
    assert bool(found) is refused
    if refused:
        assert f"accuracy_drop='{limit}' can't be decided on {samples} samples: it takes " in found[0]
        assert "even if only a fifth of the errors moves" in found[0]


@pytest.mark.parametrize("metric", ["latency", "latency_p90", "latency_p99"])
@pytest.mark.parametrize(("limit", "refused"), [("0 ms", True), ("0.000001 ns", False)])
def test_no_inference_takes_no_time(metric: str, limit: str, refused: bool) -> None:
    assert bool(lint(case(metric, limit), Facts(), None)) is refused
