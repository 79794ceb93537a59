"""A machine of several CPUs whose speeds change behind its back, with workers that sit on them: latency without waiting."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.core.tensors import Array
from harness.core.timing import Start

P50_NS = 1e6
"""What one inference takes: epochs have the least number of inferences, so that simulating them is quick."""


@dataclass
class Neighbour:
    """Somebody outside of the guest who slows one CPU down for spells; spells last so many epochs in the mean."""

    slow: tuple[float, float] = (1.35, 2.3)
    """From what to what factor; one is drawn for each spell."""
    spell: float = 20.0
    pause: float = 25.0

    def begins(self, draw: random.Random) -> bool:
        return draw.random() < 1 / self.pause

    def ends(self, draw: random.Random) -> bool:
        return draw.random() < 1 / self.spell


@dataclass
class Machine:
    """CPUs, each with its own neighbour; what it does between two epochs is drawn from *seed*."""

    seed: int
    cpus: int = 2
    neighbour: Neighbour | None = None
    process_sigma: float = 0.01
    """How much fresh processes of one artifact differ for as long as they live."""
    epoch_sigma: float = 0.025
    burst: float = 0.03
    """Probability that an epoch meets a burst, which slows it alone."""
    moves: bool = True
    """Whether a worker can choose its CPU."""
    wanders: float = 0.02
    """Probability per epoch that the system moves a worker that did not choose."""
    pinned_by_system: Sequence[int] | None = None
    """Where the system keeps each side, first and second, whatever they ask for."""
    tells_cpu: bool = True
    offline: set[int] = field(default_factory=set)
    """CPUs that nobody can be moved to any more."""
    timed_on: list[int] = field(default_factory=list)
    """The CPU of each epoch."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.noise = np.random.default_rng(self.seed)
        self.speeds = [1.0] * self.cpus
        if self.neighbour is not None:
            self.speeds = [self._spell() if self.random.random() < 0.45 else 1.0 for _ in range(self.cpus)]

    def _spell(self) -> float:
        assert self.neighbour is not None
        low, high = map(math.log, self.neighbour.slow)
        return math.exp(self.random.uniform(low, high))

    def epoch(self, cpu: int) -> float:
        """By what factor an epoch on *cpu* is slowed down; time goes on for all CPUs."""
        if self.neighbour is not None:
            for each, speed in enumerate(self.speeds):
                if speed == 1.0 and self.neighbour.begins(self.random):
                    self.speeds[each] = self._spell()
                elif speed > 1.0 and self.neighbour.ends(self.random):
                    self.speeds[each] = 1.0
        burst = self.random.uniform(1.1, 1.9) if self.random.random() < self.burst else 1.0
        return self.speeds[cpu] * burst * math.exp(self.random.gauss(0.0, self.epoch_sigma))

    @contextmanager
    def pair(self, slowdown: float) -> Iterator[tuple[SimulatedWorker, SimulatedWorker]]:
        """A fresh pair of processes, the candidate slowed down."""
        yield self.worker(0, slowdown), self.worker(1, 1.0)

    def worker(self, number: int, slowdown: float) -> SimulatedWorker:
        luck = math.exp(self.random.gauss(0.0, self.process_sigma))
        kept = self.pinned_by_system
        cpu = self.random.randrange(self.cpus) if kept is None else kept[number]
        return SimulatedWorker(self, P50_NS * slowdown * luck, cpu, kept is not None)


@dataclass
class SimulatedWorker:
    """One process on a simulated machine."""

    machine: Machine
    ns: float
    cpu: int
    kept: bool
    chose: bool = field(default=False)

    def start(self, *, cold: bool) -> Start:
        return Start(load_ns=20 * self.ns * self.machine.epoch(self.cpu), first_ns=2 * self.ns)

    def ask(self, operation: str, **fields: Any) -> dict[str, Any]:
        if operation == "move":
            if not self.machine.moves:
                return {"reason": "PermissionError: not permitted"}
            if self.machine.offline.issuperset(fields["cpus"]):
                return {"reason": "OSError: [Errno 22] Invalid argument"}
            if not self.kept:
                self.cpu, self.chose = fields["cpus"][0], True
            return {"reason": ""}
        if operation == "where":
            return {"cpu": self.cpu if self.machine.tells_cpu else None}
        return {"p50_ns": int(self.ns)}

    def time(self, iterations: int) -> Array:
        if not self.chose and not self.kept and self.machine.random.random() < self.machine.wanders:
            self.cpu = self.machine.random.randrange(self.machine.cpus)
        self.machine.timed_on.append(self.cpu)
        return np.full(iterations, self.ns * self.machine.epoch(self.cpu))
