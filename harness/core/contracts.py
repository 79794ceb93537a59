"""The smallest contracts of the extension points: framework, exporter, runtime, target, meter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from harness.core.artifact import Artifact
from harness.core.context import Moment
from harness.core.environment import Hardware
from harness.core.figure import Figure
from harness.core.file_tensors import FileTensors
from harness.core.lowering import Lowered, Lowering
from harness.core.measurement import Measurement
from harness.core.metric import Stage
from harness.core.offer import Choice, Option, Provider
from harness.core.recipe import Precision
from harness.core.signature import Signature
from harness.core.source import Source
from harness.core.tensors import Array
from harness.core.weights import WeightTensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether something can run here, and if not, why."""

    ok: bool
    reason: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    """Distribution and version of everything it rests on."""


class Framework(Protocol):
    """What a model was trained in: it gives the reference outputs."""

    name: str
    source: Source

    @property
    def packages(self) -> Sequence[str]:
        """Distributions that decide what it computes; ``a|b`` stands for either."""
        ...

    def state(self, model: Any) -> Mapping[str, Array]:
        """All weights and buffers by name."""
        ...

    def predict(self, model: Any, inputs: Mapping[str, Array]) -> Any:
        """What *model* gives for a batch of samples, each input (n, ...), in evaluation mode, on one thread.

        One array (n, ...), a sequence of such in the model's own order, or a mapping by its own names.
        """
        ...

    def build(self, function: Callable[[], Any], seed: int) -> Any:
        """What *function* returns, with the framework's random numbers seeded."""
        ...

    def macs(self, model: Any, sample: Mapping[str, Array]) -> int | None:
        """Multiply-accumulates of one inference on *sample*, each input (1, ...); None when it can't tell."""
        ...

    def keep(self, model: Any, bases: Mapping[str, Any], folder: Path) -> str:
        """Write *model* into *folder* without pickle, as weights and what differs from one of *bases*.

        Returns the main file's name; empty when a model like this can't be kept: then it is made again when needed. The
        caller restores it at once and tries whether it still computes the same.
        """
        ...

    def restore(self, kept: Path, bases: Mapping[str, Callable[[], Any]]) -> Any:
        """The model that ``keep`` wrote, from the main file and functions that make the bases."""
        ...


@runtime_checkable
class FileFramework(Framework, Protocol):
    """A framework whose models can be a file: what the file says of its tensors is the model's signature."""

    def open(self, file: Path) -> Any:
        """The model in *file*.

        Raises:
            ContractError: it holds none; the sentence says where and what.
        """
        ...

    def signature(self, model: Any) -> Signature:
        """What an opened *model* takes and gives, by the file's names.

        Raises:
            ContractError: the file names no usable tensors.
        """
        ...


class Exporter(Protocol):
    """Writes a float model of one framework in an interchange format that runtimes lower from."""

    name: str
    """``framework_to_format``."""
    framework: str
    format: str
    """The format's name and the suffix of its file or folder: ``onnx``, ``tflite``, ``pt2``, ``savedmodel``."""
    source: Source

    @property
    def packages(self) -> Sequence[str]:
        """Distributions that decide what the file holds."""
        ...

    def export(self, model: Any, signature: Signature, example: Mapping[str, Array], path: Path) -> Path:
        """Write *model* to *path*; returns its main file: *path*, or of a format that is a folder, one inside it.

        Inputs and outputs stand in it in the order of *signature*, by its names where the format has names. *example* is
        a batch of two real samples.
        """
        ...


class Runtime(Protocol):
    """An inference engine: what it can do, how an artifact for it is made, and the program that runs it."""

    name: str
    source: Source
    run_side: Path
    """A Python file of its own (numpy and the engine only), sent to the worker; see ``harness.worker.run_side``."""

    @property
    def interchanges(self) -> Sequence[str]:
        """The interchange formats that it lowers from; of those that a framework exports to, it takes the first."""
        ...

    @property
    def providers(self) -> Sequence[Provider]:
        """Its kernel sets; the first is the one of a cell that names none."""
        ...

    @property
    def options(self) -> Sequence[Option]:
        """What can be chosen beside ``threads``, which every engine has."""
        ...

    @property
    def build_packages(self) -> Sequence[str]:
        """Distributions whose versions decide what an artifact holds."""
        ...

    @property
    def run_packages(self) -> Sequence[str]:
        """Distributions that the worker needs, whatever the provider."""
        ...

    def refusal(self, framework: str, precision: Precision, choice: Choice) -> str:
        """Why it can't bring *framework*'s models to *precision* that way, by design; empty when it can."""
        ...

    def lower(self, source: Path, wanted: Lowering, folder: Path) -> Lowered:
        """Make the artifact from the interchange file *source*, inside *folder*."""
        ...

    def weights(self, artifact: Path) -> Iterable[WeightTensor]:
        """All constant tensors, read from the artifact itself; data that tensors share counts once."""
        ...


@runtime_checkable
class ReadingRuntime(Runtime, Protocol):
    """A runtime that also runs artifacts that somebody else made: it can tell their tensors."""

    def tensors(self, artifact: Path) -> FileTensors:
        """What *artifact* takes and gives, by the names that its run side knows them by.

        Raises:
            ContractError: it is no artifact of this runtime; the sentence says where and what.
        """
        ...


class TargetProcess(Protocol):
    """A program that a target started in a process of its own: bytes go in and come out, in order."""

    def send(self, data: bytes) -> None:
        """Write all of *data* to it.

        Raises:
            OSError: it has ended, or can't be reached.
        """
        ...

    def receive(self, timeout_s: float) -> bytes:
        """What it wrote, as soon as there is any; empty when it has ended.

        Raises:
            TimeoutError: it wrote nothing within *timeout_s*.
        """
        ...

    def busy(self) -> bool:
        """Whether it uses the CPU just now; False also where that can't be known."""
        ...

    def end(self, grace_s: float = 0.0) -> tuple[str, str]:
        """End it unless it ends by itself within *grace_s*; how it ended, in words, and the end of its log.

        Asked again, it answers the same.
        """
        ...


class Target(Protocol):
    """A machine that artifacts run on.

    Any of the questions raises ``TargetError`` when the machine can't be reached. Several threads may ask at one time.
    """

    name: str
    source: Source

    def hardware(self) -> Hardware:
        """Its hardware class; asked of the machine once."""
        ...

    def cpus(self) -> Sequence[int]:
        """The CPUs that measurements use, all alike; empty where a process can't choose its CPU."""
        ...

    def devices(self) -> frozenset[str]:
        """What it has beside its CPU, by the names that providers ask for."""
        ...

    def installed(self, packages: Sequence[str]) -> Availability:
        """Whether every distribution in *packages* is installed there; ``a|b`` stands for either."""
        ...

    def moment(self) -> Moment:
        """What it is doing now."""
        ...

    def put(self, artifact: Artifact) -> str:
        """The path of *artifact*'s main file there; its files are sent unless they are there."""
        ...

    def cache(self, here: Path) -> str:
        """The folder there for what engines compile; *here* is this machine's."""
        ...

    def start(self, program: Path, threads: int) -> TargetProcess:
        """Run the text of the Python file *program* there, in a fresh process with *threads* for native pools."""
        ...

    def close(self) -> None:
        """Give back what is held of it; a later question opens it again."""
        ...


Subject = TypeVar("Subject", contravariant=True)


class Meter(Protocol[Subject]):
    """Turns what a stage gives into figures.

    Its subject is an ``Artifact`` in the stage ``artifact``, a ``ProbeSession`` in ``probe``, a ``Timing`` in ``timing``.
    """

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> Source: ...

    @property
    def stage(self) -> Stage:
        """When it measures."""
        ...

    @property
    def figures(self) -> Sequence[Figure]:
        """What it can give; a figure that a cell does not have is left out of its measurements."""
        ...

    def measure(self, subject: Subject) -> Iterable[Measurement]:
        """Measurements of *subject*.

        Raises:
            ValueError: it can't be measured, and the sentence says why; it ends the cell as ``error(measure)``.
        """
        ...
