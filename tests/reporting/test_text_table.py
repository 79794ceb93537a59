"""Tables of text: aligned, wrapped, and with pipes."""

from __future__ import annotations

from harness.reporting.text_table import TextTable, aligned, piped, wrapped

TABLE = TextTable(
    headers=("cell", "size", "verdict"), rows=(("a/b", "1 kB", "pass"), ("long/name", "-", "")), left=(0, 2)
)


def test_columns_are_aligned_and_lines_end_without_spaces() -> None:
    assert aligned(TABLE).splitlines() == [
        "cell       size  verdict",
        "---------  ----  -------",
        "a/b        1 kB  pass",
        "long/name     -",
    ]


def test_its_width_is_that_of_its_lines() -> None:
    assert TABLE.width == len("---------  ----  -------")


def test_pipes() -> None:
    assert piped(TABLE).splitlines() == [
        "| cell      | size | verdict |",
        "| :-------- | ---: | :------ |",
        "| a/b       | 1 kB | pass    |",
        "| long/name |    - |         |",
    ]


def test_a_table_without_rows_has_its_headers() -> None:
    assert aligned(TextTable(headers=("a", "bc"), rows=())) == "a  bc\n-  --"


def test_wide_texts_are_broken_at_spaces_to_fit() -> None:
    table = TextTable(
        headers=("name", "why not"), rows=(("x", "a reason of many words " * 8), ("y", "short")), left=(0, 1)
    )

    lines = wrapped(table, 60).splitlines()

    assert max(map(len, lines)) <= 60
    assert " ".join(line[6:].strip() for line in lines[2:-1]).split() == ("a reason of many words " * 8).split()
    assert lines[-1] == "y     short"
