"""Compares the CPU runtimes on one run of the suite ``suites/test_fashion.py``.

pytest suites/test_fashion.py
python -m benchmarks.runtimes record reports/latest/results.json --out benchmarks/recorded/runtimes/NAME.json.gz
python -m benchmarks.runtimes table benchmarks/recorded/runtimes/*.json.gz > docs/runtimes-compared.md

All figures of the page are of that run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from tabulate import tabulate

from benchmarks import recording
from harness.judge.words import say

COLUMNS = (
    ("accuracy", "accuracy_fraction", "fraction"),
    ("agree", "agreement_fraction", "fraction"),
    ("bytes", "size_bytes", "bytes"),
    ("weights/fp32", "weights_ratio", "ratio"),
    ("p50", "latency_p50_ns_per_inference", "ns"),
    ("time/fp32", "latency_ratio", "ratio"),
    ("compile", "compile_ns", "ns"),
    ("peak memory", "memory_peak_bytes", "bytes"),
    ("idle memory", "memory_idle_bytes", "bytes"),
    ("arena", "arena_bytes", "bytes"),
    ("placement", "placement_fraction", "fraction"),
)


def recorded(results: dict[str, Any], command: str) -> dict[str, Any]:
    """What the page needs of a run's ``results.json``."""
    return recording.recorded(results, command, _told)


def _told(finding: dict[str, Any]) -> bool:
    return finding["verdict"] in ("over_budget", "regressed", "inconclusive", "error")


def page(documents: Sequence[dict[str, Any]]) -> list[str]:
    """The documentation page, as lines."""
    lines = [
        "# Runtimes compared",
        "",
        "Made by `python -m benchmarks.runtimes table`; nothing here is typed by hand. All figures are of the suite",
        "`suites/test_fashion.py`: 10,000 test images of Fashion-MNIST, batch 1, one thread. `time/fp32` is timed in alternation with",
        "the float artifact of the same runtime. `peak memory` is what loading and ten inferences took over `idle memory`, the engine",
        "imported and nothing loaded; `arena` is what the engine itself tells of its activations. `placement` is the share of operators",
        "that the runtime's default provider took. What each runtime can do here: `edge-harness doctor`.",
    ]
    for document in documents:
        hardware = document["hardware"]
        versions = ", ".join(f"{name} {version}" for name, version in sorted(document["versions"].items()))
        lines += [
            "",
            f"## {hardware['cpu']}, {hardware['cores']} cores ({document['started'][:10]})",
            "",
            f"`{document['command']}`; {versions}.",
        ]
        for model in dict.fromkeys(cell["model"] for cell in document["cells"]):
            cells = [cell for cell in document["cells"] if cell["model"] == model]
            lines += ["", f"### {model}", "", *_table(cells), *_left_behind(cells), *_lacking(cells)]
        lines += _said(document["findings"])
    return lines


def _table(cells: Sequence[dict[str, Any]]) -> list[str]:
    rows = []
    for cell in cells:
        held = cell["measurements"]
        if cell["status"] == "unsupported":
            continue
        figures = [say(held[name][0], unit) if name in held else "-" for _, name, unit in COLUMNS]
        rows.append([cell["runtime"], cell["recipe"], *(figures if held else [cell["status"]])])
    headers = ["runtime", "recipe", *(title for title, _, _ in COLUMNS)]
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True).splitlines()


def _left_behind(cells: Sequence[dict[str, Any]]) -> list[str]:
    """Operators that the default provider left to another one."""
    found = []
    for cell in cells:
        asked = cell["placement"].get("asked", "")
        for provider, operators in sorted(cell["placement"].get("operators", {}).items()):
            if provider != asked and operators:
                names = ", ".join(f"{count} {name}" for name, count in sorted(operators.items()) if count)
                found += (
                    [f"- {cell['recipe']} on {cell['runtime']}: {asked} left {names} to {provider}"] if names else []
                )
    return ["", "Left behind:", "", *found] if found else []


def _lacking(cells: Sequence[dict[str, Any]]) -> list[str]:
    """Cells that can't be, each reason once."""
    reasons: dict[str, list[str]] = {}
    for cell in cells:
        if cell["status"] in ("unsupported", "unavailable"):
            reasons.setdefault(f"{cell['status']}: {cell['reason']}", []).append(
                f"{cell['recipe']} on {cell['runtime']}"
            )
    return ["", "Not there:", "", *(f"- {', '.join(who)}: {why}" for why, who in reasons.items())] if reasons else []


def _said(findings: Sequence[dict[str, Any]]) -> list[str]:
    """What was over its budget, or stayed open."""
    shown = sorted({f"- {one['cell'].split('/')[0]}: {one['reason']}" for one in findings})
    return ["", "Over budget, or left open:", "", *shown] if shown else []


def main() -> int:
    """Run the command line; returns the exit code."""
    return recording.run_commands(
        "python -m benchmarks.runtimes",
        __doc__ or "",
        lambda results: recorded(results, "pytest suites/test_fashion.py"),
        page,
    )


if __name__ == "__main__":
    sys.exit(main())
