"""``report.md``: what stands in it, and that nothing of it becomes markup that nobody wrote."""

from __future__ import annotations

import re

import pytest

from harness.core.finding import Verdict
from harness.core.result import CellResult
from harness.core.run_record import RunRecord
from harness.reporting import markdown
from harness.reporting.document import Document
from tests.core.records import cell, finding, hardware, measurement, result, run_record


def to_markdown(record: RunRecord) -> str:
    return markdown.to_markdown(Document.of(record))


MEASURED = result(measurement("size_bytes", 250_000, "bytes"))


def test_the_report() -> None:
    record = run_record(
        MEASURED,
        findings=(finding(Verdict.OVER_BUDGET, reason="size over budget: 251 kB"), finding(Verdict.PASS)),
        threads=2,
        dirty=True,
    )

    lines = to_markdown(record).splitlines()

    assert lines[0] == "# Edge Harness report"
    assert "1 cell, 1 over_budget, 1 pass." in lines
    assert "- commit: cccccccccccc with changes" in lines
    assert any("Some CPU, 2 cores" in line and "2 threads per engine" in line for line in lines)
    assert "## Over budget" in lines
    assert f"- `{cell().id}` size over budget: 251 kB" in lines
    assert not any(heading in lines for heading in ("## Errors", "## Notes", "## Unsupported"))


def test_no_commit_and_one_thread() -> None:
    text = to_markdown(run_record(MEASURED, commit=""))

    assert "- commit: no commit" in text
    assert "1 thread per engine" in text


def test_notes() -> None:
    noted = finding(Verdict.PASS, reason="size 1 B", notes=("changed", "improved"))

    assert f"## Notes\n\n- `{cell().id}` changed; improved: size 1 B\n" in to_markdown(
        run_record(MEASURED, findings=(noted,))
    )


def test_a_record_without_cells() -> None:
    assert "0 cells, no findings." in to_markdown(run_record())


HOSTILE = [
    pytest.param("a | b", id="pipe"),
    pytest.param("<script>alert(1)</script>", id="script"),
    pytest.param("one\ntwo", id="newline"),
    pytest.param("one\r\n\r\n# two", id="carriage return"),
    pytest.param("one\r# two", id="carriage return alone"),
    pytest.param("one\x0btwo\x0cthree\u2028four\x85five", id="other line ends"),
    pytest.param("```\ncode", id="fence"),
    pytest.param("a `b` c", id="backticks"),
    pytest.param("`", id="one backtick"),
    pytest.param("![x](http://y)", id="image"),
    pytest.param("[x](javascript:alert)", id="link"),
    pytest.param("**bold** _it_ ~~gone~~", id="emphasis"),
    pytest.param("&lt;script&gt; &#124;", id="entities"),
    pytest.param("back\\slash \\| end\\", id="backslashes"),
    pytest.param("| a | b |\n|---|---|\n| c | d |", id="a table"),
    pytest.param("\x1b[31mred\x1b[0m", id="terminal colours"),
]


ESCAPED_OR_CODE = re.compile(r"\\([!-/:-@\[-`{-~])|(`+)(?!`)(.+?)(?<!`)\2(?!`)")


def rendered(text: str) -> str:
    """What a reader sees of one line of Markdown, escapes and code spans undone; markup beside them is a failure."""
    bare = ESCAPED_OR_CODE.sub("\0", text)
    markup = re.search(r"[\\<>*`|\[~]|&[\w#]|(?<![^\W_])_|_(?![^\W_])", bare)
    assert not markup, f"{markup} in {bare!r}"
    return ESCAPED_OR_CODE.sub(lambda found: found[1] or found[3], text)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_reason_stays_one_line_of_text(hostile: str) -> None:
    one = finding(Verdict.ERROR, reason=f"before {hostile} after", notes=(f"note {hostile}",))

    text = to_markdown(run_record(MEASURED, findings=(one,)))

    lines = [line for line in text.splitlines() if "before" in line]
    assert len(lines) == 2, "one among the errors, one among the notes"
    assert all("after" in line for line in lines), "the line was broken"
    written = flat(f"before {hostile} after".replace("\x1b", ""))
    for line in lines:
        assert written in flat(rendered(line[2:]))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_cell_stays_one_cell_of_the_table(hostile: str) -> None:
    odd = CellResult(cell=cell(f"x{hostile}y"), status=f"s{hostile}t")

    text = to_markdown(run_record(MEASURED, odd, findings=()))

    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 4, "head, rule and two rows"
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in table} == {6}, "five columns in every row"
    assert flat(f"x{hostile}y".replace("\x1b", "")) in flat(rendered(table[3].strip("|").replace(" | ", " ")))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_run_writes_no_markup(hostile: str) -> None:
    odd = f"x{hostile}y"
    record = run_record(
        MEASURED,
        id=odd,
        started=odd,
        finished=odd,
        commit=odd,
        versions={odd: odd},
        hardware={"local": hardware(cpu=odd)},
        findings=(finding(Verdict.ERROR, cell=odd),),
    )

    text = to_markdown(record)

    usual = to_markdown(run_record(MEASURED, findings=(finding(Verdict.ERROR),)))
    assert len(text.splitlines()) == len(usual.splitlines())
    for line in text.splitlines():
        if line.startswith("- "):
            rendered(line[2:])
