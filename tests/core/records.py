"""Records with every field filled in, for tests that care about one or two of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.core.baseline import BaselineFigure
from harness.core.environment import Environment, Hardware
from harness.core.finding import BUDGET, Finding, Verdict
from harness.core.limits import parse_limit
from harness.core.matrix import Case
from harness.core.measurement import Measurement
from harness.core.metrics import METRICS
from harness.core.names import Cell
from harness.core.noise import NoiseProfile, PowerPoint
from harness.core.result import MEASURED, ArtifactSummary, CellResult, ClassFlips
from harness.core.run_record import RunInfo, RunRecord
from harness.core.samples import Samples
from harness.core.timing import Files, Rounds, Start, Timing

DATA = "d" * 64
ARTIFACT = "a" * 64


def cell(recipe: str = "int8_static", **changed: str) -> Cell:
    return Cell(**{"model": "digits_cnn", "recipe": recipe, "runtime": "onnxruntime", "target": "local", **changed})


def hardware(**changed: Any) -> Hardware:
    given = {"machine": "x86_64", "cpu": "Some CPU", "cores": 2, "features": ("avx2", "avx512_vnni")}
    return Hardware(**{**given, **changed})


def environment(**changed: Any) -> Environment:
    given = {
        "hardware": hardware(),
        "runtime_versions": (("onnxruntime", "1.23.0"),),
        "provider": "cpu",
        "threads": 1,
        "python": "3.12.1",
    }
    return Environment(**{**given, **changed})


def samples(correct: list[bool], predicted: list[int] | None = None, dataset: str = DATA) -> Samples:
    """Packed outcome; *predicted* labels out of 10 classes, all 0 unless given."""
    labels = predicted if predicted is not None else [0] * len(correct)
    return Samples.pack(np.array(correct, dtype=bool), np.array(labels), dataset)


def measurement(
    name: str, value: float, unit: str = "ratio", n: int = 1, interval: Any = None, condition: str = ""
) -> Measurement:
    return Measurement(name=name, value=value, unit=unit, n=n, interval=interval, condition=condition)


def result(*measured: Measurement, of: Cell | None = None, sha256: str = ARTIFACT, **changed: Any) -> CellResult:
    given: dict[str, Any] = {
        "cell": of or cell(),
        "status": MEASURED,
        "artifact": ArtifactSummary(sha256=sha256, size_bytes=1000, gzip_bytes=800, weights={}),
        "measurements": {one.name: one for one in measured},
        "environment": environment(),
    }
    return CellResult(**{**given, **changed})


def class_flips(label: str, n: int, negative: int = 0, positive: int = 0) -> ClassFlips:
    return ClassFlips(label=label, n=n, negative=negative, positive=positive)


def rounds(ratio: float, low: float | None = None, high: float | None = None, other_ns: float = 1e6) -> Rounds:
    """14 rounds whose median ratio is *ratio* and whose interval, of one pair or of several equal ones, is low..high.

    1 % to either side unless given. The sides of the order statistics' interval lie within the outer six, of nine pairs too.
    """
    low, high = low or 0.99 * ratio, high or 1.01 * ratio
    return tuple((value * other_ns, other_ns) for value in [low] * 6 + [ratio] * 2 + [high] * 6)


def timing(*pairs: Rounds, **changed: Any) -> Timing:
    """Rounds beside another side, eight inferences in each epoch, all as long as its median."""
    given: dict[str, Any] = {
        "candidate_ns": np.repeat([ours for pair in pairs for ours, _ in pair], 8),
        "other_ns": np.repeat([theirs for pair in pairs for _, theirs in pair], 8),
        "iterations": 8,
    }
    return Timing(pairs=pairs, **{**given, **changed})


def timed_alone(*pairs: Rounds, **changed: Any) -> Timing:
    """The same of the candidate alone."""
    return timing(*(tuple((ours, 0.0) for ours, _ in pair) for pair in pairs), **{"other_ns": None, **changed})


def start(load_ns: float, files: Files = Files.COLD, why_not_cold: str = "") -> Start:
    """A start whose first inference takes twice as long as loading."""
    return Start(load_ns=load_ns, first_ns=2 * load_ns, files=files, why_not_cold=why_not_cold)


def noise_profile(**changed: Any) -> NoiseProfile:
    """Of a quiet machine: no false alarm, times of different runs within 3 %, ratios within 2 %."""
    given: dict[str, Any] = {
        "hardware": hardware(),
        "cell": cell("fp32").id,
        "limit": 1.05,
        "power": (power_point(0.0, 200, passed=198), power_point(0.1, 100, failed=99)),
        "false_alarms": (0.0, 0.018),
        "noise_floor": 0.02,
        "absolute_spread": 1.03,
        "ratio_spread": 1.02,
        "minutes": 30.0,
        "date": "2026-11-01",
        "p50_ns": 1e6,
    }
    return NoiseProfile(**{**given, **changed})


def power_point(slowdown: float, trials: int, failed: int = 0, passed: int = 0) -> PowerPoint:
    return PowerPoint(
        slowdown=slowdown,
        trials=trials,
        failed=failed,
        passed=passed,
        inconclusive=trials - failed - passed,
        seconds_median=4.0,
    )


def figure(value: float, unit: str = "bytes", **changed: Any) -> BaselineFigure:
    given: dict[str, Any] = {
        "n": 1,
        "interval": None,
        "environment": environment(),
        "artifact_sha256": ARTIFACT,
        "commit": "c" * 40,
        "date": "2026-11-01",
        "reason": "first figure",
    }
    return BaselineFigure(value=value, unit=unit, **{**given, **changed})


def case(
    metric: str, limit: str | None = None, change: str | None = "", of: Cell | None = None, **changed: Any
) -> Case:
    """A case; a limit None is ``report``; an empty *change* is the metric's default."""
    held = METRICS[metric]
    change_limit = None
    if held.change is not None:
        change_limit = (
            held.change.default if change == "" else change and parse_limit(held.change.name, change, held.change.units)
        )
    return Case(
        suite="digits",
        cell=of or cell(),
        metric=held,
        limit=None if limit is None else parse_limit(metric, limit, held.units, signed=held.signed),
        change_limit=change_limit or None,
        **changed,
    )


def finding(verdict: Verdict, metric: str = "size", against: str = BUDGET, **changed: Any) -> Finding:
    given: dict[str, Any] = {"cell": cell().id, "reason": f"{metric} {verdict}"}
    return Finding(metric=metric, against=against, verdict=verdict, **{**given, **changed})


def run_record(*cells: CellResult, findings: tuple[Finding, ...] = (), **changed: Any) -> RunRecord:
    given: dict[str, Any] = {
        "id": "20261101-120000-000",
        "started": "2026-11-01T12:00:00+00:00",
        "finished": "2026-11-01T12:01:00+00:00",
        "command": ("suites",),
        "commit": "c" * 40,
        "hardware": {"local": hardware()},
        "python": "3.12.1",
        "versions": {"numpy": "2.0"},
        "exit_status": 0,
    }
    return RunRecord(run=RunInfo(**{**given, **changed}), cells=cells, findings=findings)
