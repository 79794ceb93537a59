"""What the tests of steps that train share: the digits, a trained small net, and the work of one step."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from harness.core.data import DataSet, Split
from harness.core.work import Work


@functools.cache
def digits_data() -> DataSet:
    from harness.zoo.digits import digits

    return digits().checked("digits")


def work(step: str, train: Split | None = None, student: Callable[[], Any] | None = None, seed: int = 0) -> Work:
    data = digits_data()
    given = data.train if train is None else train
    assert given is not None
    return Work(
        step=step,
        model="digits_cnn",
        example=given.inputs[:4],
        seed=seed,
        load_train=lambda: given,
        build_student=student,
    )


def equal(one: Any, other: Any) -> bool:
    """Whether two modules hold the same names and bits."""
    import torch

    mine, others = one.state_dict(), other.state_dict()
    return list(mine) == list(others) and all(torch.equal(value, others[name]) for name, value in mine.items())
