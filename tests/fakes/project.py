"""The files of a user's project that uses the fakes: its ``conftest.py`` and its suites, as texts.

They import ``fakes``: a process of its own that reads them needs ``TESTS`` on its path, see ``python_path``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

HEADER = """
import harness
from fakes.blobs import blobs
from fakes.fakert import FakeRuntime
from fakes.linear import INPUT, Fake, FakeToNpz, Linear, trained
from harness.registries import exporters, frameworks, runtimes

frameworks.add(Fake())
exporters.add(FakeToNpz())
runtimes.add(FakeRuntime())


@harness.dataset("blobs")
def blobs_data():
    return blobs()


@harness.model("linear", dataset="blobs", framework="fake", input=INPUT)
def linear():
    return trained()
"""

QUICK = """
import harness.meters.latency

harness.meters.latency.LEAST_WARM_NS = 20_000_000
harness.meters.latency.LEAST_EPOCH_NS = 500_000
"""
"""Shorter timing, for tests that look at how figures travel and not at the figures."""


def python_path() -> str:
    """The value of ``PYTHONPATH`` with which another process finds the fakes."""
    return os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])


def conftest(*more: str, quick: bool = True) -> str:
    """A ``conftest.py`` that registers the fakes: model ``linear``, data set ``blobs``, runtime ``fakert``."""
    return "\n".join([HEADER, QUICK if quick else "", *more])


def suite(
    *,
    metrics: Sequence[str] = ("accuracy_drop",),
    models: Sequence[str] = ("linear",),
    recipes: Sequence[str] = ("fp32", "int8_static"),
    runtimes: Sequence[str] = ("fakert",),
    budgets: Iterable[tuple[str, Mapping[str, str]]] | None = None,
    more: str = "",
) -> str:
    """A suite file: a matrix, and one test per metric, called ``test_`` and the metric.

    Without *budgets* everything is only reported.
    """
    rows = list(budgets) if budgets is not None else [("*", dict.fromkeys(metrics, "report"))]
    tests = "".join(
        f"\n\n@harness.gate({metric!r})\ndef test_{metric}(case):\n    case.check()\n" for metric in metrics
    )
    return (
        "import harness\n\n"
        f"pytestmark = harness.matrix(models={list(models)!r}, recipes={list(recipes)!r}, "
        f"runtimes={list(runtimes)!r}, budgets={rows!r}{', ' + more if more else ''})\n{tests}"
    )
