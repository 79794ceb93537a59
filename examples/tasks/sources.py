"""Sources of Python's standard library, which every machine has: read, and split into words or characters.

They are those of the interpreter that runs this, so they differ a little between versions of Python; numbers of words,
kinds and characters don't.
"""

from __future__ import annotations

import keyword
import re
import sysconfig
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from harness.core.tensors import Array
from harness.errors import DataSetError

PARTS = ("train", "calibration", "evaluation")
TOPICS: Mapping[str, tuple[str, str, str]] = {
    "asyncio": (
        "asyncio/base_events asyncio/selector_events asyncio/unix_events asyncio/sslproto asyncio/windows_events asyncio/events",
        "asyncio/locks",
        "asyncio/tasks asyncio/streams asyncio/proactor_events asyncio/futures",
    ),
    "email": (
        "email/_header_value_parser email/message email/header email/feedparser email/headerregistry",
        "email/charset",
        "email/generator email/_parseaddr email/utils email/_policybase email/quoprimime",
    ),
    "importlib": (
        "importlib/_bootstrap_external importlib/metadata/__init__",
        "importlib/util",
        "importlib/_bootstrap importlib/abc",
    ),
    "logging": ("logging/__init__", "logging/config", "logging/handlers"),
    "multiprocessing": (
        "multiprocessing/managers multiprocessing/connection multiprocessing/queues multiprocessing/shared_memory "
        "multiprocessing/util multiprocessing/forkserver",
        "multiprocessing/context",
        "multiprocessing/pool multiprocessing/synchronize multiprocessing/process multiprocessing/spawn multiprocessing/heap",
    ),
    "unittest": (
        "unittest/mock unittest/case unittest/suite",
        "unittest/runner",
        "unittest/loader unittest/main unittest/result",
    ),
    "web": ("http/client http/cookiejar urllib/request", "http/cookies", "http/server urllib/parse"),
    "xml": (
        "xml/dom/minidom xml/etree/ElementTree xml/sax/handler xml/sax/xmlreader",
        "xml/sax/saxutils",
        "xml/dom/expatbuilder xml/dom/pulldom xml/sax/expatreader xml/etree/ElementPath",
    ),
}
"""Modules of each topic: to train on, to calibrate with and to evaluate on; all exist in Python 3.11 to 3.14."""

BUCKETS = 1024
"""Words are numbered by a hash, so that there is no list of them to keep; some share a number."""
KINDS = ("name", "keyword", "text", "comment")
ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
CHARACTERS = len(ALPHABET) + 1
"""The last number stands for every other character."""

_SPANS = re.compile(
    r"(?P<comment>#[^\n]*)|(?P<text>\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')", re.DOTALL
)
_NAMES = re.compile(r"[^\W\d]\w*")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""Names are several words, ``set_result`` as ``setResult``: files of a package share words rather than names."""


def source(topic: str, part: str) -> str:
    """The modules of *topic* for *part*, one of ``PARTS``, one after the other.

    Raises:
        DataSetError: one is not there or can't be read.
    """
    folder = Path(sysconfig.get_paths()["stdlib"])
    names = TOPICS[topic][PARTS.index(part)].split()
    return "\n".join(_read(folder, name) for name in names).expandtabs()


def words(text: str) -> tuple[Array, Array]:
    """The words of Python source *text* by their hashes, 0 to ``BUCKETS`` - 1, and which of ``KINDS`` each is, int64 (n,).

    Numbers, operators and line breaks are left out.
    """
    found = [(zlib.crc32(word.encode()) % BUCKETS, KINDS.index(kind)) for word, kind in _words(text)]
    numbers = np.array(found, np.int64).reshape(len(found), 2)
    return numbers[:, 0], numbers[:, 1]


def characters(text: str) -> Array:
    """The characters of *text* by their places in ``ALPHABET``, or one past it, int64 (n,)."""
    numbers = {character: number for number, character in enumerate(ALPHABET)}
    return np.array([numbers.get(character, len(ALPHABET)) for character in text], np.int64)


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Each word in small letters, with its kind."""
    done = 0
    for span in _SPANS.finditer(text):
        yield from _code(text[done : span.start()])
        done = span.end()
        for word in _WORDS.findall(span[0]):
            yield word.lower(), str(span.lastgroup)
    yield from _code(text[done:])


def _code(text: str) -> Iterator[tuple[str, str]]:
    for name in _NAMES.findall(text):
        kind = "keyword" if keyword.iskeyword(name) else "name"
        for word in _WORDS.findall(name):
            yield word.lower(), kind


def _read(folder: Path, name: str) -> str:
    path = folder / f"{name}.py"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise DataSetError(
            f"the data sets of sources need {name}.py of Python's standard library, and {path} can't be read: {err}. "
            f"{_there(path)} Run a Python that comes with its sources: one of python.org, pyenv or conda, or your distribution's "
            "full package (Debian: apt install libpython3-stdlib)."
        ) from err


def _there(path: Path) -> str:
    if not path.parent.is_dir():
        return f"There is no folder {path.parent}."
    return f"{path.parent} holds {len(list(path.parent.glob('*.py')))} sources."
