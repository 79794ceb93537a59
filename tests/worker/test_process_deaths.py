"""Workers that die, hang or never come to life: each ends with its reason, and none stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.core.contracts import Target
from harness.core.tensors import Array, Tensors
from harness.targets.local import Local
from harness.targets.remote import Remote
from harness.worker.process import RuntimeMissing, Worker, WorkerFailure
from harness.worker.program import encode
from tests.worker.conftest import Lower, OpenWorker

OPTIONS = {"threads": 1, "provider": "cpu", "rounding": "even"}
SIGNALS = ("SIGSEGV", "SIGABRT", "SIGKILL")


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_while_loading_is_named_with_the_last_lines(open_worker: OpenWorker, lower: Lower, name: str) -> None:
    with pytest.raises(WorkerFailure) as caught:
        open_worker(lower("fp32", load=name))
    told = str(caught.value)
    assert told.startswith(f"the worker died in 'load': signal {name}; its last lines:\n")
    assert f"    sabotage: {name}" in told


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_while_predicting_is_named(open_worker: OpenWorker, lower: Lower, samples: Tensors, name: str) -> None:
    worker = open_worker(lower("fp32", predict=name))
    with pytest.raises(WorkerFailure, match=f"^the worker died in 'predict': signal {name}"):
        worker.predict(samples, 1)


def test_a_signal_in_the_timed_call_is_named(open_worker: OpenWorker, lower: Lower, sample: dict[str, Array]) -> None:
    worker = open_worker(lower("fp32", timed="SIGSEGV"))
    worker.prepare(sample)
    with pytest.raises(WorkerFailure, match=r"^the worker died in 'time': signal SIGSEGV") as caught:
        worker.time(200)
    assert "Segmentation fault" in str(caught.value)  # faulthandler's words, with the Python stack below


def test_an_engine_that_calls_exit_is_told_with_its_code(open_worker: OpenWorker, lower: Lower) -> None:
    with pytest.raises(WorkerFailure, match=r"^the worker died in 'load': exit code 7"):
        open_worker(lower("fp32", load="exit"))


def test_only_the_last_lines_are_told(open_worker: OpenWorker, lower: Lower) -> None:
    side = "import os\nfor i in range(100): print(f'line {i}', flush=True)\nos._exit(3)\n"
    with pytest.raises(WorkerFailure) as caught:
        open_worker(text=side)
    assert "line 99" in str(caught.value)
    assert "line 80" not in str(caught.value)


def test_a_dead_worker_fails_every_further_question(open_worker: OpenWorker, lower: Lower, samples: Tensors) -> None:
    worker = open_worker(lower("fp32", predict="SIGKILL"))
    for _ in range(2):
        with pytest.raises(WorkerFailure, match="signal SIGKILL"):
            worker.predict(samples, 1)
    with pytest.raises(WorkerFailure, match="signal SIGKILL"):
        worker.ask("memory")


@pytest.mark.parametrize("where", ["load", "predict"])
def test_a_hung_worker_is_killed_within_its_time(
    open_worker: OpenWorker, lower: Lower, samples: Tensors, where: str
) -> None:
    from fakes.processes import ends_within

    artifact = str(lower("fp32", **{where: "hang"}))
    worker = open_worker(timeout_s=0.5)
    pid = worker.greeting["pid"]
    if where == "predict":
        worker.ask("load", path=artifact, options=OPTIONS)
    start = time.monotonic()
    with pytest.raises(WorkerFailure, match=rf"^the worker hung in '{where}': no answer in 0\.5 s; its last lines:"):
        worker.predict(samples, 1) if where == "predict" else worker.ask("load", path=artifact, options=OPTIONS)
    assert time.monotonic() - start < 4
    assert ends_within(pid, 1)


BUSY_SIDE = """
def versions():
    return {}

def open_session(path, options):
    print("compiles", flush=True)
    while True:
        pass
"""


def test_a_worker_that_still_computes_is_slow_not_hung(open_worker: OpenWorker) -> None:
    from fakes.processes import ends_within

    worker = open_worker(text=BUSY_SIDE, timeout_s=1.0)
    with pytest.raises(
        WorkerFailure,
        match=r"^the worker is slow in 'load': no answer in 1 s, and it was still at work; --harness-timeout gives it "
        r"longer; its last lines:\n    compiles$",
    ):
        worker.ask("load", path="", options={})
    assert ends_within(worker.greeting["pid"], 1)


def test_leaving_the_with_ends_a_worker_that_is_busy(
    lower: Lower, tmp_path: Path, run_side: Path, target: Target
) -> None:
    from fakes.processes import ends_within

    with Worker(target, threads=1, run_side=run_side, log=tmp_path / "log", timeout_s=20) as worker:
        pid = worker.greeting["pid"]
        for part in encode({"op": "load", "path": str(lower("fp32", load="hang")), "options": OPTIONS}):
            worker._process.send(part)
    assert ends_within(pid, 1)


def test_leaving_the_with_ends_an_idle_worker_at_once(tmp_path: Path, run_side: Path, target: Target) -> None:
    from fakes.processes import ends_within

    with Worker(target, threads=1, run_side=run_side, log=tmp_path / "log", timeout_s=20) as worker:
        pid = worker.greeting["pid"]
        start = time.monotonic()
    assert time.monotonic() - start < 0.9
    assert ends_within(pid, 0.5)


def test_an_engine_that_cannot_be_imported_is_told(open_worker: OpenWorker) -> None:
    with pytest.raises(
        RuntimeMissing, match=r"the engine can't be imported: ModuleNotFoundError: No module named 'no_such_engine'"
    ):
        open_worker(text="import no_such_engine\n")


def test_an_engine_whose_import_raises_something_else_is_told(open_worker: OpenWorker, tmp_path: Path) -> None:
    """Half installed: the module is there, what it loads is not."""
    (tmp_path / "half_there.py").write_text("raise OSError('libcudart.so.13: cannot open shared object file')\n")
    with pytest.raises(RuntimeMissing, match=r"can't be imported: OSError: libcudart"):
        open_worker(text=f"import sys\nsys.path.append({str(tmp_path)!r})\nimport half_there\n")


def test_a_run_side_that_fails_by_itself_is_no_missing_engine(open_worker: OpenWorker) -> None:
    with pytest.raises(WorkerFailure) as caught:
        open_worker(text="raise OSError('a mistake in the run side')\n")
    assert not isinstance(caught.value, RuntimeMissing)


def test_a_run_side_with_a_syntax_error_is_told_with_its_line(open_worker: OpenWorker) -> None:
    with pytest.raises(WorkerFailure, match=r"hello failed: SyntaxError: .*side\.py, line 2"):
        open_worker(text="import os\ndef broken(:\n    pass\n")


def test_a_run_side_without_its_functions_is_told(open_worker: OpenWorker) -> None:
    with pytest.raises(WorkerFailure, match=r"hello failed: AttributeError: .*'versions'"):
        open_worker(text="import os\n")


def test_a_run_side_that_exits_is_told(open_worker: OpenWorker) -> None:
    # SystemExit is no Exception: unless it is caught too, the worker leaves without a word.
    with pytest.raises(WorkerFailure, match=r"hello failed: SystemExit: no licence"):
        open_worker(text="raise SystemExit('no licence')\n")


def test_a_run_side_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkerFailure, match=r"gone\.py"):
        Worker(Local(), threads=1, run_side=tmp_path / "gone.py", log=tmp_path / "log", timeout_s=5)


def test_a_python_that_is_not_there_is_told(tmp_path: Path, run_side: Path) -> None:
    nowhere = Remote("nowhere", "popen//python=/no/such/python")
    with pytest.raises(WorkerFailure, match="the worker process did not start: TargetError: target 'nowhere' can't be"):
        Worker(nowhere, threads=1, run_side=run_side, log=tmp_path / "log", timeout_s=5)


PARENT = """
import sys, time
from pathlib import Path
from harness.targets.local import Local
from harness.targets.remote import Remote
from harness.worker.process import Worker

target = Local() if sys.argv[4] == "local" else Remote("board", f"popen//python={sys.executable}")
folder, artifact = Path(sys.argv[1]), sys.argv[2]
worker = Worker(target, threads=1, run_side=Path(sys.argv[3]), log=folder / "log", timeout_s=60)
print(worker.greeting["pid"], flush=True)
if artifact:
    worker.ask("load", path=artifact, options={"threads": 1, "provider": "cpu", "rounding": "even"})
time.sleep(60)
"""


@pytest.mark.parametrize("where", ["local", "remote"])
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_worker_ends_with_its_killed_parent(
    lower: Lower, tmp_path: Path, run_side: Path, busy: bool, where: str
) -> None:
    from fakes.processes import alive, ends_within

    artifact = str(lower("fp32", load="hang")) if busy else ""
    arguments = [sys.executable, "-c", PARENT, str(tmp_path), artifact, str(run_side), where]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        try:
            time.sleep(0.3)  # let it get into the engine
            assert alive(pid)
        finally:
            os.kill(parent.pid, signal.SIGKILL)
        parent.wait(timeout=5)
    assert ends_within(pid, 3)
