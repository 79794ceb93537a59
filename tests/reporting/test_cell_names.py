"""Names of cells: whole where they fit, else cut in the middle and still told apart."""

from __future__ import annotations

import pytest

from harness.reporting.cell_names import shortened
from tests.core.records import cell

LONG = cell("prune_channels30_finetune+int8_static")


@pytest.mark.parametrize(
    ("width", "name"),
    [
        (60, "digits_cnn/prune_channels30_finetune+int8_static/onnxruntime"),
        (59, "digits_cnn/prune_channels30_fi…etune+int8_static/onnxruntime"),
        (40, "digits_cnn/prune_chan…t8_static/onnxruntime"),
        (30, "digits_cnn/prun…tic/onnxruntime"),
        (26, "digit…cnn/prun…tic/onnx…ime"),
        (1, "di…nn/pr…ic/on…me"),
    ],
)
def test_the_longest_part_gives_way(width: int, name: str) -> None:
    (short,) = shortened([LONG], width, with_target=False)

    assert len(short) <= max(width, 17)
    assert short == name or len(short) == width
    assert short.count("/") == 2


def test_what_fits_stays_whole() -> None:
    cells = [cell("fp32"), LONG]

    assert shortened(cells, 40, with_target=False)[0] == "digits_cnn/fp32/onnxruntime"


def test_targets_are_named_where_there_are_several() -> None:
    assert shortened([cell("fp32")], 99, with_target=True) == ["digits_cnn/fp32/onnxruntime/local"]


def test_two_cells_never_get_one_name() -> None:
    cells = [cell(f"prune_channels30_{middle}_finetune+int8_static") for middle in ("aaa", "bbb")]

    assert len(set(shortened(cells, 30, with_target=False))) == 2


def test_no_cells_have_no_names() -> None:
    assert shortened([], 30, with_target=False) == []
