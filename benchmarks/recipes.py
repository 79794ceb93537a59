"""Compares compression methods on one run of the suite ``suites/test_fashion_recipes.py``.

pytest suites/test_fashion_recipes.py
python -m benchmarks.recipes record reports/latest/results.json --out benchmarks/recorded/recipes/NAME.json.gz
python -m benchmarks.recipes table benchmarks/recorded/recipes/*.json.gz > docs/recipes-compared.md

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
    ("drop", "accuracy_drop_fraction", "points"),
    ("bytes/fp32", "size_ratio", "ratio"),
    ("weights/fp32", "weights_ratio", "ratio"),
    ("zstd/fp32", "zstd_ratio", "ratio"),
    ("time/fp32", "latency_ratio", "ratio"),
    ("MACs/fp32", "macs_ratio", "ratio"),
    ("sparsity", "sparsity_fraction", "fraction"),
)
WORDS = """
## What each method is good for

- **fp16** halves the file and costs no accuracy. It makes nothing faster where the engine computes in float, and is slower where
  it widens at every call.
- **int8_weight_only** quarters the file at hardly any loss; the engine widens the weights at load, so that nothing gets faster.
- **int8_dynamic** needs no data. It pays in models of large matrix products; in convolutional ones the quantization at
  run time costs more than it saves.
- **int8_static** quarters the file and is the one that makes convolutions faster on a CPU with int8 instructions; it needs samples
  like those of the field. Per tensor instead of per channel it loses most in depthwise convolutions.
- **int8_qat** is for what int8_static loses: where that is nothing, training has nothing to win back.
- **prune** (single weights) does nothing for file or time: zeros are stored and multiplied like any number. It makes the download
  smaller, and pays on engines with sparse kernels alone.
- **prune_24** is the pattern of GPUs with sparse tensor cores; elsewhere as above.
- **prune_channels** makes the network narrower: fewer bytes and fewer multiplications on every engine. Without fine-tuning it
  ruins the model.
- **distill** replaces the model by a small one that learns from its answers. Whether they teach more than the labels do is
  no matter of course: see above what it gains over `student`.
- **svd** (low rank) makes two or three thin layers of a wide one: fewer multiplications, but more layers. Small layers get slower
  by it, and depthwise ones can't be factored.
- **cluster** is for the download: few distinct values compress well, and the file on the device is as large as before.
- **Chains** multiply what their steps save, and add what they lose.
"""


def recorded(results: dict[str, Any], command: str) -> dict[str, Any]:
    """What the page needs of a run's ``results.json``."""
    return recording.recorded(results, command, _told)


def _told(finding: dict[str, Any]) -> bool:
    return (
        finding["against"] == "promise"
        or (finding["metric"] in ("accuracy_gain", "calibration_spread") and finding["value"] is not None)
        or finding["verdict"] in ("over_budget", "inconclusive", "error")
    )


def page(documents: Sequence[dict[str, Any]]) -> list[str]:
    """The documentation page, as lines."""
    lines = [
        "# Compression methods compared",
        "",
        "Made by `python -m benchmarks.recipes table`; nothing here is typed by hand but the words at the end. All figures are of the",
        "suite `suites/test_fashion_recipes.py`: 10,000 test images of Fashion-MNIST. `time/fp32` is timed in alternation.",
        "What each step is and promises: [recipes](recipes.md).",
    ]
    for document in documents:
        hardware = document["hardware"]
        lines += [
            "",
            f"## {hardware['cpu']}, {hardware['cores']} cores ({document['started'][:10]})",
            "",
            f"`{document['command']}`",
        ]
        for model in sorted({cell["model"] for cell in document["cells"]}):
            lines += ["", f"### {model}", "", *_table([cell for cell in document["cells"] if cell["model"] == model])]
        lines += _said(document["findings"])
    return [*lines, *WORDS.rstrip().splitlines()]


def _table(cells: Sequence[dict[str, Any]]) -> list[str]:
    rows = []
    for cell in cells:
        if "_seed" in cell["recipe"]:
            continue  # drawn for the calibration spread
        held = cell["measurements"]
        figures = [say(held[name][0], unit) if name in held else "-" for _, name, unit in COLUMNS]
        seconds = sum(step["seconds"] for step in cell["steps"])
        rows.append([cell["recipe"], *(figures if held else [cell["status"]]), f"{seconds:.0f} s" if seconds else "-"])
    headers = ["recipe", *(title for title, _, _ in COLUMNS), "work"]
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True).splitlines()


def _said(findings: Sequence[dict[str, Any]]) -> list[str]:
    """What recipes gain over their controls, what they promised in vain, and what was over its budget or stayed open."""
    shown = sorted({f"- {one['reason']}" for one in findings})
    return ["", "What was judged beside, over its budget, or left open:", "", *shown] if shown else []


def main() -> int:
    """Run the command line; returns the exit code."""
    return recording.run_commands(
        "python -m benchmarks.recipes",
        __doc__ or "",
        lambda results: recorded(results, "pytest suites/test_fashion_recipes.py"),
        page,
    )


if __name__ == "__main__":
    sys.exit(main())
