"""What a run and its child processes say to each other: one request down, events up, each a line of JSON."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from harness.core.artifact import Provenance
from harness.core.environment import Hardware
from harness.core.problem import Phase
from harness.core.signature import Signature


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file outside this package that registers something."""

    module: str
    path: str


class BuildItem(msgspec.Struct, frozen=True, kw_only=True):
    """One artifact to build."""

    key: str
    title: str
    """As progress shows it."""
    recipe: str
    runtime: str
    interchange_key: str
    prefix_keys: tuple[str, ...]
    file_sha256: str = ""
    """Of a file that somebody else made: what its key was made of."""


class ReferenceItem(msgspec.Struct, frozen=True, kw_only=True):
    """One model to evaluate."""

    model: str
    folder: str
    """Where its arrays go."""


class ChildRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What every child process needs to know."""

    sources: tuple[SourceFile, ...] = ()
    import_path: tuple[str, ...] = ()
    memory_limit_bytes: int = 0
    """0: as much as there is."""


class BuildRequest(ChildRequest, frozen=True, kw_only=True, tag="build"):
    """Artifacts of one model for one runtime."""

    model: str
    runtime: str
    cache: str
    signature: Signature
    """Of the model, with the lengths of its samples."""
    calibration: str
    """Folder of the calibration inputs."""
    provenance: Provenance
    """What holds for all of them."""
    items: tuple[BuildItem, ...]


class ReferenceRequest(ChildRequest, frozen=True, kw_only=True, tag="reference"):
    """References of models of one framework."""

    items: tuple[ReferenceItem, ...]
    cache: str = ""
    reuse_s: float = 0.0
    """How old outputs of an earlier run may be to stand for new ones."""
    hardware: Hardware | None = None
    """Of this machine."""


Request = BuildRequest | ReferenceRequest


class ReferenceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out of a float model."""

    weights_sha256: str
    fingerprint: str
    """Changes with the weights and with what the model computes."""
    dataset_sha256: str
    calibration_sha256: str
    train_sha256: str
    """Empty without a training split."""
    student_fingerprint: str
    """Of the untrained student; empty without one."""
    signature: Signature
    """What it takes and gives, with the lengths of its samples."""
    file_sha256: str = ""
    """Of the file that it is; empty of a model that a function makes."""
    age_s: float | None = None
    """Of its outputs where an earlier run made them."""


class Begin(msgspec.Struct, frozen=True, kw_only=True, tag="begin"):
    """Work on the item *key* begins; *phase* is to blame if the process dies."""

    key: str
    title: str
    phase: Phase


class Step(msgspec.Struct, frozen=True, kw_only=True, tag="step"):
    """The item at work has come to *title*."""

    title: str
    phase: Phase


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """The item *key* is done; *facts* are of a reference."""

    key: str
    facts: ReferenceFacts | None = None


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The item *key* broke in *phase*."""

    key: str
    phase: Phase
    reason: str


class Unavailable(msgspec.Struct, frozen=True, kw_only=True, tag="unavailable"):
    """What the item *key* needs is not on this machine."""

    key: str
    reason: str


class Unsupported(msgspec.Struct, frozen=True, kw_only=True, tag="unsupported"):
    """The tools can't make the item *key* by design."""

    key: str
    reason: str


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """None of the items can be done."""

    reason: str


Event = Begin | Step | Done | Failed | Unavailable | Unsupported | Refused
Emit = Callable[[Event], None]

encode = msgspec.json.Encoder().encode
_request = msgspec.json.Decoder(Request)
_event = msgspec.json.Decoder(Event)


def decode_request(text: bytes) -> Request:
    """The request that *text* holds.

    Raises:
        ValueError: it holds none.
    """
    request: Request = _request.decode(text)
    return request


def decode_event(line: bytes) -> Event | None:
    """The event in *line*; None when something else wrote to the channel of events."""
    try:
        event: Event = _event.decode(line)
    except ValueError:
        return None
    return event
