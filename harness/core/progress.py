"""How work that takes a while says where it is."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""Takes one line of progress."""
