"""Data of the tasks: shapes, labels that fit the inputs, the same samples every time, and no sample in two parts."""

from __future__ import annotations

import hashlib
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from examples.tasks import canvases, digit_rows, source_pieces, sources, turned_digits
from examples.tasks.plans import PLANS, digit_training
from harness.core.data import DataSet, Split
from harness.core.tensors import Array, arrays_sha256
from harness.errors import DataSetError
from harness.registries import datasets, models
from harness.zoo.digits import digits

NAMES = sorted(PLANS)


@pytest.fixture(scope="module")
def loaded() -> Callable[[str], DataSet]:
    """A registered data set as the harness takes it; loaded once."""
    held: dict[str, DataSet] = {}

    def load(name: str) -> DataSet:
        if name not in held:
            held[name] = datasets.get(name).loaded()
        return held[name]

    return load


def sha256(split: Split) -> str:
    return arrays_sha256(*split.input_tensors("").arrays(), *split.label_tensors("").arrays())


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_what_the_model_takes_and_as_many_as_declared(name: str, loaded: Callable[[str], DataSet]) -> None:
    model = models.get(name)
    data = loaded(model.dataset)

    assert model.signature is not None
    model.signature.tensors(data.evaluation.inputs, name)  # raises where they are not
    model.signature.tensors(data.calibration.inputs, name)
    assert datasets.get(model.dataset).samples == len(data.evaluation)
    assert 500 <= len(data.evaluation) <= 1000
    assert 100 <= len(data.calibration) <= 200
    assert model.dataset == PLANS[name].dataset


@pytest.mark.parametrize("name", NAMES)
def test_they_are_the_same_every_time(name: str, loaded: Callable[[str], DataSet]) -> None:
    dataset = models.get(name).dataset
    again = datasets.get(dataset).load()

    for part in ("evaluation", "calibration"):
        assert sha256(getattr(loaded(dataset), part)) == sha256(getattr(again, part))


@pytest.mark.parametrize("name", NAMES)
def test_no_sample_is_in_two_parts(name: str, loaded: Callable[[str], DataSet]) -> None:
    data = loaded(models.get(name).dataset)

    def hashes(inputs: Any) -> set[bytes]:
        tensors = Split(inputs, []).input_tensors("")
        samples = (tensors.sample(number) for number in range(len(tensors)))
        return {hashlib.sha256(b"".join(one.tobytes() for one in sample.values())).digest() for sample in samples}

    parts = [hashes(data.evaluation.inputs), hashes(data.calibration.inputs)]
    if name not in ("digits_rows", "source_topics"):  # these are trained on samples of another form, see below
        parts.append(hashes(PLANS[name].training().inputs))
    assert len(set.union(*parts)) == sum(map(len, parts))


def test_the_parts_of_sources_share_no_module() -> None:
    for topic, parts in sources.TOPICS.items():
        modules = [set(part.split()) for part in parts]
        assert all(modules), topic
        assert len(set.union(*modules)) == sum(map(len, modules)), topic


def test_a_canvas_is_made_of_digits_of_its_own_part() -> None:
    """The pixels of a digit at its own size are one of that part's images."""
    known = canvases.canvases("evaluation", 300)
    small = 0
    for image, boxes, classes in zip(known.images, known.boxes, known.classes, strict=True):
        for (x1, y1, x2, y2), label in zip(boxes.astype(int), classes, strict=True):
            if label < 0 or y2 - y1 != 8 or small == 5:
                continue
            own = digits().evaluation
            candidates = own.inputs[own.labels == label, 0]
            cut = image[0, y1:y2, x1:x2]
            nearest = min(
                float(np.abs(one[:, start : start + cut.shape[1]] - cut).mean())
                for one in candidates
                for start in range(9 - cut.shape[1])
            )
            small += nearest < 1.5 * canvases.NOISE
    assert small == 5


def test_boxes_hug_the_pixels_of_their_digit_and_lie_apart() -> None:
    known = canvases.canvases("evaluation", 60)

    counts = (known.classes >= 0).sum(axis=1)
    assert set(counts) == {1, 2, 3}
    for boxes, classes, pixels in zip(known.boxes, known.classes, known.pixels, strict=True):
        painted = np.zeros_like(pixels)
        for (x1, y1, x2, y2), label in zip(boxes.astype(int), classes, strict=True):
            if label < 0:
                assert (x1, y1, x2, y2) == (0, 0, 0, 0)
                continue
            inside = pixels[y1:y2, x1:x2] == 1 + label
            assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()
            assert not painted[y1:y2, x1:x2].any(), "two boxes overlap"
            painted[y1:y2, x1:x2] = inside
        assert np.array_equal(painted > 0, pixels > 0), "a pixel of a digit lies in no box"


def test_a_cell_of_the_detector_is_told_the_digit_in_its_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvases, "TRAIN", 50)
    known, labels = canvases.canvases("train", 50), canvases.detector_training().labels

    assert labels.shape == (50, 64, 5)
    for number in range(50):
        there = np.flatnonzero(labels[number, :, 0])
        assert len(there) == (known.classes[number] >= 0).sum()
        for cell in there:
            label, x1, y1, x2, y2 = labels[number, cell]
            assert (int(x1 + x2) // 8, int(y1 + y2) // 8) == (cell % 8, cell // 8)
            assert [label - 1, x1, y1, x2, y2] in np.column_stack([known.classes[number], known.boxes[number]]).tolist()


def test_an_image_enlarged_to_its_own_size_is_itself() -> None:
    image = digits().evaluation.inputs[0, 0]

    assert np.allclose(canvases.enlarged(image, 8), image)
    assert canvases.enlarged(image, 13).shape == (13, 13)
    assert abs(canvases.enlarged(image, 16).mean() - image.mean()) < 0.02


def test_digits_are_turned_counterclockwise_by_their_label(loaded: Callable[[str], DataSet]) -> None:
    """Turned back by hand, they are the digits that they were."""
    from scipy.ndimage import rotate

    data = loaded("digits_turned").evaluation
    assert np.abs(data.labels).max() <= turned_digits.MOST
    assert data.labels.min() < -40 < 40 < data.labels.max()
    for number in range(20):
        turned, degrees = data.inputs[number, 0], float(data.labels[number])
        upright = np.pad(canvases.enlarged(digits().evaluation.inputs[number, 0], turned_digits.DIGIT), 2)
        back, wrong = (rotate(turned, angle, reshape=False, order=1) for angle in (-degrees, degrees))
        if abs(degrees) > 10:
            assert np.abs(back - upright).mean() < np.abs(wrong - upright).mean()


def test_words_of_names_in_code_texts_and_comments() -> None:
    def numbers(*of: str) -> list[int]:
        import zlib

        return [zlib.crc32(word.encode()) % sources.BUCKETS for word in of]

    tokens, kinds = sources.words('def setHTTPValue(self_x):  # why 3\n    return \'it\\\'s\' + """a\nb"""\n')

    assert tokens.tolist() == numbers("def", "set", "http", "value", "self", "x", "why", "return", "it", "s", "a", "b")
    told = [sources.KINDS[kind] for kind in kinds]
    assert told == ["keyword", *["name"] * 5, "comment", "keyword", *["text"] * 4]
    assert sources.words("1 + 2")[0].shape == (0,)


def test_characters_are_numbered_and_unknown_ones_share_the_last_number() -> None:
    assert sources.characters("\n ~é").tolist() == [0, 1, sources.CHARACTERS - 2, sources.CHARACTERS - 1]


def test_labels_of_characters_are_those_that_follow(loaded: Callable[[str], DataSet]) -> None:
    data = loaded("source_characters").evaluation

    assert np.array_equal(data.inputs[:, 1:], data.labels[:, :-1])
    assert data.labels.max() < sources.CHARACTERS


def test_pieces_differ_in_length_and_topics_are_even(loaded: Callable[[str], DataSet]) -> None:
    data = loaded("source_topics").evaluation
    lengths = {len(one["tokens"]) for one in data.inputs}

    assert (min(lengths), max(lengths)) == source_pieces.LENGTHS
    assert all(one["tokens"].shape == one["kinds"].shape for one in data.inputs)
    assert np.bincount(data.labels).tolist() == [100] * len(sources.TOPICS)


def test_a_missing_source_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "asyncio").mkdir()
    (tmp_path / "asyncio" / "base_events.py").write_text("pass\n")
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})

    with pytest.raises(DataSetError) as caught:
        sources.source("asyncio", "train")
    for said in ("asyncio/selector_events.py", str(tmp_path), "holds 1 sources", "libpython3-stdlib"):
        assert said in str(caught.value)
    with pytest.raises(DataSetError, match=r"There is no folder .*email"):
        sources.source("email", "train")
    with pytest.raises(DataSetError, match="asyncio/tasks"):
        datasets.get("source_topics").load()


def test_states_are_computed_by_the_equations_of_a_gru() -> None:
    """One value, all weights known: r = z = 1/2, so that the state moves half way to tanh of the input."""
    zeros = {"gru.weight_hh_l0": np.zeros((3, 1)), "gru.bias_ih_l0": np.zeros(3), "gru.bias_hh_l0": np.zeros(3)}
    weights: dict[str, Array] = {**zeros, "gru.weight_ih_l0": np.array([[0.0], [0.0], [1.0]])}
    rows = np.array([[[0.3], [-0.8]]])

    found = digit_rows.state_after(rows, weights)

    assert np.allclose(found, (np.tanh(0.3) / 2 + np.tanh(-0.8)) / 2)
    assert found.dtype == np.float32


def test_rows_are_the_lower_halves(loaded: Callable[[str], DataSet]) -> None:
    data = loaded("digits_rows")

    assert np.array_equal(data.evaluation.inputs["rows"], digits().evaluation.inputs[:, 0, 4:])
    assert np.array_equal(data.evaluation.labels, digits().evaluation.labels)
    assert len(digit_training()) == 797
