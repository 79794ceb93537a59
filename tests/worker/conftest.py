"""Workers with the fake engine in them, and artifacts that make it suffer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.core.contracts import Target
from harness.core.lowering import Lowering
from harness.core.recipe import Precision
from harness.core.tensors import Array, Tensors
from harness.targets.local import Local
from harness.targets.remote import Remote
from harness.worker.process import Worker

OpenWorker = Callable[..., Worker]
Lower = Callable[..., Path]


@pytest.fixture(scope="session")
def samples() -> Tensors:
    """What the fake engine's artifacts take: ``features``, 20 samples."""
    from fakes.blobs import split
    from fakes.named import one

    return one(split(20, seed=3).inputs, "features")


@pytest.fixture(scope="session")
def sample(samples: Tensors) -> dict[str, Array]:
    """The first of ``samples``, to be timed."""
    return samples.sample(0)


@pytest.fixture(scope="session")
def run_side() -> Path:
    from fakes.fakert import FakeRuntime

    return FakeRuntime().run_side


@pytest.fixture
def lower(tmp_path: Path, samples: Tensors) -> Lower:
    """``lower(precision, **switches)``: an artifact for the fake engine that holds the switches."""
    from fakes.fakert import FakeRuntime
    from fakes.linear import SIGNATURE, FakeToNpz, trained

    source = tmp_path / "float.npz"
    FakeToNpz().export(trained(), SIGNATURE, samples.example(2), source)

    def make(precision: str = "fp32", **switches: Any) -> Path:
        folder = tmp_path / f"{precision}{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        wanted = Lowering(precision=Precision(name=precision), samples=samples, signature=SIGNATURE)
        return FakeRuntime(**switches).lower(source, wanted, folder).main

    return make


@pytest.fixture(scope="session")
def remote() -> Iterator[Target]:
    """Another Python on this machine, behind an agent."""
    target = Remote("board", f"popen//python={sys.executable} -P")
    yield target
    target.close()


@pytest.fixture(params=["local", "remote"])
def target(request: pytest.FixtureRequest) -> Target:
    """Where workers run: whatever is said of them holds on both."""
    return Local() if request.param == "local" else request.getfixturevalue("remote")


@pytest.fixture
def open_worker(tmp_path: Path, run_side: Path, target: Target) -> Iterator[OpenWorker]:
    """``open_worker(artifact)``: a worker with *artifact* loaded; without one, a worker that only shook hands."""
    with ExitStack() as stack:

        def make(artifact: Path | None = None, *, text: str = "", timeout_s: float = 20.0, threads: int = 1) -> Worker:
            side = run_side
            if text:
                side = tmp_path / "side.py"
                side.write_text(text, encoding="utf-8")
            log = tmp_path / "worker.log"
            worker = stack.enter_context(Worker(target, threads=threads, run_side=side, log=log, timeout_s=timeout_s))
            if artifact is not None:
                worker.ask(
                    "load", path=str(artifact), options={"threads": threads, "provider": "cpu", "rounding": "even"}
                )
            return worker

        yield make


@pytest.fixture(scope="session")
def exact(samples: Tensors) -> Array:
    """What the float model answers to ``samples``."""
    from fakes.linear import trained

    return np.asarray(trained().forward(samples.only))
