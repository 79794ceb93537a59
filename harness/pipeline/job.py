"""The program of a child process: ``python -m harness.pipeline.job LOG`` reads one request and writes events.

One process holds one engine's tools; several in one process crash (tensorflow and executorch, for one).
"""

from __future__ import annotations

import faulthandler
import os
import sys
import traceback

from harness.pipeline.messages import Event, ReferenceRequest, Refused, decode_request, encode
from harness.worker.program import exit_with_parent, limit_memory


def main() -> int:
    """Run the job that standard input describes; events go to the original standard output, all else to LOG."""
    request = decode_request(sys.stdin.buffer.read())
    events = os.fdopen(os.dup(1), "wb", buffering=0)
    descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    faulthandler.enable()
    exit_with_parent()

    def emit(event: Event) -> None:
        events.write(encode(event) + b"\n")

    from harness.errors import HarnessError
    from harness.pipeline.blame import described
    from harness.pipeline.replay import check_repeated, replay

    limit_memory(request.memory_limit_bytes)
    try:
        replay(request.sources, request.import_path)
        check_repeated(request)
    except HarnessError as err:
        emit(Refused(reason=str(err)))
        return 0
    except Exception as err:  # the boundary of the process: the parent gets the reason
        traceback.print_exc()
        emit(Refused(reason=f"reading the registrations again failed: {described(err)}"))
        return 0
    if isinstance(request, ReferenceRequest):
        from harness.pipeline.reference_job import run_reference_job

        run_reference_job(request, emit)
    else:
        from harness.pipeline.build_job import run_build_job

        run_build_job(request, emit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
