"""Other work on this machine, made on purpose: what verdicts are worth where somebody else computes too."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

BURST_S = (0.02, 0.4)
PAUSE_S = (0.05, 1.0)


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    """*count* processes that compute in bursts while the block runs."""
    fresh = multiprocessing.get_context("spawn")
    processes = [fresh.Process(target=_compute_in_bursts, args=(number,), daemon=True) for number in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.join()


def _compute_in_bursts(seed: int) -> None:
    import numpy as np

    draw = random.Random(seed)
    while True:
        end = time.monotonic() + draw.uniform(*BURST_S)
        while time.monotonic() < end:
            np.sort(np.random.default_rng(0).random(20_000))
        time.sleep(draw.uniform(*PAUSE_S))
