"""What a living worker answers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes.named import one

from harness.core.tensors import Array, Tensors
from harness.worker import program
from harness.worker.process import Worker, WorkerFailure
from tests.worker.conftest import Lower, OpenWorker

SAMPLE = {"x": np.zeros((1, 2))}
QUIET_SIDE = """
def versions():
    return {{}}

def open_session(path, options):
    return Session()

class Session:
    def predict(self, batch):
        return {outputs}

    def prepare(self, sample):
        return lambda: None

    def describe(self):
        return {description}

    def close(self):
        pass
"""


def test_it_greets_with_protocol_pid_and_the_engines_versions(open_worker: OpenWorker) -> None:
    greeting = open_worker().greeting
    assert greeting["protocol"] == program.PROTOCOL
    assert greeting["pid"] not in (os.getpid(), 0)
    assert greeting["versions"] == {"numpy": np.__version__}


def test_another_protocol_is_refused_with_both_numbers(
    open_worker: OpenWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The program is sent as its file's text, so the other side keeps the number that stands there.
    monkeypatch.setattr(program, "PROTOCOL", program.PROTOCOL + 1)
    with pytest.raises(WorkerFailure, match=r"hello failed: ValueError: the worker speaks protocol 5, .* asked for 6"):
        open_worker()


def test_an_unknown_operation_names_those_that_exist_and_the_worker_lives_on(open_worker: OpenWorker) -> None:
    worker = open_worker()
    with pytest.raises(
        WorkerFailure, match=r"unknown operation 'dance'; this worker knows hello, missing_device, load"
    ):
        worker.ask("dance")
    assert worker.ask("memory")["peak"] > 0


def test_a_missing_field_is_told_and_the_worker_lives_on(open_worker: OpenWorker) -> None:
    worker = open_worker()
    with pytest.raises(WorkerFailure, match="load failed: TypeError"):
        worker.ask("load")
    assert worker.ask("memory")["peak"] > 0


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_predictions_are_the_engines_whatever_the_batch(
    open_worker: OpenWorker, lower: Lower, samples: Tensors, exact: Array, batch: int
) -> None:
    predicted = open_worker(lower("fp32")).predict(samples, batch)
    assert predicted.names == ("output",)
    outputs = predicted.only
    assert isinstance(outputs, np.ndarray)
    assert outputs.shape == exact.shape
    assert outputs.dtype == np.float32
    np.testing.assert_allclose(outputs, exact, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("precision", ["fp16", "int8_static", "int8_dynamic"])
def test_lowered_artifacts_predict_nearly_the_same(
    open_worker: OpenWorker, lower: Lower, samples: Tensors, exact: Array, precision: str
) -> None:
    outputs = open_worker(lower(precision)).predict(samples, 1).plain()
    assert (outputs.argmax(axis=1) == exact.argmax(axis=1)).mean() >= 0.9
    assert not np.array_equal(outputs, exact)


def test_samples_of_other_types_arrive_as_they_are(open_worker: OpenWorker, tmp_path: Path) -> None:
    worker = open_worker(tmp_path, text=QUIET_SIDE.format(outputs="batch[:, ::-1] * 2", description="{}"))
    sent = np.arange(12, dtype=np.int64).reshape(2, 6)
    received = worker.predict(one(sent), 1).plain()
    assert received.dtype == np.int64
    np.testing.assert_array_equal(received, sent[:, ::-1] * 2)


def test_samples_that_are_no_contiguous_array_are_sent_whole(
    open_worker: OpenWorker, lower: Lower, samples: Tensors, exact: Array
) -> None:
    every_other = one(samples.only[::-2])  # type: ignore[index]
    outputs = open_worker(lower("fp32")).predict(every_other, 1)
    np.testing.assert_allclose(outputs.plain(), exact[::-2], rtol=1e-5, atol=1e-4)


def test_times_are_one_positive_number_per_inference(
    open_worker: OpenWorker, lower: Lower, sample: dict[str, Array]
) -> None:
    worker = open_worker(lower("fp32"))
    assert worker.prepare(sample) > 0
    times = worker.time(25)
    assert times.shape == (25,)
    assert times.dtype == np.int64
    assert (times > 0).all()


def test_a_slowed_engine_takes_the_longer_time(open_worker: OpenWorker, lower: Lower, sample: dict[str, Array]) -> None:
    medians = []
    for switches in ({}, {"spin_percent": 400}):
        worker = open_worker(lower("fp32", **switches))
        worker.prepare(sample)
        worker.time(200)
        medians.append(float(np.median(worker.time(400))))
    assert medians[1] > 2 * medians[0]


def test_warm_up_meets_both_minima(open_worker: OpenWorker, lower: Lower, sample: dict[str, Array]) -> None:
    worker = open_worker(lower("fp32"))
    worker.prepare(sample)
    assert worker.ask("warm_up", least_iterations=33, least_ns=0)["iterations"] == 33
    answer = worker.ask("warm_up", least_iterations=1, least_ns=20_000_000)
    assert answer["iterations"] > 1
    assert answer["p50_ns"] > 0


def test_timing_before_preparing_is_refused(open_worker: OpenWorker, lower: Lower) -> None:
    worker = open_worker(lower("fp32"))
    with pytest.raises(WorkerFailure, match="prepare comes first"):
        worker.time(3)


SPIN_NS = 2_000_000


def quiet(open_worker: OpenWorker) -> Worker:
    """A worker whose inference takes next to no time."""
    worker = open_worker(text=QUIET_SIDE.format(outputs="batch", description="{}"))
    worker.ask("load", path="", options={})
    return worker


def test_slowing_down_adds_the_spin_to_every_call(open_worker: OpenWorker) -> None:
    worker = quiet(open_worker)
    worker.prepare(SAMPLE)
    medians, warm = [], []
    for _ in range(5):  # on a busy machine what the loop itself costs is overestimated, and taken off the spin
        worker.ask("slow_down", spin_ns=SPIN_NS)
        times = worker.time(50)
        assert times.min() < 1.5 * SPIN_NS
        medians.append(np.median(times))
        warm.append(worker.ask("warm_up", least_iterations=5, least_ns=0)["p50_ns"])
        if max(medians) >= 0.99 * SPIN_NS and max(warm) >= 0.99 * SPIN_NS:
            return
    pytest.fail(f"a spin of {SPIN_NS} ns is not seen in {medians}, {warm}")


def test_slowing_down_again_replaces_the_former_spin(open_worker: OpenWorker) -> None:
    worker = quiet(open_worker)
    worker.prepare(SAMPLE)
    worker.ask("slow_down", spin_ns=10 * SPIN_NS)
    worker.ask("slow_down", spin_ns=SPIN_NS)
    assert worker.time(20).min() < 5 * SPIN_NS  # the least: a busy machine makes others longer


def test_preparing_again_ends_the_spin(open_worker: OpenWorker) -> None:
    worker = quiet(open_worker)
    worker.prepare(SAMPLE)
    worker.ask("slow_down", spin_ns=SPIN_NS)
    worker.prepare(SAMPLE)
    assert worker.time(20).min() < SPIN_NS


@pytest.mark.parametrize("spin_ns", [0, -1])
def test_a_spin_that_is_not_positive_is_refused(open_worker: OpenWorker, spin_ns: int) -> None:
    worker = quiet(open_worker)
    worker.prepare(SAMPLE)
    with pytest.raises(
        WorkerFailure, match=rf"slow_down failed: ValueError: spin_ns must be positive, it was {spin_ns}"
    ):
        worker.ask("slow_down", spin_ns=spin_ns)
    assert worker.time(20).min() < SPIN_NS


def test_slowing_down_before_preparing_or_after_closing_is_refused(open_worker: OpenWorker) -> None:
    worker = quiet(open_worker)
    with pytest.raises(WorkerFailure, match="prepare comes first"):
        worker.ask("slow_down", spin_ns=SPIN_NS)
    worker.prepare(SAMPLE)
    worker.ask("close")
    with pytest.raises(WorkerFailure, match="prepare comes first"):
        worker.ask("slow_down", spin_ns=SPIN_NS)


def test_involuntary_switches_are_counted_from_the_start(open_worker: OpenWorker) -> None:
    worker = quiet(open_worker)
    counts = [worker.ask("context") for _ in range(3)]
    assert all(set(count) == {"involuntary_switches"} for count in counts)
    switches = [count["involuntary_switches"] for count in counts]
    assert all(type(count) is int for count in switches)
    assert switches == sorted(switches)
    assert switches[0] >= 0


def test_switches_that_are_not_counted_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    assert program.Program().context() == {"involuntary_switches": None}


def test_memory_is_counted_over_the_idle_level_and_grows_with_what_is_loaded(
    open_worker: OpenWorker, tmp_path: Path
) -> None:
    text = QUIET_SIDE.format(outputs="batch", description="{}").replace(
        "return Session()",
        "import numpy; session = Session(); session.held = numpy.ones(40_000_000, 'u1'); return session",
    )
    worker = open_worker(text=text)
    before = worker.ask("memory")
    worker.ask("load", path="", options={})
    after = worker.ask("memory")
    assert after["idle"] == before["idle"] > 0
    assert after["over_idle"] == after["peak"] - after["idle"]
    assert after["over_idle"] - before["over_idle"] > 30_000_000


def test_numpy_values_in_a_description_arrive_as_plain_ones(open_worker: OpenWorker, tmp_path: Path) -> None:
    description = (
        "{'threads': numpy.int64(2), 'share': numpy.float32(0.5), 'whole': numpy.bool_(True), "
        "'nodes': [numpy.int32(1), {'name': numpy.str_('conv')}], 'shape': (1, numpy.int64(3)), numpy.int64(7): None, "
        "'where': pathlib.Path('x'), 'scales': numpy.arange(2)}"
    )
    text = "import pathlib\nimport numpy\n" + QUIET_SIDE.format(outputs="batch", description=description)
    worker = open_worker(text=text)
    worker.ask("load", path="", options={})
    answer = worker.ask("describe")["description"]
    assert answer == {
        "threads": 2,
        "share": 0.5,
        "whole": True,
        "nodes": [1, {"name": "conv"}],
        "shape": [1, 3],
        "7": None,
        "where": "x",
        "scales": [0, 1],
    }
    kinds = {type(value) for value in (answer["threads"], answer["share"], answer["whole"], answer["nodes"][0])}
    assert kinds == {int, float, bool}


def test_an_exception_in_the_engine_is_a_failure_with_its_reason(
    open_worker: OpenWorker, lower: Lower, samples: Tensors, tmp_path: Path
) -> None:
    worker = open_worker(lower("fp32", predict="raise"))
    with pytest.raises(WorkerFailure, match=r"^predict failed: RuntimeError: the engine was sabotaged$"):
        worker.predict(samples, 1)
    assert worker.ask("memory")["peak"] > 0
    worker.end()
    log = (tmp_path / "worker.log").read_text(encoding="utf-8")
    assert 'raise RuntimeError("the engine was sabotaged")' in log  # the run side's own lines are in the traceback


def test_an_exception_while_loading_is_a_failure_of_load(open_worker: OpenWorker, lower: Lower) -> None:
    with pytest.raises(WorkerFailure, match="load failed: RuntimeError: the engine was sabotaged"):
        open_worker(lower("fp32", load="raise"))


def test_an_artifact_that_is_not_there_is_a_failure_of_load(open_worker: OpenWorker, tmp_path: Path) -> None:
    with pytest.raises(WorkerFailure, match=r"load failed: FileNotFoundError.*gone\.npz"):
        open_worker(tmp_path / "gone.npz")


@pytest.mark.parametrize(
    "outputs", ["None", "numpy.float32(1)", "batch[:0]", "[None]", "numpy.zeros((2, 3))", "{'output': None}"]
)
def test_outputs_that_are_no_rows_are_a_failure(
    open_worker: OpenWorker, tmp_path: Path, samples: Tensors, outputs: str
) -> None:
    worker = open_worker(tmp_path, text="import numpy\n" + QUIET_SIDE.format(outputs=outputs, description="{}"))
    with pytest.raises(
        WorkerFailure, match="predict failed: ValueError: predict must give an array with a row per sample"
    ):
        worker.predict(samples.take([0, 1]), 1)


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        pytest.param("[batch, batch]", "2 outputs, the model has 1: output", id="two"),
        pytest.param("()", "0 outputs, the model has 1: output", id="none"),
        pytest.param("{'other': batch}", "outputs other, the model has output", id="of another name"),
    ],
)
def test_outputs_that_the_model_has_not_are_a_failure(
    open_worker: OpenWorker, tmp_path: Path, samples: Tensors, outputs: str, says: str
) -> None:
    worker = open_worker(tmp_path, text=QUIET_SIDE.format(outputs=outputs, description="{}"))
    with pytest.raises(WorkerFailure, match=f"predict failed: ValueError: {says}"):
        worker.predict(samples, 1)


def test_what_the_engine_prints_goes_to_the_log(open_worker: OpenWorker, tmp_path: Path) -> None:
    side = "import os, sys\nprint('printed')\nos.write(2, b'written\\n')\n"
    worker = open_worker(text=side + QUIET_SIDE.format(outputs="batch", description="{}"))
    worker.ask("memory")
    worker.end()
    log = (tmp_path / "worker.log").read_text(encoding="utf-8").splitlines()
    assert {"printed", "written"} <= set(log)


def test_the_session_is_closed_and_its_memory_given_back(open_worker: OpenWorker, tmp_path: Path) -> None:
    text = QUIET_SIDE.format(outputs="batch", description="{}").replace(
        "pass", f"open({str(tmp_path / 'closed')!r}, 'w').close()"
    )
    worker = open_worker(tmp_path, text=text)
    worker.ask("close")
    assert (tmp_path / "closed").is_file()
    with pytest.raises(WorkerFailure):
        worker.predict(one(np.zeros((1, 2))), 1)
