"""A build or reference job in a child process: start it, follow its events, learn how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.pipeline.messages import Emit, Request, decode_event, encode
from harness.worker.last_lines import LogTail
from harness.worker.process import limited_words


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    """How a child process ended."""

    ok: bool
    reason: str = ""
    """Signal or exit code, and its last lines."""


def run_child(request: Request, *, log: Path, timeout_s: float, threads: int, on_event: Emit) -> JobEnd:
    """Run one job to its end and hand each of its events to *on_event*, in order.

    *timeout_s*: longest silence between two events.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    said = LogTail(log)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "EDGE_HARNESS_CHILD": "1"}
    arguments = [sys.executable, "-P", "-m", "harness.pipeline.job", str(log)]
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )
    timed_out = threading.Event()

    def stop() -> None:
        timed_out.set()
        process.kill()

    watchdog = _started(timeout_s, stop)
    stray: list[str] = []
    assert process.stdin is not None and process.stdout is not None
    try:
        try:
            process.stdin.write(encode(request))
            process.stdin.close()
        except BrokenPipeError:
            pass  # it died before it read the request; its exit code and last lines say why
        for line in process.stdout:
            event = decode_event(line)
            if event is None:
                stray.append(line.decode(errors="replace").rstrip())
            else:
                watchdog.cancel()
                watchdog = _started(timeout_s, stop)
                on_event(event)
        code = process.wait()
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
    if timed_out.is_set():
        return JobEnd(ok=False, reason=f"no end after {timeout_s:g} s{said.last_lines(stray)}")
    if code == 0:
        return JobEnd(ok=True)
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    limited = limited_words(request.memory_limit_bytes)
    return JobEnd(ok=False, reason=f"the process died: {how}{limited}{said.last_lines(stray)}")


def _started(seconds: float, then: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, then)
    timer.daemon = True
    timer.start()
    return timer
