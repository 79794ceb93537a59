"""A child process: its events, and how its end is told."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.core.problem import Phase
from harness.pipeline.child import JobEnd, run_child
from harness.pipeline.messages import Begin, Done, Event, ReferenceRequest, encode

PYTHON = sys.executable
REQUEST = ReferenceRequest(items=())
BEGIN, DONE = Begin(key="a", title="model a", phase=Phase.MODEL), Done(key="a")


@pytest.fixture
def run_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``run_text(text)``: run *text* as the child; returns how it ended and its events."""

    def run(text: str, timeout_s: float = 20.0) -> tuple[JobEnd, list[Event]]:
        script = tmp_path / "job.py"
        script.write_text("import json, os, sys, time\nsys.argv.append(sys.argv[-1])\n" + text, encoding="utf-8")
        launcher = tmp_path / "python"
        launcher.write_text(f'#!/bin/sh\nexec "{PYTHON}" "{script}" "$@"\n', encoding="utf-8")
        launcher.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(launcher))
        events: list[Event] = []
        end = run_child(REQUEST, log=tmp_path / "logs/log", timeout_s=timeout_s, threads=1, on_event=events.append)
        return end, events

    return run


def test_events_arrive_in_order_and_stray_lines_do_not(run_text: Any) -> None:
    lines = [encode(BEGIN).decode(), "noise", "3", "[]", "null", '{"type": "done"}', encode(DONE).decode()]
    end, events = run_text(f"for line in {lines!r}: print(line)")
    assert end == JobEnd(ok=True)
    assert events == [BEGIN, DONE]


def test_an_exit_code_is_told_with_stray_lines(run_text: Any) -> None:
    end, _ = run_text("print('no licence'); sys.exit(5)")
    assert not end.ok
    assert end.reason == "the process died: exit code 5; its last lines:\n    no licence"


def test_a_child_that_never_reads_its_request_is_told(run_text: Any) -> None:
    end, _ = run_text("os.close(0); os._exit(9)")
    assert end.reason.startswith("the process died: exit code 9")


def test_a_signal_is_named_with_the_lines_of_the_log(run_text: Any) -> None:
    text = "open(sys.argv[-1], 'a').write('first\\nlast words\\n'); os.kill(os.getpid(), 11)"
    end, _ = run_text(text)
    assert end.reason == "the process died: signal SIGSEGV; its last lines:\n    first\n    last words"


def test_lines_of_an_earlier_process_in_the_same_log_are_not_told(run_text: Any) -> None:
    run_text("open(sys.argv[-1], 'a').write('from before\\n')")
    end, _ = run_text("os.kill(os.getpid(), 9)")
    assert end.reason == "the process died: signal SIGKILL"


def test_a_hung_child_is_killed_within_its_time(run_text: Any) -> None:
    start = time.monotonic()
    end, events = run_text(f"print({encode(BEGIN).decode()!r}, flush=True); time.sleep(60)", timeout_s=0.5)
    assert time.monotonic() - start < 3
    assert end.reason == "no end after 0.5 s"
    assert events == [BEGIN]


def test_an_error_in_the_handler_ends_the_child(run_text: Any, tmp_path: Path) -> None:
    from fakes.processes import ends_within

    def refuse(event: Event) -> None:
        assert isinstance(event, Done)
        raise KeyboardInterrupt(event.key)

    run_text("pass")
    script = tmp_path / "job.py"
    script.write_text(
        "import json, os, time\nprint(json.dumps({'type': 'done', 'key': str(os.getpid())}), flush=True)\ntime.sleep(60)\n",
        encoding="utf-8",
    )
    with pytest.raises(KeyboardInterrupt) as caught:
        run_child(REQUEST, log=tmp_path / "log", timeout_s=20, threads=1, on_event=refuse)
    assert ends_within(int(caught.value.args[0]), 1)
