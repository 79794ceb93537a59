"""README's table is the first screen of the recorded run, and fits 100 columns."""

from __future__ import annotations

from benchmarks.first_screen import BEGIN, END, RECORDED, ROOT, page_block
from harness.store.results import read_results


def test_readme_shows_the_recorded_screen() -> None:
    shown = (ROOT / "README.md").read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]

    assert shown == page_block(read_results(RECORDED))
    assert max(map(len, shown.splitlines())) <= 100
    assert sum(line.startswith("digits_cnn/") and "fp32" not in line for line in shown.splitlines()) >= 6
