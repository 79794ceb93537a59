"""The agent's main program on another machine: it answers requests and relays the bytes of the workers it starts.

execnet runs it there. It must stand alone: the standard library only; the agent's other files reach it as text in the
first message, and None ends it. Each message between is ``(channel, request)``: a channel for the answer alone and a JSON text, ``{"op": ...}``
with the operation's fields. The answer is a JSON text too, ``{"ok": true, "value": ...}`` or ``{"ok": false, "error": ...}``.
Behind the answer to ``start`` the channel carries the worker's bytes, in both directions, until the worker ends.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import tempfile
import threading
import types
from typing import Any


class Agent:
    """What one machine is asked; a method per operation."""

    def __init__(self, parts: dict[str, Any], folder: str) -> None:
        """Args:
        parts: the agent's other modules by name.
        folder: where it keeps what it was sent.
        """
        self._parts = parts
        self._depot = parts["files"].Depot(folder)
        self._children: dict[int, Any] = {}
        self._numbers = itertools.count(1)

    def survey(self) -> dict[str, Any]:
        """What this machine is."""
        survey: dict[str, Any] = self._parts["machine"].survey()
        return survey

    def versions(self, packages: list[str]) -> dict[str, str]:
        """Of installed distributions."""
        versions: dict[str, str] = self._parts["machine"].versions(packages)
        return versions

    def moment(self) -> dict[str, Any]:
        """What this machine is doing."""
        moment: dict[str, Any] = self._parts["moment"].read_moment()
        return moment

    def cache(self) -> str:
        """The folder for what engines compile; it outlives the agent."""
        named = os.environ.get("EDGE_HARNESS_CACHE")
        base = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
        folder = os.path.expanduser(os.path.join(named or os.path.join(base, "edge-harness"), "compiled"))
        os.makedirs(folder, exist_ok=True)
        return folder

    def find(self, **wanted: Any) -> str:
        """See ``Depot.find``."""
        return str(self._depot.find(**wanted))

    def receive(self, channel: Any, key: str, files: dict[str, str]) -> str:
        """Take the files of *key*: pairs of name and bytes come, each is answered, None ends them; the folder."""
        staged = self._depot.begin(key)
        for name, content in iter(channel.receive, None):
            self._depot.write(staged, name, content)
            channel.send(True)
        return str(self._depot.commit(staged, key, files))

    def start(self, text: str, name: str, environment: dict[str, str]) -> int:
        """Start a worker; its number."""
        number = next(self._numbers)
        self._children[number] = self._parts["children"].Child(text, name, environment)
        return number

    def relay(self, channel: Any, number: int) -> None:
        """Carry a worker's bytes in both directions until it ends."""
        child = self._children[number]
        threading.Thread(target=self._feed, args=(channel, child), daemon=True).start()
        with contextlib.suppress(OSError):  # whoever listened is gone, and ends the worker
            while data := child.receive(None):
                channel.send(data)

    def busy(self, number: int) -> bool:
        """Whether a worker uses the CPU just now."""
        return bool(self._children[number].busy())

    def end(self, number: int, grace_s: float) -> tuple[str, str]:
        """End a worker; how it ended, and the end of its log."""
        how, log = self._children.pop(number).end(grace_s)
        return how, log

    def close(self) -> None:
        """End every worker."""
        while self._children:
            self._children.popitem()[1].end()

    @staticmethod
    def _feed(channel: Any, child: Any) -> None:
        with contextlib.suppress(OSError, ValueError, EOFError):  # the worker ended: the other direction tells
            for data in channel:
                child.send(data)


WITH_CHANNEL = ("receive",)
OPERATIONS = ("survey", "versions", "moment", "cache", "find", "receive", "start", "busy", "end")


def answer(agent: Agent, channel: Any, text: str) -> None:
    """Do what *text* asks and answer on *channel*."""
    request = json.loads(text)
    operation = request.pop("op")
    try:
        if operation not in OPERATIONS:
            raise ValueError(f"unknown operation {operation!r}")
        more = {"channel": channel} if operation in WITH_CHANNEL else {}
        value = getattr(agent, operation)(**more, **request)
    except Exception as err:  # the agent's boundary: every failure becomes an answer with its reason
        _send(channel, {"ok": False, "error": f"{type(err).__name__}: {err}"})
    else:
        _send(channel, {"ok": True, "value": value})
        if operation == "start":
            agent.relay(channel, value)
    with contextlib.suppress(OSError):
        channel.close()


def _send(channel: Any, value: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # whoever asked is gone
        channel.send(json.dumps(value))


def serve(channel: Any) -> None:
    """Answer, several at a time, until told to end or the other side is gone."""
    parts = {name: _module(name, text) for name, text in json.loads(channel.receive()).items()}
    folder = tempfile.mkdtemp(prefix="edge-harness-agent-")
    agent = Agent(parts, folder)
    try:
        for reply, text in iter(channel.receive, None):
            threading.Thread(target=answer, args=(agent, reply, text), daemon=True).start()
    finally:
        agent.close()
        shutil.rmtree(folder, ignore_errors=True)


def _module(name: str, text: str) -> types.ModuleType:
    module = types.ModuleType(name)
    exec(compile(text, f"{name}.py", "exec"), module.__dict__)  # noqa: S102 - this is how the agent's files arrive
    return module


if __name__ == "__channelexec__":
    serve(channel)  # type: ignore[name-defined]  # noqa: F821 - execnet puts it there
