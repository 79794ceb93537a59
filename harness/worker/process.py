"""The handle on a worker process: start it, ask it, learn how it died, end it."""

from __future__ import annotations

import signal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from harness.core.data import Array
from harness.worker import program
from harness.worker.last_lines import LogTail


class WorkerFailure(Exception):
    """The worker refused, died or hung; the text says how, with the signal and its last lines."""


class RuntimeMissing(WorkerFailure):
    """The engine can't be imported: it is not there, or only half of it is."""


def limited_words(limit_bytes: int) -> str:
    """What is added to the reason of a death, since a limit on memory may be it; empty without one."""
    return f" (it may allocate {limit_bytes / 1e6:g} MB)" if limit_bytes else ""


class Worker:
    """A fresh process with one engine in it, reached through an execnet gateway.

    Use it in a ``with``: leaving it ends the process, whatever state it is in.
    """

    def __init__(
        self, gateway: str, *, run_side: Path, log: Path, timeout_s: float, memory_limit_bytes: int = 0
    ) -> None:
        """Start the process and import the engine.

        Args:
            gateway: execnet specification of the process.
            run_side: the engine's part of the program.
            log: where the worker's own output goes.
            timeout_s: how long one operation may take before the worker counts as hung.
            memory_limit_bytes: what it may allocate once the engine is imported; 0: no limit.

        Raises:
            WorkerFailure: it did not start, or the engine could not be imported.
        """
        import execnet

        self._log = log
        self._said = LogTail(log)
        self._timeout_s = timeout_s
        self._limited = limited_words(memory_limit_bytes)
        self._group = execnet.Group(execmodel="thread")
        try:
            self._gateway = self._group.makegateway(gateway)
            self._channel = self._gateway.remote_exec(program)
            self.greeting = self.ask(
                "hello",
                protocol=program.PROTOCOL,
                run_side=run_side.read_text(encoding="utf-8"),
                name=str(run_side),
                log=str(log),
                memory_limit=memory_limit_bytes,
            )
        except (OSError, EOFError, execnet.HostNotFound, execnet.RemoteError) as err:
            self.end()
            raise WorkerFailure(f"the worker process did not start: {type(err).__name__}: {err}") from err
        except BaseException:
            self.end()
            raise

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        """Send one operation and return its answer.

        Raises:
            WorkerFailure: the operation failed, the process died, or it did not answer in time.
        """
        try:
            self._channel.send({"op": operation, **fields})
            answer: dict[str, Any] = self._channel.receive(self._timeout_s)
        except self._channel.TimeoutError:
            self.end()
            raise WorkerFailure(
                f"the worker hung in {operation!r}: no answer in {self._timeout_s:g} s{self._said.last_lines()}"
            ) from None
        except (EOFError, OSError, self._channel.RemoteError) as err:
            raise WorkerFailure(
                f"the worker died in {operation!r}: {self._how_it_died()}{self._limited}{self._said.last_lines()}"
            ) from err
        if not answer.pop("ok"):
            with self._log.open("a", encoding="utf-8") as log:
                log.write(answer["traceback"])
            if answer["missing"]:
                raise RuntimeMissing(f"the engine can't be imported: {answer['error']}")
            raise WorkerFailure(f"{operation} failed: {answer['error']}{self._limited}")
        return answer

    def prepare(self, sample: Array) -> int:
        """Bind one sample for timing; returns the first inference's ns."""
        return int(
            self.ask("prepare", sample=sample.tobytes(), dtype=str(sample.dtype), shape=list(sample.shape))["first_ns"]
        )

    def predict(self, inputs: Array, batch: int) -> Array:
        """Outputs for *inputs* (n, ...), *batch* samples at a time."""
        answer = self.ask(
            "predict", inputs=inputs.tobytes(), dtype=str(inputs.dtype), shape=list(inputs.shape), batch=batch
        )
        return np.frombuffer(answer["outputs"], dtype=answer["dtype"]).reshape(answer["shape"])

    def time(self, iterations: int) -> Array:
        """One epoch: ns of each of *iterations* inferences, int64."""
        return np.frombuffer(self.ask("time", iterations=iterations)["times"], dtype=np.int64)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        process = self._process()
        if process is not None:
            process.kill()  # it holds nothing worth saving, and an engine may take a second to go by itself
        self._group.terminate(timeout=1.0)
        for pipe in (process.stdin, process.stdout) if process is not None else ():
            pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def _process(self) -> Any:
        # execnet keeps the process object to itself; without it the cause of a death is merely unknown.
        return getattr(getattr(getattr(self, "_gateway", None), "_io", None), "popen", None)

    def _how_it_died(self) -> str:
        process = self._process()
        if process is None:
            return "the connection was lost"
        try:
            code = process.wait(timeout=5)
        except Exception as err:  # the reason of a death that is reported either way
            return f"the connection was lost, the process lives on ({type(err).__name__})"
        if code < 0:
            return f"signal {signal.Signals(-code).name}"
        return f"exit code {code}"
