"""What engines themselves say of a provider: whether it finds a device on a target; asked once and remembered."""

from __future__ import annotations

import hashlib
import json
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.core.contracts import Runtime, Target
from harness.core.offer import Provider
from harness.core.progress import Tell
from harness.store.artifacts import key_of
from harness.store.atomic import write_text
from harness.targets.lock import TargetLock
from harness.worker.process import RuntimeMissing, Worker, WorkerFailure

FILE = "engine-answers.json"
SCHEMA = 1
"""1 (2026-11): first version."""
TIMEOUT_S = 60.0
"""For importing the engine, and as long again for its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of asking an engine."""

    reason: str = ""
    """Why the provider can't run here, as the engine says it; empty when it can."""
    doubt: str = ""
    """Why there is no answer: the engine broke when it was asked. Its cells are tried, and tell the same as their error."""


class EngineAnswers:
    """Answers of engines about their providers, kept in a file of the artifact cache.

    Args:
        cache: the artifact cache.
        tell: takes one line of progress.
        again: asks again what the file knows, so that a device that came later is seen.
        timeout_s: after which an engine counts as hung.
    """

    def __init__(self, cache: Path, tell: Tell, *, again: bool = False, timeout_s: float = TIMEOUT_S) -> None:
        self._path = cache / FILE
        self._tell = tell
        self._again = again
        self._timeout_s = timeout_s
        self._known: dict[str, Answer] = {}

    def of(self, runtime: Runtime, provider: Provider, target: Target) -> Answer:
        """What *runtime*'s engine says of *provider* on *target*, where its packages are; nothing of one that needs no asking.

        Raises:
            TargetError: *target* can't be reached.
        """
        if not provider.asks_engine:
            return Answer()
        key = self._key(runtime, provider, target)
        if key not in self._known:
            stored = None if self._again else _read(self._path).get(key)
            self._known[key] = (
                Answer(reason=stored) if stored is not None else self._ask(key, runtime, provider, target)
            )
        return self._known[key]

    def _key(self, runtime: Runtime, provider: Provider, target: Target) -> str:
        return key_of(
            {
                "runtime": runtime.name,
                "provider": provider.name,
                "run_side": hashlib.sha256(runtime.run_side.read_bytes()).hexdigest(),
                "versions": dict(target.installed([*runtime.run_packages, *provider.packages]).versions),
                "hardware": asdict(target.hardware()),
            }
        )

    def _ask(self, key: str, runtime: Runtime, provider: Provider, target: Target) -> Answer:
        self._tell(f"asks {runtime.name} whether {provider.name} can run here")
        try:
            reason = self._reply(runtime, provider, target)
        except RuntimeMissing as err:
            return Answer(reason=str(err))
        except WorkerFailure as err:
            return Answer(doubt=str(err))
        with suppress(OSError):  # then it is asked again next time
            write_text(self._path, _text({**_read(self._path), key: reason}))
        return Answer(reason=reason)

    def _reply(self, runtime: Runtime, provider: Provider, target: Target) -> str:
        with (
            tempfile.TemporaryDirectory(prefix="edge-harness-ask-") as folder,
            TargetLock(target.name).shared(self._tell),
            Worker(
                target, threads=1, run_side=runtime.run_side, log=Path(folder) / "log", timeout_s=self._timeout_s
            ) as worker,
        ):
            return str(worker.ask("missing_device", provider=provider.name)["reason"])


def _read(path: Path) -> dict[str, str]:
    """The reasons by key in the file at *path*; none where it is missing, damaged or of another schema."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            return {}
        return {key: reason for key, reason in document["answers"].items() if isinstance(reason, str)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _text(answers: dict[str, str]) -> str:
    return json.dumps({"schema": SCHEMA, "answers": answers}, indent=1, sort_keys=True) + "\n"
