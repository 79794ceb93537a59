"""Which CPUs each round is timed on: the same for both sides, and one set after the other."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from harness.core.probe_session import Timed
from harness.core.timing import Placing

SETTLING_INFERENCES = 4
"""Untimed ones after a move, in which the caches of the other CPU fill (docs/moves.md shows how fast)."""
SETTLING_NS = 20_000_000
"""Slow models settle in fewer."""
LEAST_SHARE = 0.1
"""Of a side's rounds that it was on a CPU, for it to count as having been there."""

CpuSet = tuple[int, ...]
"""CPUs by number, sorted; empty: unknown."""


class CpusRefused(Exception):
    """A worker could not be moved to the CPUs that were drawn; the text says why."""


class CpuTurns:
    """Draws the CPUs of each round, each as often as the others in random order, and notes where the sides really were.

    Two sides that sit on CPUs of different speed differ by that, for as long as they sit there; on the same one they
    don't, and a speed that changes meets both.

    Args:
        cpus: that may be used, all alike; none where a process can't choose.
        threads: that a side computes on: so many CPUs are drawn, all where there are no more.
        order: decides what comes when.
    """

    def __init__(self, cpus: Sequence[int], threads: int, order: random.Random) -> None:
        self._cpus = list(cpus)
        self.threads = threads
        self._order = order
        self._waiting: list[CpuSet] = []
        self._moved: dict[int, CpuSet] = {}
        """Where each side was moved to, by the identity of its worker."""
        self._rounds: list[tuple[CpuSet, ...]] = []
        """Where the sides of each round were."""
        self._refusal = "" if cpus else "a process can't choose its CPU here"
        """Why the system places the workers; empty when they are moved."""

    def draw(self) -> CpuSet:
        """The CPUs of the next round; none where the system places the workers."""
        if not self._waiting and self._cpus:
            width = min(self.threads, len(self._cpus))
            mixed = self._order.sample(self._cpus, len(self._cpus))
            starts = range(0, len(mixed) - width + 1, width)
            self._waiting = [tuple(sorted(mixed[start : start + width])) for start in starts]
        return self._waiting.pop() if self._waiting else ()

    def move(self, side: Timed, cpus: CpuSet, settle: int) -> None:
        """Move *side* to *cpus*, unless it is there, and let it do *settle* inferences.

        Raises:
            CpusRefused: the system does not let it.
        """
        if not cpus or self._moved.get(id(side)) == cpus:
            return
        reason = side.ask("move", cpus=list(cpus), settle=settle)["reason"]
        if reason:
            raise CpusRefused(reason)
        self._moved[id(side)] = cpus

    def where(self, side: Timed, cpus: CpuSet) -> CpuSet:
        """Where *side* was timed: *cpus*, to which it was moved, unless it tells a CPU that is none of them."""
        cpu = side.ask("where").get("cpu")
        return cpus if cpu is None or cpu in cpus else (cpu,)

    def note(self, places: Sequence[CpuSet]) -> None:
        """Keep where the sides of a round were."""
        self._rounds.append(tuple(places))

    def begin_pair(self) -> None:
        """Fresh workers are anywhere."""
        self._moved = {}

    def give_up(self, cpus: CpuSet, reason: str) -> None:
        """Draw none of *cpus* any more, which may be offline; without any left the system places the workers."""
        self._cpus = [cpu for cpu in self._cpus if cpu not in cpus]
        self._waiting = []
        if not self._cpus:
            self._refusal = reason

    @property
    def placing(self) -> Placing:
        """Where the sides were, of all rounds noted so far."""
        if all(len(set(places)) == 1 and places[0] for places in self._rounds):
            return Placing.TOGETHER
        if any(len(places) == 1 for places in self._rounds):
            return Placing.TOGETHER  # a side alone is compared with nothing
        sides = [Counter(places[number] for places in self._rounds) for number in (0, 1)]
        unknown = any(() in counts for counts in sides)
        least = LEAST_SHARE * len(self._rounds)
        common = any(min(counts[place] for counts in sides) >= least for place in sides[0])
        return Placing.FREE if unknown or common else Placing.APART

    @property
    def words(self) -> str:
        """Where the rounds are timed, for people."""
        if self._refusal:
            return f"workers not moved ({self._refusal})"
        if self.placing is not Placing.TOGETHER:
            return "workers did not stay on the CPUs that they were moved to"
        named = ", ".join(map(str, self._cpus[:8])) + (", ..." if len(self._cpus) > 8 else "")
        plural = "s" if len(self._cpus) > 1 else ""
        if self.threads >= len(self._cpus):
            return f"timed on CPU{plural} {named}"
        each = "one CPU" if self.threads == 1 else f"{self.threads} CPUs"
        return f"each round timed on {each} of {named}"


def settling_inferences(p50_ns: int) -> int:
    """How many untimed inferences follow a move of a side that takes *p50_ns* for one."""
    return max(1, min(SETTLING_INFERENCES, SETTLING_NS // max(p50_ns, 1)))
