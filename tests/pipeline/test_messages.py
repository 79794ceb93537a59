"""Messages arrive as they were sent; what is none is not taken for one."""

from __future__ import annotations

import pytest

from harness.core.artifact import Provenance
from harness.core.problem import Phase
from harness.core.signature import Input, Signature
from harness.pipeline.messages import (
    Begin,
    BuildItem,
    BuildRequest,
    Done,
    Event,
    Failed,
    ReferenceFacts,
    ReferenceItem,
    ReferenceRequest,
    Refused,
    Request,
    SourceFile,
    Step,
    Unavailable,
    Unsupported,
    decode_event,
    decode_request,
    encode,
)

SIGNATURE = Signature(
    inputs=(Input(name="tokens", shape=("length", 4, None), dtype="int64"), Input(name="x", shape=(), layout="N")),
    outputs=("logits", "größe"),
    lengths={"length": (1, 9), "tokens_2": (3, 3)},
)
FACTS = ReferenceFacts(
    weights_sha256="w",
    fingerprint="f",
    dataset_sha256="d",
    calibration_sha256="c",
    train_sha256="",
    student_fingerprint="",
    signature=SIGNATURE,
)
BUILD = BuildRequest(
    sources=(SourceFile(module="conftest", path="/p/größe.py"),),
    import_path=("/p",),
    memory_limit_bytes=7,
    model="m",
    runtime="r",
    cache="/c",
    signature=SIGNATURE,
    calibration="/x",
    provenance=Provenance(model="m", weights_sha256="w", inputs=SIGNATURE.input_names, outputs=SIGNATURE.outputs),
    items=(
        BuildItem(key="k", title="m/fp16/r", recipe="fp16", runtime="r", interchange_key="i", prefix_keys=("p", "q")),
    ),
)


@pytest.mark.parametrize(
    "request_", [BUILD, ReferenceRequest(items=(ReferenceItem(model="m", folder="/f"),))], ids=["build", "reference"]
)
def test_a_request_arrives(request_: Request) -> None:
    assert decode_request(encode(request_)) == request_


@pytest.mark.parametrize(
    "event",
    [
        Begin(key="k", title="t", phase=Phase.CONVERT),
        Step(title="s", phase=Phase.DATA),
        Done(key="k"),
        Done(key="k", facts=FACTS),
        Failed(key="k", phase=Phase.MODEL, reason="two\nlines, größer"),
        Unavailable(key="k", reason="r"),
        Unsupported(key="k", reason="r"),
        Refused(reason="r"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_is_one_line_and_arrives(event: Event) -> None:
    line = encode(event)
    assert b"\n" not in line
    assert decode_event(line + b"\n") == event


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"noise",
        b"3",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"type": "done"}',
        b'{"type": "nothing", "key": "k"}',
        b'{"type": "failed", "key": "k", "phase": "lunch", "reason": "r"}',
    ],
)
def test_what_is_no_event_is_none(line: bytes) -> None:
    assert decode_event(line) is None


@pytest.mark.parametrize("text", [b"", b"{}", b'{"type": "done", "key": "k"}', b'{"type": "build"}'])
def test_what_is_no_request_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_request(text)
