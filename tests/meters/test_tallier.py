"""Outputs that come block by block come to the same as all at once; large ones are not kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.named import one
from meters.tallies import evaluated, tally

from harness.core.source import Source
from harness.core.tally import Tally
from harness.core.task_metric import Kind, TaskMetric
from harness.core.tensors import Array, Tensors
from harness.meters import tallier
from harness.meters.accuracy import evaluation_measurements
from harness.meters.tallier import kept_numbers

N = 60
LABELS = np.random.default_rng(1).integers(0, 3, N)
OUTPUTS = np.random.default_rng(2).normal(size=(N, 3)).astype(np.float32)
BYTES_PER_SAMPLE = 12


def metric(kind: Kind, compute: Any, combine: Any = None, *, of_reference: bool = False) -> TaskMetric:
    return TaskMetric(
        name="mine",
        title="mine",
        kind=kind,
        compute=compute,
        combine=combine,
        of_reference=of_reference,
        source=Source.of(metric),
    )


def right(outputs: Array, labels: Array) -> Array:
    return np.asarray(outputs.argmax(axis=1) == labels)


def margin(outputs: Array, labels: Array) -> Array:
    return np.asarray(outputs[np.arange(len(labels)), labels] - outputs.mean(axis=1))


def counts(outputs: Array, labels: Array) -> dict[str, Array]:
    predicted = np.eye(3)[outputs.argmax(axis=1)]
    return {"hits": predicted * np.eye(3)[labels], "predicted": predicted}


def share(sums: dict[str, Array]) -> float:
    return float(sums["hits"].sum() / sums["predicted"].sum())


def nearness(outputs: Array, reference: Array) -> Array:
    return -np.abs(outputs - reference).sum(axis=1)


METRICS = {
    "right or wrong": metric(Kind.OUTCOME, right),
    "a number": metric(Kind.VALUE, margin),
    "contributions": metric(Kind.SCORE, counts, share),
}


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("block", [1, 7, N - 1, N])
@pytest.mark.parametrize("keeps_all", [True, False])
def test_blocks_come_to_the_same_as_all_at_once(
    name: str, block: int, keeps_all: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tally(METRICS[name], one(OUTPUTS), one(LABELS, ""))
    if not keeps_all:
        monkeypatch.setattr(tallier, "KEPT_BYTES", 20 * BYTES_PER_SAMPLE)

    blocks = tally(METRICS[name], one(OUTPUTS), one(LABELS, ""), block=block)

    assert (blocks.whole, len(blocks.outputs)) == ((True, N) if keeps_all else (False, 20))
    assert blocks.predicted is not None and whole.predicted is not None
    assert blocks.predicted.tolist() == whole.predicted.tolist() == OUTPUTS.argmax(axis=1).tolist()
    assert blocks.added is not None and whole.added is not None
    for key, values in whole.added.items():
        np.testing.assert_array_equal(blocks.added[key], values)  # type: ignore[arg-type]
    np.testing.assert_array_equal(blocks.outputs["image"], OUTPUTS[blocks.numbers])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", METRICS)
def test_figures_of_large_outputs_are_of_all_samples_but_those_that_compare_outputs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy = OUTPUTS + np.float32(0.3) * np.random.default_rng(3).normal(size=OUTPUTS.shape).astype(np.float32)
    figures = []
    for kept in (tallier.KEPT_BYTES, 20 * BYTES_PER_SAMPLE):
        monkeypatch.setattr(tallier, "KEPT_BYTES", kept)
        session: Any = type(
            "Session", (), {"evaluation": evaluated(METRICS[name], one(noisy), one(OUTPUTS), one(LABELS, ""))}
        )
        figures.append({found.name: found for found in evaluation_measurements(session)})

    whole, part = figures
    assert whole.keys() == part.keys()
    for figure in whole:
        if figure.startswith("output_"):
            assert (whole[figure].n, part[figure].n) == (N, 20)
        else:
            assert part[figure] == whole[figure]


@pytest.mark.parametrize(
    ("n", "per_sample", "kept"),
    [
        pytest.param(10, 10, range(10), id="all fit"),
        pytest.param(10, 9.9, range(10), id="with room"),
        pytest.param(10, 20, [0, 2, 4, 6, 9], id="half of them, from the first to the last"),
        pytest.param(10, 99, [0, 9], id="one would fit: two, of one alone nothing is known"),
        pytest.param(1, 1000, [0], id="one sample"),
        pytest.param(3, 0, range(3), id="outputs without elements"),
    ],
)
def test_which_outputs_are_kept(n: int, per_sample: float, kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallier, "KEPT_BYTES", 100)
    assert kept_numbers(n, per_sample).tolist() == list(kept)


@pytest.mark.parametrize("block", [0, 7])
def test_what_compares_with_the_float_model_is_of_the_outputs_that_are_kept(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = metric(Kind.VALUE, nearness, of_reference=True)
    monkeypatch.setattr(tallier, "KEPT_BYTES", 20 * BYTES_PER_SAMPLE)
    reference = tally(near, one(OUTPUTS), one(LABELS, ""), block=block)

    found = tally(near, one(OUTPUTS + np.float32(1)), one(LABELS, ""), reference, block=block)

    assert reference.added is not None and found.added is not None
    assert np.asarray(reference.added.only).tolist() == [0.0] * 20
    assert np.asarray(found.added.only) == pytest.approx(-3.0)


def test_a_score_of_everything_at_once_can_t_be_had_of_large_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    score = metric(Kind.SCORE, lambda outputs, labels: 0.5)
    monkeypatch.setattr(tallier, "KEPT_BYTES", 20 * BYTES_PER_SAMPLE)

    reference = tally(score, one(OUTPUTS), one(LABELS, ""), block=7)

    assert "score 'mine' needs the outputs of all samples at one time" in reference.problem
    with pytest.raises(ValueError, match=r"say what each sample adds: @harness.score\(of=...\)"):
        tally(score, one(OUTPUTS), one(LABELS, ""), reference, block=7)


def test_a_metric_that_fails_is_the_float_models_problem_and_an_artifacts_end() -> None:
    def broken(outputs: Array, labels: Array) -> Array:
        raise KeyError("label")

    reference = tally(metric(Kind.OUTCOME, broken), one(OUTPUTS), one(LABELS, ""))

    assert reference.problem == "task metric 'mine' failed: KeyError: 'label'" and reference.added is None
    with pytest.raises(ValueError, match="task metric 'mine' failed: KeyError"):
        tally(metric(Kind.OUTCOME, broken), one(OUTPUTS), one(LABELS, ""), reference)
    with pytest.raises(ValueError, match="task metric 'mine' failed: KeyError"):
        evaluated(metric(Kind.OUTCOME, broken), one(OUTPUTS), one(OUTPUTS), one(LABELS, ""))


@pytest.mark.parametrize("block", [0, 7])
def test_nothing_is_asked_of_outputs_that_are_no_numbers(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallier, "KEPT_BYTES", 20 * BYTES_PER_SAMPLE)
    spoilt = OUTPUTS.copy()
    spoilt[[3, 41], 1] = np.nan

    with pytest.raises(ValueError, match="NaN or infinity in 2 of 60 samples, the first is sample 3"):
        tally(METRICS["right or wrong"], one(spoilt), one(LABELS, ""), block=block)


@pytest.mark.parametrize("name", METRICS)
def test_a_tally_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    written = tally(METRICS[name], one(OUTPUTS), one(LABELS, ""))
    written.save(tmp_path / "tally")

    read = Tally.load(tmp_path / "tally")

    assert (read.n, read.classes, read.problem) == (N, 3, "")
    assert read.added is not None and written.added is not None
    assert [(key, np.asarray(one).tolist()) for key, one in read.added.items()] == [
        (key, np.asarray(one).tolist()) for key, one in written.added.items()
    ]
    assert np.array_equal(read.outputs["image"], OUTPUTS)  # type: ignore[arg-type]


def test_a_tally_that_was_changed_is_refused(tmp_path: Path) -> None:
    tally(METRICS["right or wrong"], one(OUTPUTS), one(LABELS, "")).save(tmp_path / "tally")
    file = tmp_path / "tally" / "added" / "0.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))

    with pytest.raises(ValueError, match="holds something else than was written"):
        Tally.load(tmp_path / "tally")


def test_outputs_of_samples_that_differ_in_length_come_in_blocks_too() -> None:
    samples = [np.full(1 + number % 3, number, np.float32) for number in range(N)]
    lengths = metric(Kind.VALUE, lambda outputs, labels: np.array([float(len(one)) for one in outputs]))

    found = tally(lengths, one(samples), one(LABELS, ""), block=8)

    assert found.predicted is None and found.classes == 0
    assert found.added is not None
    assert np.asarray(found.added.only).tolist() == [1 + number % 3 for number in range(N)]
    assert [len(sample) for sample in Tensors(dict(found.outputs.items()))["image"]] == [len(one) for one in samples]
