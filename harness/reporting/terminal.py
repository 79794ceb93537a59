"""The table and the failing lines, for a terminal."""

from __future__ import annotations

from harness.core.run_record import RunRecord
from harness.reporting.markdown import counts
from harness.reporting.table import shown
from harness.runtimes.tested_versions import untested_engines


def to_text(record: RunRecord) -> str:
    """The comparison table and one line of counts."""
    from tabulate import tabulate

    table = shown(record)
    numeric = [
        "right" if column not in ("model", "recipe", "runtime", "target", "verdict") else "left" for column in table
    ]
    text: str = tabulate(
        table.values.tolist(),
        headers=[str(column) for column in table.columns],
        tablefmt="simple",
        colalign=numeric,
        disable_numparse=True,
    )
    warnings = [f"warning: {line}" for line in untested_engines(record.cells)]
    return "\n".join([text, "", *warnings, f"{len(record.cells)} cells; {counts(record.findings)}"])
