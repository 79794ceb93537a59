"""The program of a child process: ``python -m harness.pipeline.job LOG`` reads one request and writes events.

One process holds one engine's tools; several in one process crash (tensorflow and executorch, for one).
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from harness.worker.program import exit_with_parent, limit_memory

Emit = Callable[[dict[str, Any]], None]


def main() -> int:
    """Run the job that standard input describes; events go to the original standard output, all else to LOG."""
    request = json.load(sys.stdin)
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    faulthandler.enable()
    exit_with_parent()

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    from harness.errors import HarnessError
    from harness.pipeline.replay import check_repeated, replay

    limit_memory(request["memory_limit"])
    try:
        replay(request["sources"], request["path"])
        check_repeated(request)
    except HarnessError as err:
        emit({"event": "refused", "reason": str(err)})
        return 0
    except Exception as err:  # the boundary of the process: the parent gets the reason
        traceback.print_exc()
        emit({"event": "refused", "reason": f"reading the registrations again failed: {type(err).__name__}: {err}"})
        return 0
    if request["kind"] == "reference":
        from harness.pipeline.reference_job import run_reference_job

        run_reference_job(request, emit)
    else:
        from harness.pipeline.build_job import run_build_job

        run_build_job(request, emit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
