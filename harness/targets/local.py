"""This machine."""

from __future__ import annotations

import shlex
import sys

from harness.core.source import Source
from harness.registering import target

POOL_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@target
class Local:
    """Workers as child processes of this interpreter."""

    name = "local"
    source: Source

    def gateway(self, threads: int) -> str:
        """A fresh child process; ``-P`` keeps the current folder's files from shadowing the engine's modules."""
        python = f"{shlex.quote(sys.executable)} -P"
        pools = "".join(f"//env:{name}={threads}" for name in POOL_VARIABLES)
        return f"popen//python={python}//execmodel=main_thread_only{pools}"
