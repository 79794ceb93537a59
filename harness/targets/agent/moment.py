"""What this machine is doing at one instant, read from the kernel's files.

Standard library only: it is sent to other machines as text.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

NEEDED_TIMES = 8
"""Columns of ``/proc/stat``: user nice system idle iowait irq softirq steal; the guests' are within user and nice."""
PLAUSIBLE_C = (-50.0, 200.0)
"""A zone that is switched off reads -274 or thousands."""
THROTTLED_BITS = 0xF
"""Under-voltage, frequency capped, throttled, soft temperature limit; the same 16 bits higher: since boot."""


def read_moment(proc: Path = Path("/proc"), sys: Path = Path("/sys")) -> dict[str, Any]:
    """The fields of a ``Moment``; what is missing, forbidden or malformed is None.

    The formats are in the kernel's ``Documentation/``: ``filesystems/proc.rst``, ``accounting/psi.rst``,
    ``ABI/testing/sysfs-devices-system-cpu``, ``driver-api/thermal/sysfs-api.rst``; Raspberry Pi's in
    https://github.com/raspberrypi/linux/pull/2397.
    """
    steal, total = _cpu_times(f"{proc}/stat")
    cpus = _entries(f"{sys}/devices/system/cpu", r"cpu\d+")
    frequencies = _numbers(f"{cpu}/cpufreq/scaling_cur_freq" for cpu in cpus)  # kHz
    zones = _numbers(f"{zone}/temp" for zone in _entries(f"{sys}/class/thermal", r"thermal_zone\d+"))  # m°C
    temperatures = [zone / 1e3 for zone in zones if PLAUSIBLE_C[0] < zone / 1e3 < PLAUSIBLE_C[1]]
    # A package's counter is shown at each of its CPUs and counted as often: only the change matters.
    throttles = _numbers(
        f"{cpu}/thermal_throttle/{part}_throttle_count" for cpu in cpus for part in ("core", "package")
    )
    return {
        "monotonic_s": time.monotonic(),
        "steal_s": steal,
        "total_s": total,
        "pressure_s": _pressure(f"{proc}/pressure/cpu"),
        "load1": _number(*_text(f"{proc}/loadavg").split()[:1]),
        "frequency_hz": 1e3 * sum(frequencies) / len(frequencies) if frequencies else None,
        "temperature_c": max(temperatures, default=None),
        "throttle_count": int(sum(throttles)) if throttles else None,
        "throttled_now": _throttled_now(f"{sys}/devices/platform"),
    }


def _cpu_times(path: str) -> tuple[float | None, float | None]:
    """Seconds of steal and in all, of all CPUs."""
    name, *columns = _text(path).partition("\n")[0].split() or [""]
    ticks = [tick for column in columns[:NEEDED_TIMES] if (tick := _number(column)) is not None]
    if name != "cpu" or len(ticks) < NEEDED_TIMES:
        return None, None
    per_second = os.sysconf("SC_CLK_TCK")
    return ticks[-1] / per_second, sum(ticks) / per_second


def _pressure(path: str) -> float | None:
    some = re.search(r"^some .*\btotal=(\d+)", _text(path), flags=re.MULTILINE)  # us
    return int(some[1]) / 1e6 if some else None


def _throttled_now(platform: str) -> bool | None:
    # The firmware's node is soc:firmware up to Raspberry Pi 4, soc@107c000000:firmware on 5.
    for soc in _entries(platform, r"soc(@[0-9a-f]+)?"):
        bits = re.fullmatch(r"(?:0x)?([0-9a-f]+)\s*", _text(f"{soc}/{os.path.basename(soc)}:firmware/get_throttled"))
        if bits:
            return bool(int(bits[1], 16) & THROTTLED_BITS)
    return None


def _entries(folder: str, pattern: str) -> list[str]:
    try:
        return [f"{folder}/{name}" for name in os.listdir(folder) if re.fullmatch(pattern, name)]
    except OSError:
        return []


def _numbers(paths: Iterable[str]) -> list[float]:
    return [value for path in paths if (value := _number(_text(path))) is not None]


def _number(text: str = "") -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""
