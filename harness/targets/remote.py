"""A machine that execnet reaches: one agent process there, opened when it is first needed, answers and starts workers."""

from __future__ import annotations

import contextlib
import functools
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.core.artifact import Artifact
from harness.core.context import Moment
from harness.core.contracts import Availability, TargetProcess
from harness.core.environment import Hardware
from harness.core.packages import availability_of
from harness.core.source import Source
from harness.errors import TargetError
from harness.targets.agent import children, files, machine, moment, serving
from harness.targets.hardware import cpus_from, devices_from, hardware_from, pool_variables

PARTS = {"children": children, "files": files, "machine": machine, "moment": moment}
CHUNK = 1 << 20
ANSWER_S = 60.0
"""Longest time for one answer of an agent, which may hash or write files of hundreds of megabytes on a slow card."""
CLOSE_S = 5.0


class Remote:
    """Another machine, or another Python on this one.

    What is asked of it here is asked of the agent: hardware, packages and times are the machine's own. Artifacts are
    sent unless the machine sees the same files under the same path.
    """

    def __init__(self, name: str, gateway: str) -> None:
        """Args:
        name: as suites call it.
        gateway: execnet's specification of a Python there, which needs numpy and the engines but nothing of this package:
            ``ssh=pi@board//python=python3``.
        """
        self.name = name
        self.source = Source.of(type(self))
        self._gateway = gateway
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._agent: Agent | None = None
        self._unreachable: TargetError | None = None
        self._versions: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        """Of the artifacts that are there, by their hash."""

    def hardware(self) -> Hardware:
        """Its hardware class."""
        return hardware_from(self.agent().survey)

    def cpus(self) -> tuple[int, ...]:
        """Those of the fastest kind that its agent may use."""
        return cpus_from(self.agent().survey)

    def devices(self) -> frozenset[str]:
        """What it has beside its CPU."""
        return devices_from(self.agent().survey)

    def installed(self, packages: Sequence[str]) -> Availability:
        """Whether every distribution in *packages* is installed in its Python."""
        agent = self.agent()
        unknown = [name for package in packages for name in package.split("|") if name not in self._versions]
        if unknown:
            self._versions.update(agent.ask("versions", packages=unknown))
        return availability_of(packages, self._versions.__getitem__)

    def moment(self) -> Moment:
        """What it is doing now."""
        return Moment(**self.agent().ask("moment"))

    def put(self, artifact: Artifact) -> str:
        """The path of its main file there; sent once."""
        agent = self.agent()
        with self._sending:
            if artifact.sha256 not in self._folders:
                self._folders[artifact.sha256] = agent.put(artifact.folder, artifact.sha256)
            return f"{self._folders[artifact.sha256]}/{artifact.main}"

    def cache(self, here: Path) -> str:
        """Its user's cache folder, or ``EDGE_HARNESS_CACHE`` there."""
        return str(self.agent().ask("cache"))

    def start(self, program: Path, threads: int) -> TargetProcess:
        """A child of the agent."""
        text = program.read_text(encoding="utf-8")
        return self.agent().start(text=text, name=program.name, environment=pool_variables(threads))

    def close(self) -> None:
        """End the agent and everything that it started; a machine that could not be reached is tried again next time."""
        with self._lock:
            agent, self._agent, self._unreachable = self._agent, None, None
            self._versions, self._folders = {}, {}
        if agent is not None:
            agent.close()

    def agent(self) -> Agent:
        """The agent there, started when there is none.

        Raises:
            TargetError: the machine can't be reached; it is tried once, until ``close``.
        """
        with self._lock:
            if self._unreachable is not None:
                raise self._unreachable
            if self._agent is None:
                try:
                    self._agent = Agent(self.name, self._gateway)
                except TargetError as err:
                    self._unreachable = err
                    raise
            return self._agent


class Agent:
    """A process on the machine that does there what ``serving`` describes."""

    def __init__(self, name: str, gateway: str) -> None:
        """Start it.

        Raises:
            TargetError: the machine can't be reached, or has no Python there.
        """
        import execnet

        self._name = name
        self._errors = (OSError, EOFError, execnet.RemoteError, execnet.TimeoutError)
        self._group = execnet.Group(execmodel="thread")
        try:
            self._connection = self._group.makegateway(gateway)
            self._control = self._connection.remote_exec(serving)
            self._control.send(json.dumps({part: _text(module.__file__) for part, module in PARTS.items()}))
            self.survey: dict[str, Any] = self.ask("survey")
        except (*self._errors, execnet.HostNotFound, ValueError) as err:  # ValueError: no specification
            self.close()
            raise TargetError(f"target {name!r} can't be reached by {gateway!r}: {_words(err)}") from err

    def ask(self, operation: str, **fields: Any) -> Any:
        """The answer to one question.

        Raises:
            TargetError: it is refused, or the connection is lost.
        """
        channel = self._asked(operation, fields)
        return self._answer(channel, operation)

    def put(self, folder: Path, key: str) -> str:
        """The folder there with the files of *folder*, which are sent unless they are there.

        Raises:
            TargetError: they can't be written there, or the connection is lost.
        """
        hashes = files.hashes(str(folder))
        place: str = self.ask("find", folder=str(folder), key=key, wanted=hashes)
        if place:
            return place
        channel = self._asked("receive", {"key": key, "files": hashes})
        with self._telling("receive"):
            for piece in _pieces(folder, hashes):
                with contextlib.suppress(OSError):  # refused and closed by now: the reply that waits says why
                    channel.send(piece)
                reply = channel.receive(ANSWER_S)  # for each: a slow card must not fill the machine's memory
                if reply is not True:
                    return str(self._value(reply, "receive"))
            channel.send(None)
        return str(self._answer(channel, "receive"))

    def start(self, **fields: Any) -> RemoteProcess:
        """A worker that it starts."""
        channel = self._asked("start", fields)
        return RemoteProcess(self, channel, int(self._answer(channel, "start")), self._errors)

    def close(self) -> None:
        """End it."""
        control = getattr(self, "_control", None)
        if control is not None:
            with contextlib.suppress(*self._errors):
                control.send(None)
                control.waitclose(CLOSE_S)  # until it has ended its workers and removed its folder
        self._group.terminate(timeout=1.0)

    def _asked(self, operation: str, fields: dict[str, Any]) -> Any:
        with self._telling(operation):
            channel = self._connection.newchannel()
            self._control.send((channel, json.dumps({"op": operation, **fields})))
            return channel

    def _answer(self, channel: Any, operation: str) -> Any:
        with self._telling(operation):
            text = channel.receive(ANSWER_S)
        return self._value(text, operation)

    def _value(self, text: str, operation: str) -> Any:
        answer = json.loads(text)
        if not answer["ok"]:
            raise TargetError(f"target {self._name!r} refused {operation!r}: {answer['error']}")
        return answer["value"]

    @contextlib.contextmanager
    def _telling(self, operation: str) -> Iterator[None]:
        try:
            yield
        except self._errors as err:
            raise TargetError(f"target {self._name!r} broke off in {operation!r}: {_words(err)}") from err


class RemoteProcess:
    """A worker that an agent started."""

    def __init__(self, agent: Agent, channel: Any, number: int, errors: tuple[type[BaseException], ...]) -> None:
        self._agent = agent
        self._channel = channel
        self._number = number
        self._errors = errors
        self._end: tuple[str, str] | None = None

    def send(self, data: bytes) -> None:
        """Write all of *data* to it."""
        view = memoryview(data)
        for start in range(0, len(view), CHUNK):
            self._channel.send(bytes(view[start : start + CHUNK]))

    def receive(self, timeout_s: float) -> bytes:
        """What it wrote; empty when it has ended or the connection is lost."""
        try:
            return bytes(self._channel.receive(timeout_s))
        except self._channel.TimeoutError as err:
            raise TimeoutError(str(err)) from None
        except self._errors:
            return b""

    def busy(self) -> bool:
        """Whether it uses the CPU just now."""
        try:
            return bool(self._agent.ask("busy", number=self._number))
        except TargetError:
            return False

    def end(self, grace_s: float = 0.0) -> tuple[str, str]:
        """End it; how it ended, and the end of its log."""
        if self._end is None:
            try:
                how, log = self._agent.ask("end", number=self._number, grace_s=grace_s)
                self._end = (how, log)
            except TargetError as err:
                self._end = (str(err), "")
            with contextlib.suppress(*self._errors):
                self._channel.close()
        return self._end


def _pieces(folder: Path, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The files *names* below *folder* in pieces, each with its file's name; of an empty file one empty piece."""
    for name in names:
        with (folder / name).open("rb") as handle:
            yield name, handle.read(CHUNK)
            while content := handle.read(CHUNK):
                yield name, content


@functools.cache
def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def _words(err: BaseException) -> str:
    """The last line of *err*: execnet's hold the traceback of the other side."""
    lines = str(err).strip().splitlines()
    return f"{type(err).__name__}: {lines[-1]}" if lines else type(err).__name__
