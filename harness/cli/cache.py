"""``edge-harness cache list`` and ``cache clean``: what the artifact cache holds, and its removal."""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path
from typing import Any

from harness.errors import CacheError

SECONDS = {"h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


def add_command(commands: Any) -> None:
    """Add the command to the parser of ``edge-harness``."""
    cache = commands.add_parser("cache", help="what the artifact cache holds; remove what was long unused")
    actions = cache.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="every entry with its size and when it was last used")
    cleaning = actions.add_parser("clean", help="remove entries; those that a run at work may use stay")
    which = cleaning.add_mutually_exclusive_group(required=True)
    which.add_argument("--older-than", type=_seconds, metavar="AGE", help="unused for so long: 12h, 30d, 8w")
    which.add_argument("--all", action="store_const", const=0.0, dest="older_than", help="whatever its age")
    for action in (listing, cleaning):
        action.add_argument("--cache", type=Path, metavar="DIR", help="the cache (default: as for pytest)")
    listing.set_defaults(run=_list)
    cleaning.set_defaults(run=_clean)


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([0-9]+)([hdw])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age: write 12h, 30d or 8w")
    return float(int(found[1]) * SECONDS[found[2]])


def _list(options: argparse.Namespace) -> int:
    from harness.judge.words import say
    from harness.reporting.text_table import TextTable, aligned
    from harness.store.cleaning import cache_entries, total_bytes

    root = _root(options)
    entries, now = cache_entries(root), time.time()
    rows = [(entry.what, say(entry.size_bytes, "bytes"), _age(now - entry.used_s)) for entry in entries]
    if rows:
        print(aligned(TextTable(headers=("entry", "size", "unused for"), rows=tuple(rows), left=(0,))), end="\n\n")
    print(f"{root}: {_counted(len(entries))}, {say(total_bytes(entries), 'bytes')}")
    return 0


def _clean(options: argparse.Namespace) -> int:
    from harness.judge.words import say
    from harness.store.cleaning import clean, total_bytes

    root = _root(options)
    try:
        gone, held = clean(root, options.older_than)
    except OSError as err:
        raise CacheError(f"artifact cache {root} can't be cleaned: {err}") from None
    for entry in gone:
        print(f"removed {entry.what} ({say(entry.size_bytes, 'bytes')})")
    print(f"{root}: {_counted(len(gone))} removed, {say(total_bytes(gone), 'bytes')}")
    if held:
        print(f"{_counted(len(held))} left for a run that is at work")
    return 0


def _root(options: argparse.Namespace) -> Path:
    from harness.pipeline.settings import default_cache

    root: Path | None = options.cache
    return root if root is not None else default_cache()


def _counted(number: int) -> str:
    return f"{number} {'entry' if number == 1 else 'entries'}"


def _age(seconds: float) -> str:
    """*seconds* in the largest unit that fits."""
    for unit, length in (("d", SECONDS["d"]), ("h", SECONDS["h"]), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
