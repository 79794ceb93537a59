"""Run sides that know names: several inputs and outputs, samples of different lengths, and answers in any form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.tensors import Ragged, Tensors
from harness.worker import process
from harness.worker.process import Worker, WorkerFailure
from tests.worker.conftest import OpenWorker

SIDE = """
NAMED_TENSORS = {named}

import numpy

def versions():
    return {{}}

def open_session(path, options):
    return Session(options)

class Session:
    def __init__(self, options):
        self.told = {{"inputs": options["inputs"], "outputs": options["outputs"], "given": []}}

    def predict(self, batch):
        self.told["given"].append([[name, str(one.dtype), list(one.shape)] for name, one in batch.items()])
        shown = batch["tokens"] * batch["seen"]
        total = shown.sum(axis=1) * batch["factor"]
        return {outputs}

    def prepare(self, sample):
        self.told["sample"] = {{name: one.tolist() for name, one in sample.items()}}
        return lambda: self.predict(sample)

    def describe(self):
        return self.told

    def close(self):
        pass
"""
"""``total`` is a number for each sample, ``shown`` as long as the sample is."""
INPUTS, OUTPUTS = ("tokens", "seen", "factor"), ("total", "shown")


def opened(open_worker: OpenWorker, outputs: str = "[total, shown]", *, named: bool = True) -> Worker:
    worker = open_worker(text=SIDE.format(outputs=outputs, named=named))
    worker.ask("load", path="", options={"inputs": INPUTS, "outputs": OUTPUTS})
    return worker


def samples(*lengths: int) -> Tensors:
    """Samples whose tokens and masks have these lengths; samples of one length are an array."""
    drawn = np.random.default_rng(0)
    tokens = [drawn.integers(-9, 9, length) for length in lengths]
    seen = [drawn.random(length) < 0.5 for length in lengths]
    factor = drawn.random(len(lengths)).astype(np.float32)
    if len(set(lengths)) == 1:
        return Tensors({"tokens": np.stack(tokens), "seen": np.stack(seen), "factor": factor})
    return Tensors({"tokens": Ragged.of(tokens), "seen": Ragged.of(seen), "factor": factor})


def expected(given: Tensors) -> list[tuple[float, list[int]]]:
    """Both outputs of each sample."""
    rows = zip(given["tokens"], given["seen"], given["factor"], strict=True)
    return [((tokens * seen).sum() * factor, (tokens * seen).tolist()) for tokens, seen, factor in rows]


def found(outputs: Tensors) -> list[tuple[float, list[int]]]:
    return [(total, shown.tolist()) for total, shown in zip(outputs["total"], outputs["shown"], strict=True)]


@pytest.mark.parametrize(
    ("outputs", "batch"),
    [
        pytest.param("[total, shown]", 1, id="a list in the model's order"),
        pytest.param("[total, shown]", 2, id="a batch that does not divide the samples"),
        pytest.param("[total, shown]", 7, id="a batch beyond the samples"),
        pytest.param("(total, shown)", 2, id="a tuple"),
        pytest.param("{'total': total, 'shown': shown}", 2, id="by name"),
        pytest.param("{'shown': shown, 'total': total}", 2, id="by name in another order"),
    ],
)
def test_outputs_come_by_name_in_the_models_order(open_worker: OpenWorker, outputs: str, batch: int) -> None:
    given = samples(4, 4, 4, 4, 4)

    predicted = opened(open_worker, outputs).predict(given, batch)

    assert predicted.names == OUTPUTS
    assert found(predicted) == expected(given)
    assert [str(predicted[name].dtype) for name in OUTPUTS] == ["float64", "int64"]


@pytest.mark.parametrize(
    ("lengths", "ragged"),
    [
        pytest.param((3, 5, 5, 2), True, id="different"),
        pytest.param((1, 7), True, id="very different"),
        pytest.param((5, 5, 3), True, id="the last"),
        pytest.param((3, 3, 3), False, id="the same"),
        pytest.param((4,), False, id="one sample"),
    ],
)
def test_samples_of_other_lengths_give_outputs_of_other_lengths(
    open_worker: OpenWorker, lengths: tuple[int, ...], ragged: bool
) -> None:
    given = samples(*lengths)

    predicted = opened(open_worker).predict(given)

    assert isinstance(predicted["shown"], Ragged) is ragged
    assert isinstance(predicted["total"], np.ndarray)
    assert found(predicted) == expected(given)


def test_a_run_side_is_told_the_names_and_gets_every_tensor_as_it_is(open_worker: OpenWorker) -> None:
    worker = opened(open_worker)
    worker.predict(samples(3, 3, 5))

    told = worker.ask("describe")["description"]

    assert (told["inputs"], told["outputs"]) == (list(INPUTS), list(OUTPUTS))
    assert told["given"] == [
        [["tokens", "int64", [1, length]], ["seen", "bool", [1, length]], ["factor", "float32", [1]]]
        for length in (3, 3, 5)
    ]


def test_the_sample_that_is_timed_comes_by_name_too(open_worker: OpenWorker) -> None:
    worker, given = opened(open_worker), samples(3, 5, 2)

    assert worker.prepare(given.typical()) > 0
    assert worker.time(3).shape == (3,)

    told = worker.ask("describe")["description"]["sample"]
    assert told == {name: value.tolist() for name, value in given.sample(0).items()}


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        pytest.param("total", "1 outputs, the model has 2: total, shown", id="an array"),
        pytest.param("[total]", "1 outputs, the model has 2: total, shown", id="one short"),
        pytest.param("[total, shown, shown]", "3 outputs, the model has 2: total, shown", id="one more"),
        pytest.param("{'total': total}", "outputs total, the model has total, shown", id="a name short"),
        pytest.param("{'total': total, 'other': shown}", "outputs total, other, the model has", id="another name"),
        pytest.param("[total, shown[0]]", r"a row per sample: 2 samples, shown is int64 \(3,\)", id="no rows"),
        pytest.param("[total.sum(), shown]", r"a row per sample: 2 samples, total is float64 \(\)", id="a number"),
        pytest.param("[None, shown]", r"a row per sample: 2 samples, total is object \(\)", id="nothing"),
    ],
)
def test_other_outputs_are_a_failure(open_worker: OpenWorker, outputs: str, says: str) -> None:
    worker = opened(open_worker, outputs)
    with pytest.raises(WorkerFailure, match=f"predict failed: ValueError: .*{says}"):
        worker.predict(samples(3, 3), 2)
    assert worker.ask("memory")["peak"] > 0, "it lives on"


def test_a_run_side_that_knows_no_names_takes_no_two_tensors(open_worker: OpenWorker) -> None:
    worker, given = opened(open_worker, named=False), samples(3, 3)
    says = "takes one tensor, the model takes tokens, seen, factor: see NAMED_TENSORS"
    with pytest.raises(WorkerFailure, match=f"predict failed: ValueError: this run side {says}"):
        worker.predict(given)
    with pytest.raises(WorkerFailure, match=f"prepare failed: ValueError: this run side {says}"):
        worker.prepare(given.sample(0))


def test_samples_of_different_lengths_are_in_no_batch(open_worker: OpenWorker) -> None:
    with pytest.raises(WorkerFailure, match="predict failed: ValueError"):
        opened(open_worker).predict(samples(3, 5), 2)


BYTES_PER_SAMPLE = 4 * (8 + 1) + 4 + 8 + 4 * 8
"""Four tokens and whether they are seen, the factor; the total, and four that are shown."""


@pytest.mark.parametrize(
    ("most", "most_bytes", "batch", "blocks"),
    [
        pytest.param(1024, 2**20, 1, [1, 9], id="all after the first"),
        pytest.param(4, 2**20, 1, [1, 4, 4, 1], id="by number"),
        pytest.param(4, 2**20, 3, [3, 3, 3, 1], id="whole batches"),
        pytest.param(4, 2**20, 8, [8, 2], id="a batch is the least"),
        pytest.param(1024, 3 * BYTES_PER_SAMPLE, 1, [1, 3, 3, 3], id="by size"),
        pytest.param(1024, 3 * BYTES_PER_SAMPLE - 1, 1, [1, 2, 2, 2, 2, 1], id="a byte less"),
        pytest.param(1024, 1, 1, [1] * 10, id="a sample is the least"),
        pytest.param(1024, 2**20, 10, [10], id="one batch"),
        pytest.param(1024, 2**20, 64, [10], id="less than a batch"),
    ],
)
def test_samples_travel_in_blocks_of_limited_size(
    open_worker: OpenWorker, monkeypatch: pytest.MonkeyPatch, most: int, most_bytes: int, batch: int, blocks: list[int]
) -> None:
    monkeypatch.setattr(process, "BLOCK_SAMPLES", most)
    monkeypatch.setattr(process, "BLOCK_BYTES", most_bytes)
    worker, given = opened(open_worker), samples(*[4] * 10)

    parts: list[Any] = list(worker.predictions(given, batch))

    assert [len(part) for part in parts] == blocks
    assert found(Tensors.joined(parts)) == expected(given)
