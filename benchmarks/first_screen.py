"""README's table: the first screen of a recorded run, of the models and runtimes that fit eight rows.

``python -m benchmarks.first_screen record reports/latest`` keeps what it needs of a run of the default suites;
``python -m benchmarks.first_screen page`` puts the table into README.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from harness.core.result import CellResult
from harness.core.run_record import RunRecord
from harness.reporting.document import Document
from harness.reporting.terminal import next_steps, remarks, table_lines
from harness.store.results import read_results, write_results

ROOT = Path(__file__).parents[1]
RECORDED = Path(__file__).parent / "recorded" / "first_screen.json"
MODEL = "digits_cnn"
RUNTIMES = ("onnxruntime", "litert")
RECIPES = ("fp32", "fp16", "int8_dynamic", "int8_static")
COLUMNS = 100
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->"


def kept(record: RunRecord) -> RunRecord:
    """The cells of the table and their findings, without what no terminal shows."""
    cells = tuple(_bare(one) for one in record.cells if _is_shown(one))
    ids = {one.cell.id for one in cells}
    findings = tuple(finding for finding in record.findings if finding.cell in ids)
    return RunRecord(run=replace(record.run, command=(), versions={}), cells=cells, findings=findings)


def page_block(record: RunRecord) -> str:
    """The screen of *record* as it stands in README."""
    document = Document.of(record)
    lines = [*table_lines(document, width=COLUMNS), *remarks(document), *next_steps(document)]
    return "\n".join(["```text", *(line for text in lines for line in _broken(text)), "```", ""])


def _is_shown(result: CellResult) -> bool:
    cell = result.cell
    return (cell.model, cell.recipe in RECIPES, cell.runtime in RUNTIMES) == (MODEL, True, True)


def _bare(result: CellResult) -> CellResult:
    return replace(result, samples=None, classes=(), artifact=None, environment=None, latency_rounds=None, details={})


def _broken(line: str) -> list[str]:
    """*line* as a terminal of so many columns breaks it, but at spaces."""
    from textwrap import wrap

    return [line] if len(line) <= COLUMNS else wrap(line, COLUMNS, subsequent_indent="  ")


def main() -> None:
    """Record a run, or renew the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_screen", description=__doc__)
    parser.add_argument("what", choices=("record", "page"))
    parser.add_argument("run", nargs="?", type=Path, default=ROOT / "reports" / "latest")
    options = parser.parse_args()
    if options.what == "record":
        write_results(kept(read_results(options.run)), RECORDED)
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    text = f"{before}{BEGIN}{page_block(read_results(RECORDED))}{END}{after}"
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
