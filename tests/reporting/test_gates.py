"""A figure beside its limit: the sign is what the verdict says, and rounding never contradicts it."""

from __future__ import annotations

import pytest

from harness.core.figure import Figure
from harness.core.figures import ACCURACY, ACCURACY_DROP, LATENCY, SIZE, SIZE_RATIO, SQNR
from harness.core.finding import Verdict
from harness.reporting.gates import beside_limit
from tests.core.records import finding

PASS, OVER, OPEN = Verdict.PASS, Verdict.OVER_BUDGET, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("figure", "metric", "verdict", "value", "limit", "text"),
    [
        (ACCURACY_DROP, "accuracy_drop", PASS, 0.00125, 0.02, "0.12<=2 pp"),
        (ACCURACY_DROP, "accuracy_drop", OVER, 0.0438, 0.02, "4.38>2 pp"),
        (ACCURACY_DROP, "accuracy_drop", OPEN, 0.019, 0.02, "1.90~2 pp"),
        (ACCURACY_DROP, "accuracy_drop", PASS, -0.00125, 0.0, "-0.12<=0 pp"),
        (ACCURACY, "accuracy", PASS, 0.9888, 0.97, "98.88>=97 %"),
        (ACCURACY, "accuracy", OVER, 0.96, 0.97, "96.00<97 %"),
        (SIZE_RATIO, "size_ratio", PASS, 0.516, 0.6, "0.516<=0.6 x"),
        (SIZE_RATIO, "size_ratio", PASS, 1.0, 1.0, "1.000<=1 x"),
        (SIZE_RATIO, "size_ratio", OVER, 1.0000004, 1.0, "1>1 x"),
        (SIZE_RATIO, "size_ratio", OVER, 1.0004, 1.0, "1.0004>1 x"),
        (SIZE, "size", PASS, 3662, 5000, "3.662<=5 kB"),
        (SIZE, "size", PASS, 662, 5000, "662 B<=5 kB"),
        (SIZE, "size", OVER, 5000.4, 5000, "5000.4 bytes>5 kB"),
        (LATENCY, "latency", OVER, 12_330, 10_000, "12.33>10 us"),
        (SQNR, "sqnr", PASS, 31.2, 30, "31.2>=30 dB"),
        (SIZE, "size", Verdict.ERROR, None, 5000, "-~5 kB"),
        (SIZE, "size", Verdict.REPORTED, 3662, None, "as it is shown"),
        (SIZE, "of_another_version", PASS, 3662, 5000, "3.662<=5 kB"),
    ],
)
def test_a_figure_and_its_limit(
    figure: Figure, metric: str, verdict: Verdict, value: float | None, limit: float | None, text: str
) -> None:
    one = finding(verdict, metric, value=value, limit=limit, unit=figure.unit)

    assert beside_limit(one, figure, "as it is shown") == text


def test_a_limit_in_errors_stands_behind_the_drop() -> None:
    one = finding(PASS, "accuracy_drop", value=1.1, limit=1.2, unit="ratio")

    assert beside_limit(one, ACCURACY_DROP, "0.12 pp") == "0.12 pp<=1.2 x error"
