"""The program inside a worker process: load, predict, time, report memory.

It is sent to the worker as text and must stand alone: the standard library and numpy, nothing of this package. The
engine's part, the *run side*, is a second text in the first message (``harness.worker.run_side`` says what it defines),
``tensor_bytes.py`` a third; ``file_cache.py`` comes with a request to load from cold files.
A request is a dict with ``op``, its answer one with ``ok``. They come and go on standard input and output: four bytes with
the length of a JSON text, this text, and then the bytes that it announces. Arrays travel as bytes with dtype and shape.
"""

from __future__ import annotations

import array
import contextlib
import faulthandler
import gc
import json
import linecache
import os
import struct
import sys
import threading
import time
import traceback
import types
from collections.abc import Callable
from typing import Any, BinaryIO

PROTOCOL = 5
LENGTH = struct.Struct(">I")


def encode(message: dict[str, Any]) -> list[bytes]:
    """*message* as what travels: its head, then each of its ``bytes`` values."""
    raw = {name: value for name, value in message.items() if isinstance(value, bytes)}
    fields = {name: value for name, value in message.items() if name not in raw}
    head = json.dumps([fields, [[name, len(value)] for name, value in raw.items()]]).encode()
    return [LENGTH.pack(len(head)) + head, *raw.values()]


def decode(read: Callable[[int], bytes]) -> dict[str, Any]:
    """The message that *read*, which gives just as many bytes as it is asked for, finds next."""
    (length,) = LENGTH.unpack(read(LENGTH.size))
    fields, raw = json.loads(read(length))
    return {**fields, **{name: read(size) for name, size in raw}}


def memory_bytes() -> dict[str, int]:
    """Resident and peak resident bytes of this process."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            rows = dict(line.split(":", 1) for line in status if line.startswith(("VmRSS", "VmHWM")))
        return {"rss": int(rows["VmRSS"].split()[0]) * 1024, "peak": int(rows["VmHWM"].split()[0]) * 1024}
    except (OSError, KeyError):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        return {"rss": peak, "peak": peak}


def reset_peak() -> bool:
    """Let the peak start again from the present resident size; False where the kernel does not offer it."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as handle:
            handle.write("5")
    except OSError:
        return False
    return True


def limit_memory(limit_bytes: int) -> None:
    """Let the system refuse what would bring this process's writable memory over *limit_bytes*; 0: no limit."""
    if limit_bytes:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def confine(cpus: list[int]) -> None:
    """Let every thread of this process run on *cpus* alone; those that are started meanwhile have it from their maker."""
    confined: set[str] = set()
    while new := set(os.listdir("/proc/self/task")) - confined:
        for thread in new:
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.sched_setaffinity(int(thread), cpus)
        confined |= new


def time_epoch(step: Callable[[], Any], iterations: int) -> array.array[int]:
    """Nanoseconds of each of *iterations* calls, garbage collection held off meanwhile."""
    clock = time.perf_counter_ns
    times = array.array("q", bytes(8 * iterations))
    collecting = gc.isenabled()
    gc.disable()
    try:
        for i in range(iterations):
            start = clock()
            step()
            times[i] = clock() - start
    finally:
        if collecting:
            gc.enable()
    return times


def slowed(step: Callable[[], Any], spin_ns: int) -> Callable[[], Any]:
    """*step* that takes *spin_ns* longer: a busy loop follows it, shorter by what calling it that way costs."""
    clock = time.perf_counter_ns

    def with_spin(call: Callable[[], Any], ns: int) -> Callable[[], Any]:
        def call_and_spin() -> Any:
            outputs = call()
            end = clock() + ns
            while clock() < end:
                pass
            return outputs

        return call_and_spin

    def nothing() -> None: ...

    bare, spinning = (sorted(time_epoch(call, 101))[50] for call in (nothing, with_spin(nothing, spin_ns)))
    return with_spin(step, max(0, 2 * spin_ns - (spinning - bare)))


def exit_with_parent(poll_seconds: float = 0.5) -> None:
    """End this process when its parent is gone: a busy worker would otherwise run on."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(poll_seconds)
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()


def failed_at_import(err: BaseException, own: str = "") -> bool:
    """Whether *err* arose while a module was imported: the engine, or something it needs, is missing or half installed.

    The file *own* doesn't count: it is the run side itself.
    """
    trace = err.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        # The importer's own frames are cut out of tracebacks.
        if code.co_name == "<module>" and code.co_filename != own:
            return True
        trace = trace.tb_next
    return isinstance(err, ImportError)


def load_module(text: str, name: str) -> types.ModuleType:
    """The module that *text* is, whose tracebacks show its lines."""
    module = types.ModuleType("run_side")
    module.__file__ = name
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), module.__dict__)  # noqa: S102 - this is how a run side reaches the worker
    return module


def plain(value: Any) -> Any:
    """*value* as a message can carry it: numpy's numbers as Python's, arrays as lists, what else there is as text."""
    if hasattr(value, "tolist"):  # a numpy scalar or array
        value = value.tolist()
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value if type(value) in (str, int, float, bool, type(None)) else str(value)


class Program:
    """One worker's state and its answers; a method per operation."""

    def __init__(self) -> None:
        self.run_side: Any = None
        self.wire: Any = None
        self.outputs: list[str] = []
        self.session: Any = None
        self.inference: Callable[[], Any] | None = None
        self.step: Callable[[], Any] | None = None
        self.idle = 0

    def hello(self, protocol: int, run_side: str, name: str, wire: str, memory_limit: int) -> dict[str, Any]:
        """Shake hands, import the engine, then limit what may be allocated; *name* is the run side's in tracebacks."""
        if protocol != PROTOCOL:
            raise ValueError(f"the worker speaks protocol {PROTOCOL}, it was asked for {protocol}")
        sys.path[:] = [entry for entry in sys.path if entry not in ("", os.getcwd())]
        self.run_side = load_module(run_side, name)
        versions = {str(name): str(version) for name, version in self.run_side.versions().items()}
        self.wire = load_module(wire, "tensor_bytes.py")  # it imports numpy: whether the run side did is told by then
        self.idle = memory_bytes()["rss"]
        limit_memory(memory_limit)
        return {"protocol": PROTOCOL, "pid": os.getpid(), "python": sys.version.split()[0], "versions": versions}

    def missing_device(self, provider: str) -> dict[str, Any]:
        """Whether this machine has a device for *provider*; an empty reason when it has."""
        return {"reason": str(self.run_side.missing_device(provider))}

    def load(self, path: str, options: dict[str, Any], file_cache: str = "", files: Any = ()) -> dict[str, Any]:
        """Open the artifact at *path*, with *file_cache* its *files* cold; *options* name inputs and outputs, in their order."""
        dropped = load_module(file_cache, "file_cache.py").drop(path, files) if file_cache else {}
        self.outputs = options.get("outputs", ["output"])
        reset_peak()
        start = time.perf_counter_ns()
        self.session = self.run_side.open_session(path, options)
        return {"load_ns": time.perf_counter_ns() - start, **dropped}

    def describe(self) -> dict[str, Any]:
        """What the engine tells of the open artifact; asked for after its inferences, for some tell only then."""
        return {"description": plain(self.session.describe())}

    def prepare(self, tensors: list[Any], data: bytes) -> dict[str, Any]:
        """Bind one sample for timing and run the first inference."""
        self.inference = self.step = self.session.prepare(self._given(self.wire.unpack(tensors, data)))
        start = time.perf_counter_ns()
        self.inference()
        return {"first_ns": time.perf_counter_ns() - start}

    def slow_down(self, spin_ns: int) -> dict[str, Any]:
        """Let each timed call spin for *spin_ns* after its inference, as an artifact that is slower would; until ``prepare``."""
        if spin_ns <= 0:
            raise ValueError(f"spin_ns must be positive, it was {spin_ns}")
        assert self.inference is not None, "prepare comes first"
        self.step = slowed(self.inference, spin_ns)
        return {}

    def move(self, cpus: list[int], settle: int) -> dict[str, Any]:
        """Move every thread to *cpus*, where *settle* untimed inferences warm the caches; the reason if it can't be, else empty."""
        try:
            confine(cpus)
        except (OSError, AttributeError) as err:  # AttributeError: this system has no affinity
            return {"reason": f"{type(err).__name__}: {err}"}
        for _ in range(settle):
            assert self.step is not None, "prepare comes first"
            self.step()
        return {"reason": ""}

    def where(self) -> dict[str, Any]:
        """The CPU that the timed thread ran on last; None where the system does not tell."""
        try:
            with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:
                return {"cpu": int(stat.read().rpartition(")")[2].split()[36])}
        except (OSError, ValueError, IndexError):
            return {"cpu": None}

    def context(self) -> dict[str, Any]:
        """How often the system took the CPU from this process so far; None where it is not counted."""
        try:
            import resource
        except ImportError:
            return {"involuntary_switches": None}
        return {"involuntary_switches": resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw}

    def memory(self) -> dict[str, Any]:
        """Peak resident bytes since loading began, over the idle level with the engine imported."""
        now = memory_bytes()
        return {"idle": self.idle, "peak": now["peak"], "over_idle": max(now["peak"] - self.idle, 0)}

    def predict(self, tensors: list[Any], data: bytes, batch: int) -> dict[str, Any]:
        """Outputs for all samples, *batch* at a time."""
        wire, samples = self.wire, self.wire.unpack(tensors, data)
        parts = []
        for start in range(0, wire.count(samples), batch):
            given = wire.rows(samples, start, start + batch)
            parts.append(wire.named(self.session.predict(self._given(given)), self.outputs, wire.count(given)))
        packed: dict[str, Any] = wire.pack(wire.joined(parts))
        return packed

    def warm_up(self, least_iterations: int, least_ns: int) -> dict[str, Any]:
        """Run until both minima are met; answers the median of the later half, in ns."""
        assert self.step is not None, "prepare comes first"
        times: list[int] = []
        deadline = time.perf_counter_ns() + least_ns
        while len(times) < least_iterations or time.perf_counter_ns() < deadline:
            times.extend(time_epoch(self.step, 1))
        later = sorted(times[len(times) // 2 :])
        return {"p50_ns": later[len(later) // 2], "iterations": len(times)}

    def time(self, iterations: int) -> dict[str, Any]:
        """One epoch: ns per inference, as int64 bytes."""
        assert self.step is not None, "prepare comes first"
        return {"times": time_epoch(self.step, iterations).tobytes()}

    def close(self) -> dict[str, Any]:
        """Give the artifact back."""
        if self.session is not None:
            self.session.close()
        self.session = self.inference = self.step = None
        return {}

    def _given(self, tensors: dict[str, Any]) -> Any:
        """What the run side takes: tensors by name, or the only one where it knows no names."""
        if getattr(self.run_side, "NAMED_TENSORS", False):
            return tensors
        if len(tensors) != 1:
            raise ValueError(f"this run side takes one tensor, the model takes {', '.join(tensors)}: see NAMED_TENSORS")
        return next(iter(tensors.values()))


OPERATIONS = tuple(name for name in vars(Program) if not name.startswith("_"))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    program = Program()

    def read(size: int) -> bytes:
        data = requests.read(size)
        if len(data) < size:
            raise EOFError
        return data

    while True:
        try:
            message = decode(read)
        except EOFError:
            return
        for part in encode(_answer(program, message)):
            answers.write(part)
        answers.flush()


def _answer(program: Program, message: dict[str, Any]) -> dict[str, Any]:
    operation = message.pop("op")
    try:
        if operation not in OPERATIONS:
            raise ValueError(f"unknown operation {operation!r}; this worker knows {', '.join(OPERATIONS)}")
        return {"ok": True, **getattr(program, operation)(**message)}
    except (Exception, SystemExit) as err:  # the worker's boundary: every failure becomes an answer with its reason
        traceback.print_exc()
        missing = operation == "hello" and failed_at_import(err, own=message["name"])
        return {"ok": False, "error": f"{type(err).__name__}: {err}", "missing": missing}


def main() -> None:
    """Take standard input and output for messages, and leave the log to whoever prints, the engine included."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    faulthandler.enable()
    exit_with_parent()
    serve(requests, answers)


if __name__ == "__main__":
    main()
