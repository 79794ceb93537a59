"""Accuracy by hand-computed arrays; outputs and metrics that can't be trusted are refused."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fakes.named import one
from meters.tallies import evaluated, tally

from harness.core.measurement import Measurement
from harness.core.result import ClassFlips
from harness.core.source import Source
from harness.core.task_metric import Kind, TaskMetric
from harness.core.tensors import Array, Tensors
from harness.meters.accuracy import (
    accuracy_measurements,
    class_flips,
    class_scores,
    correctness,
    evaluation_measurements,
    output_measurements,
    score_measurements,
)
from harness.stats.intervals import proportion_interval
from harness.stats.paired_drop import Flips

LABELS = np.array([0, 1, 2, 0])
OUTPUTS = np.array([[9, 0, 0], [0, 9, 0], [0, 9, 0], [0, 0, 9]], np.float32)
"""Right, right, wrong (1 for 2), wrong (2 for 0)."""


def top1(outputs: Array, labels: Array) -> Array:
    return np.asarray(outputs.argmax(axis=1) == labels)


def test_correctness_by_hand() -> None:
    assert correctness(top1, OUTPUTS, LABELS, "top1").tolist() == [True, True, False, False]


def check_outputs(outputs: Tensors, labels: Tensors) -> None:
    """Look *outputs* through; a score of everything at once is not computed there."""
    tally(metric(top1, per_sample=False), outputs, labels)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("samples", "says"),
    [
        pytest.param([2], "in 1 of 4 samples, the first is sample 2", id="one"),
        pytest.param([0], "in 1 of 4 samples, the first is sample 0", id="the first"),
        pytest.param([1, 3], "in 2 of 4 samples, the first is sample 1", id="two"),
        pytest.param([0, 1, 2, 3], "in 4 of 4 samples, the first is sample 0", id="all: a dead model"),
    ],
)
def test_outputs_that_are_no_numbers_name_the_sample(bad: float, samples: list[int], says: str) -> None:
    outputs = OUTPUTS.copy()
    outputs[samples, 1] = bad

    with pytest.raises(ValueError, match=f"outputs hold NaN or infinity {says}"):
        check_outputs(one(outputs), one(LABELS))


MAPS = np.zeros((4, 2, 3, 3), np.float32)
MAPS[3, 1, 2, 2] = np.nan


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        pytest.param(one(MAPS), "outputs hold NaN or infinity in 1 of 4 samples, the first is sample 3", id="maps"),
        pytest.param(one(np.array([0, math.nan])), "in 1 of 2 samples, the first is sample 1", id="a number for each"),
        pytest.param(
            one([np.zeros(2), np.array([0, math.inf, 0])]),
            "in 1 of 2 samples, the first is sample 1",
            id="different lengths",
        ),
        pytest.param(
            Tensors({"logits": np.zeros((3, 2)), "boxes": np.array([[0, 0], [0, math.nan], [0, 0]])}),
            "output 'boxes' holds NaN or infinity in 1 of 3 samples, the first is sample 1",
            id="one of two outputs",
        ),
    ],
)
def test_outputs_of_any_shape_are_looked_through(outputs: Tensors, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_outputs(outputs, one(np.zeros(len(outputs))))


@pytest.mark.parametrize(
    "outputs",
    [
        pytest.param(one(OUTPUTS), id="floats"),
        pytest.param(one(np.arange(4)), id="whole numbers"),
        pytest.param(one(np.ones((4, 2), bool)), id="bool"),
        pytest.param(
            one([np.zeros(1), np.zeros(2), np.zeros(0), np.zeros(1)]), id="different lengths, none among them"
        ),
        pytest.param(Tensors({"a": OUTPUTS, "b": np.arange(4)}), id="two"),
    ],
)
def test_finite_outputs_pass(outputs: Tensors) -> None:
    check_outputs(outputs, one(LABELS))


@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(OUTPUTS[:3], LABELS, "3 outputs for 4 labels", id="fewer outputs"),
        pytest.param(OUTPUTS, LABELS[:3], "4 outputs for 3 labels", id="more outputs"),
        pytest.param(OUTPUTS[:0], LABELS, "0 outputs for 4 labels", id="no outputs"),
        pytest.param(OUTPUTS[:0], LABELS[:0], "no sample", id="nothing at all"),
    ],
)
def test_outputs_must_be_as_many_as_labels(outputs: Array, labels: Array, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_outputs(one(outputs), one(labels))


def metric(compute: Any, *, per_sample: bool = True) -> TaskMetric:
    return TaskMetric(
        name="mine", kind=Kind.OUTCOME if per_sample else Kind.SCORE, compute=compute, source=Source.of(metric)
    )


@pytest.mark.parametrize("per_sample", [True, False])
@pytest.mark.parametrize(
    ("outputs", "labels", "says"),
    [
        pytest.param(OUTPUTS[:3], LABELS, "3 outputs for 4 labels", id="fewer outputs"),
        pytest.param(OUTPUTS[:0], LABELS[:0], "no sample", id="nothing at all"),
        pytest.param(OUTPUTS * np.nan, LABELS, "in 4 of 4 samples", id="a dead model"),
    ],
)
def test_outputs_are_looked_through_before_the_task_metric_sees_them(
    outputs: Array, labels: Array, says: str, per_sample: bool
) -> None:
    def never(outputs: Array, labels: Array) -> Array:
        pytest.fail("it was asked")

    with pytest.raises(ValueError, match=says):
        tally(metric(never, per_sample=per_sample), one(outputs), one(labels))


SEVERAL = Tensors({"logits": OUTPUTS, "length": np.array([1, 2, 3, 4])})
BOXES = Tensors({"class": LABELS, "box": np.array([1, 2, 0, 4])})


@pytest.mark.parametrize(
    ("compute", "outputs", "labels", "correct"),
    [
        pytest.param(top1, one(OUTPUTS), one(LABELS, ""), [True, True, False, False], id="arrays"),
        pytest.param(
            lambda outputs, labels: outputs["logits"].argmax(axis=1) == labels,
            SEVERAL,
            one(LABELS, ""),
            [True, True, False, False],
            id="two outputs are a dict",
        ),
        pytest.param(
            lambda outputs, labels: (outputs["logits"].argmax(axis=1) == labels["class"]) & (labels["box"] > 1),
            SEVERAL,
            BOXES,
            [False, True, False, False],
            id="and so are two labels",
        ),
        pytest.param(
            lambda outputs, labels: np.array([len(one) == label for one, label in zip(outputs, labels, strict=True)]),
            one([np.zeros(2), np.zeros(1), np.zeros(2), np.zeros(0)]),
            one(LABELS, ""),
            [False, True, True, True],
            id="a list where lengths differ",
        ),
    ],
)
def test_a_task_metric_gets_what_its_author_calls_outputs_and_labels(
    compute: Any, outputs: Tensors, labels: Tensors, correct: list[bool]
) -> None:
    found = evaluated(metric(compute), outputs, outputs, labels)

    assert found.correct is not None and found.reference_correct is not None
    assert found.correct.tolist() == found.reference_correct.tolist() == correct
    assert bool(found.classes) is (len(labels.names) == 1), "labels in a dict are no classes"


def test_a_score_is_computed_when_it_is_measured() -> None:
    found = evaluated(metric(lambda outputs, labels: 0.5, per_sample=False), one(OUTPUTS), one(OUTPUTS), one(LABELS))
    assert (found.correct, found.reference_correct, found.classes) == (None, None, ())


@pytest.mark.parametrize(
    ("outputs", "scores"),
    [
        pytest.param(one(np.zeros((3, 2))), True, id="two classes"),
        pytest.param(one(np.zeros((3, 2), np.int64)), True, id="whole numbers"),
        pytest.param(one(np.zeros((3, 1))), False, id="one output is no class score"),
        pytest.param(one(np.zeros((3, 0))), False, id="no output"),
        pytest.param(one(np.zeros(3)), False, id="a number per sample"),
        pytest.param(one(np.zeros((3, 4, 4))), False, id="maps"),
        pytest.param(one([np.zeros(2), np.zeros(3)]), False, id="different lengths"),
        pytest.param(Tensors({"a": np.zeros((3, 2)), "b": np.zeros((3, 2))}), False, id="two outputs"),
    ],
)
def test_class_scores_are_a_number_for_each_class(outputs: Tensors, scores: bool) -> None:
    assert class_scores(outputs) is (outputs.only if scores else None)


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        pytest.param(np.array([1, 0, 1, 0]), r"it returned int64 \(4,\)", id="integers"),
        pytest.param(np.array([1.0, 0.5, 0, 0]), r"it returned float64 \(4,\)", id="scores"),
        pytest.param(np.array(True), r"it returned bool \(\)", id="one bool"),
        pytest.param(True, r"it returned bool \(\)", id="one Python bool"),
        pytest.param(0.97, r"it returned float64 \(\)", id="the mean"),
        pytest.param(np.ones(3, bool), r"it returned bool \(3,\)", id="a sample short"),
        pytest.param(np.ones((4, 1), bool), r"it returned bool \(4, 1\)", id="a dimension more"),
        pytest.param(None, r"it returned object \(\)", id="None"),
    ],
)
def test_a_metric_that_breaks_its_contract_is_named(returned: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        correctness(lambda o, y: returned, OUTPUTS, LABELS, "mine")

    assert "task metric 'mine' must return bool of shape (4,)" in str(caught.value)


@pytest.mark.parametrize("error", [IndexError("axis 1"), KeyError("label"), ZeroDivisionError("division")])
def test_a_metric_that_raises_is_named(error: Exception) -> None:
    def broken(outputs: Array, labels: Array) -> Array:
        raise error

    with pytest.raises(ValueError, match=f"task metric 'mine' failed: {type(error).__name__}") as caught:
        correctness(broken, OUTPUTS, LABELS, "mine")

    assert caught.value.__cause__ is error


def test_a_list_of_bools_is_taken() -> None:
    assert correctness(lambda o, y: [True, False, True, False], OUTPUTS, LABELS, "m").dtype == np.bool_  # type: ignore[arg-type, return-value]


def bools(text: str) -> Array:
    return np.array([sign == "1" for sign in text], dtype=bool)


@pytest.mark.parametrize(
    ("reference", "current", "expected"),
    [
        pytest.param("1111", "1111", Flips(n=4, negative=0, positive=0), id="the same"),
        pytest.param("1111", "0000", Flips(n=4, negative=4, positive=0), id="all lost"),
        pytest.param("0000", "1111", Flips(n=4, negative=0, positive=4), id="all won"),
        pytest.param("1100", "1010", Flips(n=4, negative=1, positive=1), id="as many, others"),
    ],
)
def test_flips(reference: str, current: str, expected: Flips) -> None:
    assert Flips.of(bools(reference), bools(current)) == expected


def of_class(label: str, n: int, negative: int, positive: int) -> ClassFlips:
    return ClassFlips(label=label, n=n, negative=negative, positive=positive)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param([0, 0, 1, 1, 1], [of_class("0", 2, 1, 0), of_class("1", 3, 1, 1)], id="two classes"),
        pytest.param([1, 1, 0, 0, 0], [of_class("0", 3, 1, 1), of_class("1", 2, 1, 0)], id="in the order of labels"),
        pytest.param([7] * 5, [of_class("7", 5, 2, 1)], id="a single class"),
        pytest.param(
            [10, 2, 2, 10, -1],
            [of_class("-1", 1, 0, 0), of_class("2", 2, 1, 1), of_class("10", 2, 1, 0)],
            id="by number, not as texts",
        ),
    ],
)
@pytest.mark.parametrize("dtype", [np.int64, np.int8])
def test_class_flips(labels: list[int], expected: list[ClassFlips], dtype: type) -> None:
    reference, current = bools("11010"), bools("10100")

    found = class_flips(reference, current, np.array(labels, dtype))

    assert found == tuple(expected)
    assert sum(one.n for one in found) == len(labels)


def test_unsigned_labels_are_classes_too() -> None:
    assert class_flips(bools("1"), bools("0"), np.array([255], np.uint8)) == (of_class("255", 1, 1, 0),)


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(np.zeros(4), id="floats"),
        pytest.param(np.zeros((4, 1), np.int64), id="a column"),
        pytest.param(np.zeros((4, 2, 2), np.int64), id="masks"),
        pytest.param(np.zeros(4, bool), id="bools"),
        pytest.param(np.array(["a", "b", "a", "b"]), id="texts"),
        pytest.param(np.array([0, 1, 2, 3], object), id="objects"),
    ],
)
def test_labels_that_are_no_classes_give_none(labels: Array) -> None:
    assert class_flips(bools("1100"), bools("1010"), labels) == ()


def by_name(found: list[Measurement]) -> dict[str, Measurement]:
    return {one.name: one for one in found}


REFERENCE = np.array([[9, 0, 0], [0, 9, 0], [0, 0, 9], [9, 0, 0]], np.float32)
"""All right."""


def test_accuracy_by_hand() -> None:
    correct, before = top1(OUTPUTS, LABELS), top1(REFERENCE, LABELS)

    found = by_name(accuracy_measurements(correct, before, class_flips(before, correct, LABELS)))

    assert {name: one.value for name, one in found.items()} == {
        "accuracy_fraction": 2 / 4,
        "accuracy_drop_fraction": (2 - 0) / 4,
        "negative_flips_count": 2,
        "positive_flips_count": 0,
        "negative_flips_fraction": 2 / 4,
        # Class 0: one of two; class 1: none of one; class 2: its only one.
        "worst_class_drop_fraction": 1.0,
    }
    assert found["worst_class_drop_fraction"].n == 1, "the fewest samples of any class"
    assert {one.n for name, one in found.items() if name != "worst_class_drop_fraction"} == {4}
    # Clopper-Pearson of 2 of 4.
    assert found["accuracy_fraction"].interval == pytest.approx((0.0675859, 0.9324141), abs=1e-6)
    assert found["negative_flips_fraction"].interval == found["accuracy_fraction"].interval
    assert found["accuracy_drop_fraction"].interval is None, "the paired test is the judge's"
    assert {one.unit for one in found.values()} == {"fraction", "samples"}


@pytest.mark.parametrize(
    ("reference", "current", "negative", "drop"),
    [
        pytest.param("1111", "1111", 0, 0.0, id="the same"),
        pytest.param("1100", "0011", 2, 0.0, id="what was won does not make up for what was lost"),
        pytest.param("0000", "1111", 0, -1.0, id="all won"),
        pytest.param("1111", "0000", 4, 1.0, id="all lost"),
    ],
)
def test_negative_flips_have_their_exact_interval(reference: str, current: str, negative: int, drop: float) -> None:
    found = by_name(accuracy_measurements(bools(current), bools(reference), ()))

    share = found["negative_flips_fraction"]
    assert (share.value, share.interval) == (negative / 4, proportion_interval(negative, 4, 0.95))
    assert found["accuracy_drop_fraction"].value == drop
    assert "worst_class_drop_fraction" not in found, "there are no classes"


@pytest.mark.parametrize(
    ("classes", "worst"),
    [
        pytest.param([of_class("0", 100, 10, 0), of_class("1", 10, 2, 0)], 0.2, id="by share, not by count"),
        pytest.param([of_class("0", 100, 10, 10), of_class("1", 10, 0, 0)], 0.0, id="lost and won"),
        pytest.param([of_class("0", 100, 0, 10), of_class("1", 10, 0, 5)], -0.1, id="all won"),
    ],
)
def test_the_worst_class(classes: list[ClassFlips], worst: float) -> None:
    found = by_name(accuracy_measurements(bools("1"), bools("1"), classes))

    assert found["worst_class_drop_fraction"].value == worst


def test_no_samples_are_refused() -> None:
    none = np.zeros(0, bool)

    with pytest.raises(ValueError, match="n=0"):
        accuracy_measurements(none, none, ())


def outputs_measured(outputs: Array, reference: Array) -> dict[str, Measurement]:
    """What is told of outputs beside what the task metric says."""
    all_right = metric(lambda outputs, labels: np.ones(len(outputs), bool))
    evaluation: Any = evaluated(all_right, one(outputs), one(reference), one(np.zeros(len(outputs))))
    found = by_name(evaluation_measurements(SimpleNamespace(evaluation=evaluation)))  # type: ignore[arg-type]
    return {name: held for name, held in found.items() if name.startswith(("output_", "agreement_"))}


def test_outputs_by_hand() -> None:
    found = outputs_measured(OUTPUTS, REFERENCE)

    assert {name: one.value for name, one in found.items()} == pytest.approx(
        {
            "agreement_fraction": 2 / 4,
            "output_max_error_abs": 9.0,
            # signal 4 * 81; noise: samples 2 and 3 differ by 9 in two outputs each, 4 * 81
            "output_sqnr_db": 0.0,
            # from the mean of 3: 2 x 36 where both are 9, 4 x -18 where one is, 6 x 9 elsewhere, of 4 x 36 + 8 x 9
            "output_correlation": 54 / 216,
        }
    )
    assert found["agreement_fraction"].interval == proportion_interval(2, 4, 0.95)
    assert {one.n for one in found.values()} == {4}
    assert {one.unit for one in found.values()} == {"fraction", "abs", "dB", "correlation"}


def test_raw_outputs_by_hand() -> None:
    found = outputs_measured(OUTPUTS + np.float32(0.5), OUTPUTS)

    assert found["output_max_error_abs"].value == 0.5
    assert found["output_sqnr_db"].value == pytest.approx(10 * math.log10(4 * 81 / (12 * 0.25)))
    assert found["agreement_fraction"].value == 1.0


@pytest.mark.parametrize(
    ("outputs", "reference", "sqnr"),
    [
        pytest.param(OUTPUTS, OUTPUTS, 200.0, id="equal outputs"),
        pytest.param(OUTPUTS * 0, OUTPUTS * 0, 200.0, id="equal outputs of 0"),
        pytest.param(OUTPUTS, OUTPUTS * 0, -200.0, id="a reference of 0"),
        pytest.param(OUTPUTS * 0, OUTPUTS, 0.0, id="outputs of 0: all signal is noise"),
        pytest.param(OUTPUTS.astype(np.float64) + 1e-200, OUTPUTS, 200.0, id="beyond what floats show"),
    ],
)
def test_edges_of_sqnr(outputs: Array, reference: Array, sqnr: float) -> None:
    assert outputs_measured(outputs, reference)["output_sqnr_db"].value == pytest.approx(sqnr)


@pytest.mark.parametrize(
    ("outputs", "reference", "correlation"),
    [
        pytest.param(OUTPUTS, OUTPUTS, 1.0, id="equal"),
        pytest.param(2 * OUTPUTS + 5, OUTPUTS, 1.0, id="scaled and shifted"),
        pytest.param(-OUTPUTS, OUTPUTS, -1.0, id="turned around"),
        pytest.param(OUTPUTS * 0 + 7, OUTPUTS, 0.0, id="constant outputs"),
        pytest.param(OUTPUTS, OUTPUTS * 0, 0.0, id="a constant reference"),
        pytest.param(OUTPUTS * 0, OUTPUTS * 0 + 7, None, id="both constant"),
    ],
)
def test_edges_of_correlation(outputs: Array, reference: Array, correlation: float | None) -> None:
    measured = outputs_measured(outputs, reference).get("output_correlation")
    assert (None if measured is None else measured.value) == pytest.approx(correlation)


def test_large_float16_and_integer_outputs_don_t_overflow() -> None:
    for dtype in (np.float16, np.int8):
        found = outputs_measured(np.full((4, 2), 120, dtype), np.full((4, 2), -120, dtype))
        assert found["output_max_error_abs"].value == 240.0
        assert found["output_sqnr_db"].value == pytest.approx(-10 * math.log10(4))


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3, 2)])
def test_outputs_that_are_no_class_scores_have_no_agreement(shape: tuple[int, ...]) -> None:
    found = outputs_measured(np.zeros(shape), np.zeros(shape))

    assert set(found) == {"output_max_error_abs", "output_sqnr_db"}


@pytest.mark.parametrize("shape", [(4, 2), (3, 3), (4, 3, 1)])
def test_outputs_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=rf"outputs have shape \(4, 3\), the reference's have shape {re.escape(str(shape))}"
    ):
        output_measurements(one(OUTPUTS), one(np.zeros(shape)))


@pytest.mark.parametrize(
    ("outputs", "reference", "says"),
    [
        pytest.param(
            Tensors({"a": OUTPUTS, "b": OUTPUTS}),
            Tensors({"a": OUTPUTS, "c": OUTPUTS}),
            "outputs are a, b, the reference's a, c",
            id="names",
        ),
        pytest.param(
            Tensors({"a": OUTPUTS, "b": OUTPUTS}),
            Tensors({"a": OUTPUTS, "b": OUTPUTS[:, :2]}),
            "output 'b' has shape (4, 3), the reference's have shape (4, 2)",
            id="the shape of one of two",
        ),
        pytest.param(
            one([np.zeros(1), np.zeros(2)]),
            one([np.zeros(2), np.zeros(1)]),
            "outputs have 2 shapes, the reference's have 2 shapes",
            id="lengths",
        ),
        pytest.param(
            one([np.zeros(1), np.zeros(2)]),
            one(np.zeros((2, 2))),
            "outputs have 2 shapes, the reference's have shape (2, 2)",
            id="different lengths and one length",
        ),
    ],
)
def test_other_outputs_than_the_references_are_refused(outputs: Tensors, reference: Tensors, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        output_measurements(outputs, reference)


def test_of_several_outputs_the_one_that_is_furthest_is_told() -> None:
    reference = Tensors({"near": OUTPUTS, "far": 100 * OUTPUTS[:, 0], "constant": np.zeros((4, 2))})
    outputs = Tensors({"near": OUTPUTS + np.float32(0.5), "far": 90 * OUTPUTS[:, 0], "constant": np.zeros((4, 2))})
    alone = {name: outputs_measured(outputs[name], reference[name]) for name in outputs.names}  # type: ignore[arg-type]

    found = by_name(output_measurements(outputs, reference))

    assert found["output_max_error_abs"].value == alone["far"]["output_max_error_abs"].value == 90
    assert found["output_sqnr_db"].value == min(one["output_sqnr_db"].value for one in alone.values()) == 20
    assert found["output_correlation"].value == pytest.approx(1), "a constant output has none"
    assert "agreement_fraction" not in found
    assert {one.n for one in found.values()} == {4}


def test_outputs_of_different_lengths_are_compared_element_by_element() -> None:
    reference = [np.array([9.0, 0]), np.array([0.0, 9, 0]), np.array([9.0])]
    flat = outputs_measured(np.array([[8.0], [0], [0], [9], [1], [9]]), np.concatenate(reference)[:, None])

    found = by_name(
        output_measurements(one([np.array([8.0, 0]), np.array([0.0, 9, 1]), np.array([9.0])]), one(reference))
    )

    assert {name: held.value for name, held in found.items()} == {name: held.value for name, held in flat.items()}
    assert {held.n for held in found.values()} == {3}, "samples"


SCORED = np.arange(40) % 4 == 0
"""Labels of 40 samples, a quarter of them true."""


def mean_hit(outputs: Array, labels: Array) -> float:
    """A score over all samples that is defined on any of them."""
    return float((outputs == labels).mean())


def lost(count: int) -> Array:
    """The labels as they are, but for the first *count* of them."""
    outputs = SCORED.astype(np.float64)
    outputs[:count] = 1 - outputs[:count]
    return outputs


def scored(score: Any, outputs: Array, reference: Array, labels: Array = SCORED) -> dict[str, Measurement]:
    return by_name(score_measurements(score, outputs, reference, labels, "mine"))


def test_a_score_over_all_samples() -> None:
    found = scored(mean_hit, lost(10), lost(2))

    assert {name: one.value for name, one in found.items()} == pytest.approx(
        {"accuracy_fraction": 30 / 40, "accuracy_drop_fraction": 8 / 40}
    )
    assert {(one.n, one.unit) for one in found.values()} == {(40, "fraction")}
    own, drop = found["accuracy_fraction"].interval, found["accuracy_drop_fraction"].interval
    assert own is not None
    assert drop is not None
    # 30 of 40 and 8 of 40 lost: standard errors .068 and .063, 95 % and 90 % of them to either side.
    assert own == pytest.approx((0.75 - 1.96 * 0.068, 0.75 + 1.96 * 0.068), abs=0.03)
    assert drop == pytest.approx((0.2 - 1.645 * 0.063, 0.2 + 1.645 * 0.063), abs=0.03)


def test_the_same_outputs_have_lost_nothing() -> None:
    found = scored(mean_hit, lost(10), lost(10))["accuracy_drop_fraction"]

    assert (found.value, found.interval) == (0.0, (0.0, 0.0))


def test_a_score_that_rose_has_a_negative_drop() -> None:
    found = scored(mean_hit, lost(2), lost(10))["accuracy_drop_fraction"]

    assert found.value == pytest.approx(-0.2)
    assert found.interval is not None
    assert found.interval[1] < 0


def test_the_same_samples_give_the_same_intervals() -> None:
    assert scored(mean_hit, lost(10), lost(2)) == scored(mean_hit, lost(10), lost(2))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", ["now", "before"])
def test_a_score_that_is_no_number_is_named(value: float, side: str) -> None:
    spoilt = lost(10 if side == "now" else 2)

    def broken(outputs: Array, labels: Array) -> float:
        return value if np.array_equal(outputs, spoilt) else 0.5

    with pytest.raises(ValueError, match=f"task metric 'mine' gave {value}"):
        scored(broken, lost(10), lost(2))


@pytest.mark.parametrize(
    ("value", "refused"), [(0.0, False), (1.0, False), (-0.01, True), (1.01, True), (46.7, True), (-3, True)]
)
def test_a_score_lies_from_0_to_1(value: float, refused: bool) -> None:
    if not refused:
        assert scored(lambda outputs, labels: value, lost(10), lost(2))["accuracy_fraction"].value == value
        return
    with pytest.raises(ValueError, match=f"score 'mine' gave {value:g}; a score lies from 0 to 1"):
        scored(lambda outputs, labels: value, lost(10), lost(2))


@pytest.mark.parametrize("error", [IndexError("axis 1"), KeyError("label"), ZeroDivisionError("division")])
def test_a_score_that_raises_is_named(error: Exception) -> None:
    def broken(outputs: Array, labels: Array) -> float:
        raise error

    with pytest.raises(ValueError, match=f"task metric 'mine' failed: {type(error).__name__}") as caught:
        scored(broken, lost(10), lost(2))

    assert caught.value.__cause__ is error


@pytest.mark.parametrize("returned", [None, "good", [0.5, 0.5], np.array([0.5, 0.5])])
def test_what_is_no_score_is_named(returned: Any) -> None:
    with pytest.raises(ValueError, match="task metric 'mine' failed: "):
        scored(lambda outputs, labels: returned, lost(10), lost(2))


def test_a_score_that_some_samples_can_t_give_says_so() -> None:
    """As AUC without a sample of one class: drawn with replacement, one true label of 40 is often left out."""

    def needs_both(outputs: Array, labels: Array) -> float:
        if labels.all() or not labels.any():
            raise ValueError("only one class present")
        return mean_hit(outputs, labels)

    one_true = np.arange(40) == 7

    with pytest.raises(ValueError, match=r"can't be computed on .* of 2000 resamples: .*only one class present"):
        scored(needs_both, lost(10), lost(2), one_true)


def mean_hit_of(outputs: Any, labels: Any) -> float:
    """``mean_hit`` whatever form its arguments have: the first number of each sample, the one called ``hit`` in a dict."""
    either = [one["hit"] if isinstance(one, dict) else one for one in (outputs, labels)]
    return mean_hit(*(np.array([np.ravel(sample)[0] for sample in held]) for held in either))


def in_lengths(values: Array) -> list[Array]:
    """*values*, each the first number of a sample; the samples differ in length."""
    return [np.full(1 + number % 3, value) for number, value in enumerate(values)]


FORMS: dict[str, Any] = {
    "an array": one,
    "a dict of two": lambda values: Tensors({"other": np.zeros((40, 3)), "hit": values}),
    "a list": lambda values: one(in_lengths(values)),
    "a dict of a list": lambda values: Tensors({"other": np.zeros(40), **dict(one(in_lengths(values), "hit").items())}),
}


@pytest.mark.parametrize(
    ("outputs", "labels"),
    [(outputs, labels) for outputs in FORMS for labels in FORMS if "an array" in (outputs, labels)],
)
def test_a_score_is_the_same_whatever_form_outputs_and_labels_have(outputs: str, labels: str) -> None:
    now, before = (FORMS[outputs](lost(count)) for count in (10, 2))
    evaluation = evaluated(metric(mean_hit_of, per_sample=False), now, before, FORMS[labels](SCORED.astype(np.float64)))
    session: Any = SimpleNamespace(evaluation=evaluation)

    found = by_name(evaluation_measurements(session))

    for name, wanted in scored(mean_hit, lost(10), lost(2)).items():
        assert found[name] == wanted


@pytest.mark.parametrize("form", FORMS)
def test_equal_outputs_of_any_form_have_lost_nothing(form: str) -> None:
    same = FORMS[form](lost(10))
    evaluation = evaluated(metric(mean_hit_of, per_sample=False), same, FORMS[form](lost(10)), one(SCORED))
    session: Any = SimpleNamespace(evaluation=evaluation)

    found = by_name(evaluation_measurements(session))["accuracy_drop_fraction"]

    assert (found.value, found.interval, found.n) == (0.0, (0.0, 0.0), 40)
