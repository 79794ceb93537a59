"""One program in a fresh process of this machine: bytes in and out of it, whether it is at work, how it ended.

Standard library only: it is sent to other machines as text.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping

BOOTSTRAP = """
import os, sys
length, text = int(sys.argv[1]), b""
while len(text) < length:
    text += os.read(0, length - len(text)) or sys.exit("the program did not arrive")
exec(compile(text, sys.argv[2], "exec"))
"""
"""Reads the program from standard input and not one byte more: what follows is for the program."""
CHUNK = 1 << 20
POLL_S = 0.5
"""How often a silent process is asked whether it lives: a child of its own may keep its pipes open."""
LOG_BYTES = 1 << 16
BUSY_WINDOW_S = 0.5
BUSY_SHARE = 0.05
"""CPU time, as a share of the window, from which a process counts as at work."""


class Child:
    """A Python program in a process of its own; standard input and output are its channel, the rest is its log."""

    def __init__(self, text: str, name: str, environment: Mapping[str, str]) -> None:
        """Start it.

        Args:
            text: the program.
            name: what its tracebacks call it.
            environment: what is added to this process's.

        Raises:
            OSError: no process can be started.
        """
        program = text.encode()
        self._log = tempfile.TemporaryFile(prefix="edge-harness-worker-")  # noqa: SIM115 - closed with the process
        try:
            # -P keeps the current folder's files from shadowing the engine's modules.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", BOOTSTRAP, str(len(program)), name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env={**os.environ, **environment},
                bufsize=0,
            )
        except BaseException:
            self._log.close()
            raise
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._end = ("", "")
        self._closing, self._reading = threading.Lock(), threading.Lock()
        with contextlib.suppress(BrokenPipeError):  # it is dead already: the first answer that is missing tells how
            self.send(program)

    def send(self, data: bytes) -> None:
        """Write all of *data* to it; it may wait until the process reads.

        Raises:
            OSError: the process has ended.
        """
        rest = memoryview(data)
        while rest:
            rest = rest[self._input.write(rest) or 0 :]

    def receive(self, timeout_s: float | None) -> bytes:
        """What it wrote, as soon as there is any; empty when it has ended, or was ended.

        Raises:
            TimeoutError: it wrote nothing within *timeout_s*.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            wait_s = POLL_S if deadline is None else min(POLL_S, max(0.0, deadline - time.monotonic()))
            with self._reading:
                if self._output.closed:
                    return b""
                ended = self._process.poll() is not None
                poll = select.poll()
                poll.register(self._output, select.POLLIN)
                if poll.poll(0 if ended else 1000 * wait_s):
                    return os.read(self._output.fileno(), CHUNK)
            if ended:
                return b""
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"nothing in {timeout_s:g} s")

    def busy(self) -> bool:
        """Whether it uses the CPU just now; False also where that can't be known. Takes half a second."""
        before = self._cpu_seconds()
        time.sleep(BUSY_WINDOW_S)
        after = self._cpu_seconds()
        return before is not None and after is not None and after - before >= BUSY_SHARE * BUSY_WINDOW_S

    def end(self, grace_s: float = 0.0) -> tuple[str, str]:
        """Kill it unless it ends by itself within *grace_s*; how it ended, and the end of its log.

        A second call answers the same.
        """
        with self._closing:
            if not self._log.closed:
                how = self._wait(grace_s)
                self._end = (how, self._log_tail())
                with self._reading:  # a descriptor that is closed under a reader may be another file's by then
                    for stream in (self._input, self._output, self._log):
                        stream.close()
        return self._end

    def _wait(self, grace_s: float) -> str:
        try:
            code = self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()  # it holds nothing worth saving, and an engine may take a second to go by itself
            self._process.wait()
            return "it lived on without its channel" if grace_s else "it was ended"
        return f"signal {_signal_name(-code)}" if code < 0 else f"exit code {code}"

    def _cpu_seconds(self) -> float | None:
        try:
            with open(f"/proc/{self._process.pid}/stat", encoding="ascii", errors="replace") as handle:
                fields = handle.read().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, see proc(5)
        except (OSError, ValueError, IndexError):
            return None

    def _log_tail(self) -> str:
        descriptor = self._log.fileno()
        size = os.fstat(descriptor).st_size
        # Where to read is said with each call: the process shares this file's position.
        return os.pread(descriptor, LOG_BYTES, max(0, size - LOG_BYTES)).decode(errors="replace")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return str(number)
