"""The handle on a worker process: start it, ask it, learn how it died, end it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from harness.core.contracts import Target, TargetProcess
from harness.core.tensors import Array, Tensors, stacked
from harness.errors import TargetError
from harness.worker import file_cache, program, tensor_bytes
from harness.worker.last_lines import last_lines

PROGRAM = Path(program.__file__)
WIRE = Path(tensor_bytes.__file__)
FILE_CACHE = Path(file_cache.__file__)
BLOCK_SAMPLES = 1024
BLOCK_BYTES = 32 * 2**20
"""What is predicted in one message, at most; a sample may be larger."""
GRACE_S = 5.0
"""Time between the end of a worker's answers and its own."""


class WorkerFailure(Exception):
    """The worker refused, died or hung; the text says how, with the signal and its last lines."""


class RuntimeMissing(WorkerFailure):
    """The engine can't be imported: it is not there, or only half of it is."""


def limited_words(limit_bytes: int) -> str:
    """What is added to the reason of a death, since a limit on memory may be it; empty without one."""
    return f" (it may allocate {limit_bytes / 1e6:g} MB)" if limit_bytes else ""


class Worker:
    """A fresh process on a target, with one engine in it.

    Use it in a ``with``: leaving it ends the process, whatever state it is in.
    """

    def __init__(
        self,
        target: Target,
        *,
        threads: int,
        run_side: Path,
        log: Path,
        timeout_s: float,
        memory_limit_bytes: int = 0,
    ) -> None:
        """Start the process and import the engine.

        Args:
            target: where it runs.
            threads: of native thread pools.
            run_side: the engine's part of the program.
            log: where the end of its own output goes, once it has ended.
            timeout_s: how long one operation may take before the worker counts as hung.
            memory_limit_bytes: what it may allocate once the engine is imported; 0: no limit.

        Raises:
            WorkerFailure: it did not start, or the engine could not be imported.
        """
        self._log = log
        self._timeout_s = timeout_s
        self._limited = limited_words(memory_limit_bytes)
        self._received = bytearray()
        self._end: tuple[str, str] | None = None
        try:
            text = run_side.read_text(encoding="utf-8")
            self._process: TargetProcess = target.start(PROGRAM, threads)
        except (OSError, TargetError) as err:
            raise WorkerFailure(f"the worker process did not start: {type(err).__name__}: {err}") from err
        try:
            self.greeting = self.ask(
                "hello",
                protocol=program.PROTOCOL,
                run_side=text,
                name=str(run_side),
                wire=WIRE.read_text(encoding="utf-8"),
                memory_limit=memory_limit_bytes,
            )
        except BaseException:
            self.end()
            raise

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        """Send one operation and return its answer.

        Raises:
            WorkerFailure: the operation failed, the process died, or it did not answer in time.
        """
        deadline = time.monotonic() + self._timeout_s
        try:
            for part in program.encode({"op": operation, **fields}):
                self._process.send(part)
            answer = program.decode(lambda size: self._read(size, deadline))
        except TimeoutError:
            raise WorkerFailure(self._late(operation)) from None
        except (EOFError, OSError, ValueError) as err:  # ValueError: its pipes are closed, or hold something else
            how, lines = self._ended(GRACE_S)
            raise WorkerFailure(f"the worker died in {operation!r}: {how}{self._limited}{lines}") from err
        if not answer.pop("ok"):
            if answer["missing"]:
                raise RuntimeMissing(f"the engine can't be imported: {answer['error']}")
            raise WorkerFailure(f"{operation} failed: {answer['error']}{self._limited}")
        return answer

    def prepare(self, sample: Mapping[str, Array]) -> int:
        """Bind one sample, each tensor (1, ...), for timing; returns the first inference's ns."""
        given = self.to_artifact(Tensors(sample)).by_name()
        return int(self.ask("prepare", **tensor_bytes.pack(given))["first_ns"])

    def predict(self, inputs: Tensors, batch: int = 1) -> Tensors:
        """Outputs for *inputs*, *batch* samples at a time."""
        return Tensors.joined(list(self.predictions(inputs, batch)))

    def predictions(self, inputs: Tensors, batch: int = 1) -> Iterator[Tensors]:
        """The same in blocks of samples, each of which is small, inputs and outputs together."""
        start, size = 0, batch
        while start < len(inputs):
            block = self.to_artifact(inputs.take(slice(start, start + size)))
            answer = self.ask("predict", batch=batch, **tensor_bytes.pack(block.by_name()))
            outputs = self.from_artifact(
                Tensors(
                    {
                        name: stacked(values) if isinstance(values, list) else values
                        for name, values in tensor_bytes.unpack(answer["tensors"], answer["data"]).items()
                    }
                )
            )
            yield outputs
            start += size
            bytes_per_sample = max(1, (block.nbytes + outputs.nbytes) // len(block))
            size = max(1, min(BLOCK_SAMPLES, BLOCK_BYTES // bytes_per_sample) // batch) * batch

    def to_artifact(self, inputs: Tensors) -> Tensors:
        """The model's *inputs* as the artifact takes them: the same, unless an heir knows better."""
        return inputs

    def from_artifact(self, outputs: Tensors) -> Tensors:
        """The artifact's *outputs* as the model gives them: the same, unless an heir knows better."""
        return outputs

    def time(self, iterations: int) -> Array:
        """One epoch: ns of each of *iterations* inferences, int64."""
        return np.frombuffer(self.ask("time", iterations=iterations)["times"], dtype=np.int64)

    def end(self) -> None:
        """End the process, whatever it is doing, and write its log."""
        self._ended(0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def _read(self, size: int, deadline: float) -> bytes:
        while len(self._received) < size:
            data = self._process.receive(max(0.0, deadline - time.monotonic()))
            if not data:
                raise EOFError
            self._received += data
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def _late(self, operation: str) -> str:
        """Why there is no answer in time; a worker that still computes is slow rather than hung."""
        busy = self._process.busy()
        _, lines = self._ended(0.0)
        if busy:
            return (
                f"the worker is slow in {operation!r}: no answer in {self._timeout_s:g} s, and it was still at work; "
                f"--harness-timeout gives it longer{lines}"
            )
        return f"the worker hung in {operation!r}: no answer in {self._timeout_s:g} s{lines}"

    def _ended(self, grace_s: float) -> tuple[str, str]:
        """How the process ended, and the last lines of its log in words."""
        if self._end is None:
            how, log = self._process.end(grace_s)
            self._end = how, last_lines(log.splitlines())
            with self._log.open("a", encoding="utf-8") as handle:
                handle.write(log)
        return self._end
