"""Readings from trees that look like ``/proc`` and ``/sys``, whole, damaged and missing, and from this machine."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from harness.core.context import Context, Moment
from harness.targets.agent.moment import read_moment

TICK = os.sysconf("SC_CLK_TCK")
STAT = "cpu  {} 200 300 4000 50 6 7 80 900 1000\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 12 0 0\nctxt 99\n"
PRESSURE = "some avg10=1.00 avg60=2.00 avg300=3.00 total=734655552\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
CPU = "devices/system/cpu/cpu{}"
FREQUENCY = f"{CPU}/cpufreq/scaling_cur_freq"
CORE = f"{CPU}/thermal_throttle/core_throttle_count"
PACKAGE = f"{CPU}/thermal_throttle/package_throttle_count"
ZONE = "class/thermal/thermal_zone{}/temp"
PI_4 = "devices/platform/soc/soc:firmware/get_throttled"
PI_5 = "devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"

Tree = dict[str, str | bytes]


def reading(root: Path, tree: Tree, field: str) -> object:
    """One field as read from *tree*, which stands for both ``/proc`` and ``/sys``."""
    for path, content in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_moment(root, root)[field]


@pytest.mark.parametrize(
    ("stat", "steal", "total"),
    [
        pytest.param(STAT.format(100), 80, 4743, id="the guests' time is within the others'"),
        pytest.param("cpu 1 2 3 4 5 6 7 8\n", 8, 36, id="no columns for guests"),
        pytest.param("cpu 1 2 3 4 5 6 7\n", None, None, id="no column for steal"),
        pytest.param("cpu0 1 2 3 4 5 6 7 8\n", None, None, id="no line for all CPUs"),
        pytest.param("cpu 1 2 3 x 5 6 7 8 9\n", None, None, id="garbage in a column"),
        pytest.param("cpu\n", None, None, id="no columns"),
        pytest.param("", None, None, id="empty"),
        pytest.param("\n\n", None, None, id="blank"),
        pytest.param(b"\xff\x00\xfe", None, None, id="no text"),
    ],
)
def test_cpu_times_are_seconds_of_all_cpus(
    tmp_path: Path, stat: str | bytes, steal: int | None, total: int | None
) -> None:
    assert reading(tmp_path, {"stat": stat}, "steal_s") == (None if steal is None else steal / TICK)
    assert reading(tmp_path, {"stat": stat}, "total_s") == (None if total is None else total / TICK)


@pytest.mark.parametrize(
    ("pressure", "seconds"),
    [
        pytest.param(PRESSURE, 734.655552, id="some"),
        pytest.param(PRESSURE.splitlines()[0], 734.655552, id="without full, as before Linux 5.13"),
        pytest.param(PRESSURE.splitlines()[1], None, id="full only"),
        pytest.param("some avg10=0.00 total=0\n", 0.0, id="zero"),
        pytest.param("some avg10=0.00 total=\n", None, id="no number"),
        pytest.param("some avg10=0.00 total=-5\n", None, id="negative"),
        pytest.param("", None, id="empty"),
        pytest.param(b"\xff\n", None, id="no text"),
    ],
)
def test_pressure_is_the_time_that_some_task_waited(
    tmp_path: Path, pressure: str | bytes, seconds: float | None
) -> None:
    assert reading(tmp_path, {"pressure/cpu": pressure}, "pressure_s") == seconds


@pytest.mark.parametrize(
    ("loadavg", "load1"),
    [
        pytest.param("0.09 0.21 0.59 2/82 4332\n", 0.09, id="as the kernel writes it"),
        pytest.param("x 0.21\n", None, id="garbage"),
        pytest.param("nan 0.21\n", None, id="no number"),
        pytest.param("\n", None, id="blank"),
    ],
)
def test_load_is_that_of_one_minute(tmp_path: Path, loadavg: str, load1: float | None) -> None:
    assert reading(tmp_path, {"loadavg": loadavg}, "load1") == load1


@pytest.mark.parametrize(
    ("tree", "hz"),
    [
        pytest.param({FREQUENCY.format(0): "2900000\n"}, 2.9e9, id="one CPU"),
        pytest.param({FREQUENCY.format(0): "2000000\n", FREQUENCY.format(11): "3000000\n"}, 2.5e9, id="mean"),
        pytest.param({FREQUENCY.format(0): "2000000\n", FREQUENCY.format(1): "<unknown>\n"}, 2e9, id="one unknown"),
        pytest.param({FREQUENCY.format(0): "<unknown>\n"}, None, id="all unknown"),
        pytest.param({FREQUENCY.format(0): "2000000\n", CPU.format("freq/x"): "1"}, 2e9, id="cpufreq is no CPU"),
        pytest.param({CPU.format("0/online"): "1"}, None, id="no scaling"),
    ],
)
def test_frequency_is_the_mean_of_the_cpus(tmp_path: Path, tree: Tree, hz: float | None) -> None:
    assert reading(tmp_path, tree, "frequency_hz") == hz


@pytest.mark.parametrize(
    ("temperatures", "celsius"),
    [
        pytest.param(["61000\n"], 61.0, id="one zone"),
        pytest.param(["45500\n", "74250\n", "61000\n"], 74.25, id="the hottest"),
        pytest.param(["-274000\n", "61000\n"], 61.0, id="one switched off"),
        pytest.param(["-274000\n"], None, id="all switched off"),
        pytest.param(["61000\n", "2147483647\n"], 61.0, id="one implausible"),
        pytest.param(["", "x\n"], None, id="garbage"),
    ],
)
def test_temperature_is_that_of_the_hottest_zone(
    tmp_path: Path, temperatures: list[str], celsius: float | None
) -> None:
    tree: Tree = {ZONE.format(n): text for n, text in enumerate(temperatures)}

    assert reading(tmp_path, tree, "temperature_c") == celsius


@pytest.mark.parametrize(
    ("tree", "count"),
    [
        pytest.param({CORE.format(0): "0\n", PACKAGE.format(0): "0\n"}, 0, id="never"),
        pytest.param({CORE.format(0): "2\n", PACKAGE.format(0): "5\n", CORE.format(1): "1\n"}, 8, id="sum"),
        pytest.param({CORE.format(0): "2\n", PACKAGE.format(0): "x"}, 2, id="one unreadable"),
        pytest.param({CORE.format(0): ""}, None, id="empty"),
        pytest.param({CPU.format("0/online"): "1"}, None, id="no counters"),
    ],
)
def test_throttling_events_are_the_sum_of_all_counters(tmp_path: Path, tree: Tree, count: int | None) -> None:
    assert reading(tmp_path, tree, "throttle_count") == count


@pytest.mark.parametrize("path", [PI_4, PI_5], ids=["Pi 4", "Pi 5"])
@pytest.mark.parametrize(
    ("written", "throttled"),
    [
        pytest.param("0\n", False, id="never"),
        pytest.param("50000\n", False, id="since boot, not now"),
        pytest.param("1\n", True, id="under-voltage"),
        pytest.param("2\n", True, id="frequency capped"),
        pytest.param("50005\n", True, id="throttled"),
        pytest.param("80008\n", True, id="soft temperature limit"),
        pytest.param("10\n", False, id="a bit that is not known"),
        pytest.param("0x4\n", True, id="with prefix"),
        pytest.param("-1\n", None, id="negative"),
        pytest.param("throttled\n", None, id="garbage"),
        pytest.param("", None, id="empty"),
    ],
)
def test_a_raspberry_pi_says_whether_it_is_throttled_now(
    tmp_path: Path, path: str, written: str, throttled: bool | None
) -> None:
    assert reading(tmp_path, {path: written, "devices/platform/soc/other": ""}, "throttled_now") is throttled


def test_a_machine_without_any_of_these_files(tmp_path: Path) -> None:
    moment = read_moment(tmp_path / "proc", tmp_path / "sys")

    assert [name for name, value in moment.items() if value is not None] == ["monotonic_s"]


@pytest.mark.parametrize(
    "path", ["stat", "pressure/cpu", "loadavg", FREQUENCY.format(0), ZONE.format(0), CORE.format(0), PI_4]
)
def test_a_folder_in_a_files_place_is_unreadable(tmp_path: Path, path: str) -> None:
    (tmp_path / path).mkdir(parents=True)
    moment = read_moment(tmp_path, tmp_path)

    assert [name for name, value in moment.items() if value is not None] == ["monotonic_s"]


@pytest.mark.parametrize("folder", ["devices/system/cpu", "class/thermal", "devices/platform"])
def test_a_file_in_a_folders_place_is_unreadable(tmp_path: Path, folder: str) -> None:
    assert reading(tmp_path, {folder: "x"}, "temperature_c") is None


def test_sixteen_cpus_are_read_in_no_time(tmp_path: Path) -> None:
    tree: Tree = {"stat": STAT.format(100), "loadavg": "1 1 1", "pressure/cpu": PRESSURE, PI_4: "0\n"}
    for n in range(16):
        tree |= {FREQUENCY.format(n): "1\n", CORE.format(n): "0\n", PACKAGE.format(n): "0\n", ZONE.format(n): "40000\n"}
    reading(tmp_path, tree, "load1")
    seconds = []
    for _ in range(50):
        start = time.perf_counter()
        read_moment(tmp_path, tmp_path)
        seconds.append(time.perf_counter() - start)

    assert min(seconds) < 0.002


def test_this_machine() -> None:
    before = Moment(**read_moment())
    deadline = time.perf_counter() + 0.1
    while time.perf_counter() < deadline:
        pass
    after = Moment(**read_moment())
    context = Context.between(before, after)

    assert 0.1 <= context.seconds < 10
    assert context.load1 is None or 0 <= context.load1 < 10_000
    assert all(share is None or 0 <= share <= 1 for share in (context.steal_share, context.pressure_share))
    assert before.total_s is None or (before.steal_s is not None and 0 <= before.steal_s <= before.total_s)
    assert before.frequency_hz is None or 1e7 < before.frequency_hz < 1e10
    assert before.temperature_c is None or -50 < before.temperature_c < 200
    assert isinstance(context.words, str)
    if Path("/proc/stat").exists():
        assert before.total_s is not None and after.total_s is not None
        assert after.total_s > before.total_s
